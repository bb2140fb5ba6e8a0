"""Torsions to atoms: all heavy atoms of RNA chains from their torsions, in parallel.

Every backbone bond is a rigid motion from the frame of one atom to that of the next (NeRF: Parsons
et al. 2005, J Comput Chem 26:1063). A residue is the product of its six bonds, and the chain is a
scan over residues in log2(N) steps, so that nothing loops over residues. Each residue is built in
its own frame first, which keeps single precision accurate along the chain, and moved once.

Lengths and angles are ideal, or those given (``internal.py``); there is one algorithm for both.
Ideal bond lengths include the ring closure. Ideal angles are those of the pucker; those of the
ring that close it follow from it. alpha to zeta, chi, nu2 and nu3 are met exactly; nu0, nu1 and nu4
follow from ring closure; eta and theta follow from the rest. Two limits keep the stereochemistry
right whatever is asked for: the pucker amplitude, and the torsion about C4'-C3' between O3' and
C2'.

Single precision is enough: built from measured internal coordinates, the longest whole chain of the
development data (1,507 nt) misses its crystal structure by 0.0005 A; in double by 1e-12 A.
"""

from math import cos, radians, sin

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from rna_predict.constants import BACKBONE_ATOMS, TORSIONS
from rna_predict.geometry.internal import BRANCHES, RING_ANGLE, InternalGeometry, ideal_geometry

MAX_AMPLITUDE = radians(50.0)
"""Greatest pucker amplitude that is built: crystal structures seldom pass 48 degrees, and the ring
cannot close beyond 57."""
BRANCH_AT_C3 = radians(120.0)
"""delta - nu3 of an ideal sugar."""
BRANCH_RANGE = radians(25.0)
"""... and how far from it O3' may lean: 99.8 % of residues at 2.0 A or better stay within 17."""
_SEPARATION = radians(144.0)


def build_atoms(
    torsions: Float[Tensor, "*batch N 14"],
    sequence: Int64[Tensor, "*batch N"],
    geometry: InternalGeometry | None = None,
) -> Float[Tensor, "*batch N 23 3"]:
    """Build chains from their torsions.

    Parameters
    ----------
    torsions : (..., N, 14) float, radians
        In the order of ``constants.TORSIONS``; finite. alpha of the first residue turns its
        phosphate; epsilon and zeta of the last are not used.
    sequence : (..., N) int64
        Position of each letter in ``constants.ALPHABET``.
    geometry : InternalGeometry, optional
        Lengths, angles and bases to build with, such as
        :func:`~rna_predict.geometry.internal.measure_geometry` gives; the torsions are then taken
        as they are. By default ideal, with the torsions of the sugar restrained.

    Returns
    -------
    (..., N, 23, 3) float, angstrom
        The first P is at the origin. Slots that the base lacks hold its glycosidic nitrogen.
        Differentiable with respect to ``torsions`` and ``geometry``.
    """
    angle = dict(zip(TORSIONS, torsions.unbind(-1), strict=True))
    nu2, nu3, delta = angle["nu2"], angle["nu3"], angle["delta"]
    if geometry is None:
        nu2, nu3, delta = _restrain_sugar(nu2, nu3, delta)
        geometry = ideal_geometry(nu2, sequence)

    zeta_before = torch.cat([torch.zeros_like(nu2[..., :1]), angle["zeta"][..., :-1]], dim=-1)
    bonds = (
        ("O3'-1", "P", "O5'", zeta_before),
        ("P", "O5'", "C5'", angle["alpha"]),
        ("O5'", "C5'", "C4'", angle["beta"]),
        ("C5'", "C4'", "C3'", angle["gamma"]),
        ("C4'", "C3'", "O3'", delta),
        ("C3'", "O3'", "P+1", angle["epsilon"]),
    )
    rotations, steps = _bond_motion(
        torch.stack([geometry.length[bond[1:3]].expand_as(nu2) for bond in bonds], dim=-1),
        torch.stack([geometry.angle[bond[:3]] for bond in bonds], dim=-1),
        torch.stack([bond[3] for bond in bonds], dim=-1),
    )
    rotation, position = rotations[..., 0, :, :], steps[..., 0, :]
    atoms = {"P": torch.zeros_like(position), "O5'": position}
    for row, bond in enumerate(bonds[1:], start=1):
        position = _apply(rotation, steps[..., row, :]) + position
        rotation = rotation @ rotations[..., row, :, :]
        atoms[bond[2]] = position

    local = _fill_residue(atoms, nu2, nu3, angle["chi"], geometry)
    to_global, origin = _scan(rotation, position)
    return local @ to_global.transpose(-1, -2) + origin[..., None, :]


def _restrain_sugar(nu2: Tensor, nu3: Tensor, delta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Limit the pucker amplitude, and delta to what keeps the stereochemistry at C3'.

    With nu_j = A cos(P + 144 (j - 2)) degrees, nu2 and nu3 determine phase P and amplitude A.
    """
    square = (nu2**2 + nu3**2 - 2 * cos(_SEPARATION) * nu2 * nu3) / sin(_SEPARATION) ** 2
    scale = MAX_AMPLITUDE / square.clamp_min(MAX_AMPLITUDE**2).sqrt()
    nu2, nu3 = nu2 * scale, nu3 * scale
    lean = delta - nu3 - BRANCH_AT_C3
    lean = torch.atan2(lean.sin(), lean.cos()).clamp(-BRANCH_RANGE, BRANCH_RANGE)
    return nu2, nu3, nu3 + BRANCH_AT_C3 + lean


def _bond_motion(length: Tensor, angle: Tensor, torsion: Tensor) -> tuple[Tensor, Tensor]:
    """Give rotation and step from the frame of an atom to that of the next.

    x points along the bond that ends in the atom, y lies in the plane of the two bonds before.
    """
    ca, sa, ct, st = angle.cos(), angle.sin(), torsion.cos(), torsion.sin()
    along = torch.stack([-ca, sa * ct, sa * st], dim=-1)
    inward = torch.stack([-sa, -ca * ct, -ca * st], dim=-1)
    normal = torch.stack([torch.zeros_like(st), -st, ct], dim=-1)
    return torch.stack([along, inward, normal], dim=-1), length[..., None] * along


def _scan(rotation: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
    """Give the product of all motions before each residue, the first being the identity.

    An inclusive scan in log2(N) rounds (Hillis & Steele 1986, Commun ACM 29:1170).
    """
    length = step.shape[-2]
    identity = torch.eye(3, dtype=step.dtype, device=step.device).expand_as(rotation)
    rotation = torch.cat([identity[..., :1, :, :], rotation[..., :-1, :, :]], dim=-3)
    step = torch.cat([torch.zeros_like(step[..., :1, :]), step[..., :-1, :]], dim=-2)
    shift = 1
    while shift < length:
        before, after = rotation[..., :-shift, :, :], rotation[..., shift:, :, :]
        moved = _apply(before, step[..., shift:, :]) + step[..., :-shift, :]
        rotation = torch.cat([rotation[..., :shift, :, :], before @ after], dim=-3)
        step = torch.cat([step[..., :shift, :], moved], dim=-2)
        shift *= 2
    return rotation, step


def _fill_residue(
    atoms: dict[str, Tensor], nu2: Tensor, nu3: Tensor, chi: Tensor, geometry: InternalGeometry
) -> Tensor:
    """Add phosphate oxygens, sugar and base to the backbone, in the residue's own frame."""
    length, angle = geometry.length, geometry.angle
    atoms["O3'-1"] = torch.zeros_like(atoms["P"])
    atoms["O3'-1"][..., 0] = -1.0  # only its direction counts

    def branch(name: str) -> Tensor:
        (centre, first, second), _ = BRANCHES[name]
        return _place_between(
            *(atoms[end] for end in (centre, first, second)),
            length[centre, name],
            angle[first, centre, name],
            angle[second, centre, name],
            geometry.side[name],
        )

    for name in ("OP1", "OP2", "O4'"):
        atoms[name] = branch(name)
    axes = _axes(atoms["O4'"], atoms["C4'"], atoms["C3'"])
    atoms["C2'"] = atoms["C3'"] + length["C3'", "C2'"][..., None] * _turn(
        *axes, angle["C4'", "C3'", "C2'"], nu3
    )
    axes = _axes(atoms["C4'"], atoms["C3'"], atoms["C2'"])
    closing = angle[RING_ANGLE] if RING_ANGLE in angle else _ring_angle(atoms, axes, nu2, length)
    atoms["C1'"] = atoms["C2'"] + length["C2'", "C1'"][..., None] * _turn(*axes, closing, nu2)
    atoms["O2'"] = branch("O2'")

    nitrogen = branch("N9|N1")
    along, inward, normal = _axes(atoms["O4'"], atoms["C1'"], nitrogen)
    sideways = chi.cos()[..., None] * inward + chi.sin()[..., None] * normal
    plane = torch.stack([along, sideways, torch.linalg.cross(along, sideways)], dim=-2)
    base = nitrogen[..., None, :] + geometry.base @ plane

    backbone = torch.stack([atoms[name] for name in BACKBONE_ATOMS], dim=-2)
    return torch.cat([backbone, base], dim=-2)


def _ring_angle(
    atoms: dict[str, Tensor],
    axes: tuple[Tensor, Tensor, Tensor],
    nu2: Tensor,
    length: dict[tuple[str, str], Tensor],
) -> Tensor:
    """Find the angle at C2' that closes the ring when C1' is placed at torsion nu2.

    On the half-plane of the torsion, |C1' - O4'| is a sinusoid of that angle, which has the given
    length twice; the ring is the solution with the greater angle.
    """
    along, inward, normal = axes
    outward = nu2.cos()[..., None] * inward + nu2.sin()[..., None] * normal
    bond, closing = length["C2'", "C1'"], length["C1'", "O4'"]
    reach = atoms["O4'"] - atoms["C2'"]
    target = (bond**2 + reach.square().sum(-1) - closing**2) / (2 * bond)
    # |C1' - O4'| = closing where outward part * sin(angle) - along part * cos(angle) = target
    a, b = (reach * outward).sum(-1), -(reach * along).sum(-1)
    return torch.atan2(a, b) + torch.acos(target / (a**2 + b**2).sqrt())


def _axes(a: Tensor, b: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Give the frame at ``c``: along b-c, towards the side of ``a``, and their normal."""
    along = _unit(c - b)
    normal = _unit(torch.linalg.cross(b - a, along))
    return along, torch.linalg.cross(normal, along), normal


def _turn(along: Tensor, inward: Tensor, normal: Tensor, angle: Tensor, torsion: Tensor) -> Tensor:
    """Give the direction of the next bond."""
    sideways = torsion.cos()[..., None] * inward + torsion.sin()[..., None] * normal
    return -angle.cos()[..., None] * along + angle.sin()[..., None] * sideways


def _place_between(
    centre: Tensor,
    first: Tensor,
    second: Tensor,
    length: Tensor,
    first_angle: Tensor,
    second_angle: Tensor,
    side: Tensor,
) -> Tensor:
    """Place an atom bonded to ``centre`` at given angles from two others, on one side of them.

    ``side`` is the sign of (first - centre) x (second - centre) . (new - centre).
    """
    u, v = _unit(first - centre), _unit(second - centre)
    cosine, first_cosine, second_cosine = (u * v).sum(-1), first_angle.cos(), second_angle.cos()
    sine2 = 1 - cosine**2
    a = (first_cosine - second_cosine * cosine) / sine2
    b = (second_cosine - first_cosine * cosine) / sine2
    # not below 0 for angles that can be; measured ones of a flat centre miss it by rounding
    above = ((1 - a**2 - b**2 - 2 * a * b * cosine) / sine2).clamp_min(1e-12)
    normal = torch.linalg.cross(u, v) * (side * above.sqrt())[..., None]
    return centre + length[..., None] * (a[..., None] * u + b[..., None] * v + normal)


def _unit(vector: Tensor) -> Tensor:
    """Normalise; every vector here is a bond or a normal of two bonds that are not parallel."""
    return vector / vector.norm(dim=-1, keepdim=True)


def _apply(rotation: Tensor, vector: Tensor) -> Tensor:
    return (rotation @ vector[..., None])[..., 0]
