"""Torsions to atoms: all heavy atoms of RNA chains from their torsions, in parallel.

Every backbone bond is a rigid motion from the frame of one atom to that of the next (NeRF: Parsons
et al. 2005, J Comput Chem 26:1063). A residue is the product of its six bonds, and the chain is a
scan over residues in log2(N) steps, so that nothing loops over residues. Each residue is built in
its own frame first, which keeps single precision accurate along the chain, and moved once.

Bond lengths are ideal, the ring closure included. Angles are ideal for the pucker; those of the
ring that close it follow from it. alpha to zeta, chi, nu2 and nu3 are met exactly; nu0, nu1 and nu4
follow from ring closure; eta and theta follow from the rest. Two limits keep the stereochemistry
right whatever is asked for: the pucker amplitude, and the torsion about C4'-C3' between O3' and
C2'.
"""

from functools import cache
from math import cos, radians, sin

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from rna_predict.constants import (
    ALPHABET,
    BACKBONE_ATOMS,
    BASE_ATOMS,
    BASE_FRAME,
    BASES,
    IDEAL_ANGLE,
    IDEAL_BOND,
    N_BACKBONE,
    N_SLOTS,
    PURINES,
    TORSIONS,
)
from rna_predict.geometry.frames import ideal_base

MAX_AMPLITUDE = radians(50.0)
"""Greatest pucker amplitude that is built: crystal structures seldom pass 48 degrees, and the ring
cannot close beyond 57."""
PUCKER_NU2 = radians(36.0)
"""nu2 of an ideal C3'-endo sugar; that of a C2'-endo sugar is its negative."""
BRANCH_AT_C3 = radians(120.0)
"""delta - nu3 of an ideal sugar."""
BRANCH_RANGE = radians(25.0)
"""... and how far from it O3' may lean; crystal structures stay within 17 degrees."""
_SEPARATION = radians(144.0)


def build_atoms(
    torsions: Float[Tensor, "*batch N 14"], sequence: Int64[Tensor, "*batch N"]
) -> Float[Tensor, "*batch N 23 3"]:
    """Build chains from their torsions.

    Parameters
    ----------
    torsions : (..., N, 14) float, radians
        In the order of ``constants.TORSIONS``; finite. alpha of the first residue turns its
        phosphate; epsilon and zeta of the last are not used.
    sequence : (..., N) int64
        Position of each letter in ``constants.ALPHABET``.

    Returns
    -------
    (..., N, 23, 3) float, angstrom
        The first P is at the origin. Slots that the base lacks hold its glycosidic nitrogen.
        Differentiable with respect to ``torsions``.
    """
    angle = dict(zip(TORSIONS, torsions.unbind(-1), strict=True))
    nu2, nu3, delta = _restrain_sugar(angle["nu2"], angle["nu3"], angle["delta"])
    ideal = _ideal_angles(nu2)

    zeta_before = torch.cat([torch.zeros_like(nu2[..., :1]), angle["zeta"][..., :-1]], dim=-1)
    bonds = (
        ("P", "O5'", ideal["O3'-1", "P", "O5'"], zeta_before),
        ("O5'", "C5'", ideal["P", "O5'", "C5'"], angle["alpha"]),
        ("C5'", "C4'", ideal["O5'", "C5'", "C4'"], angle["beta"]),
        ("C4'", "C3'", ideal["C5'", "C4'", "C3'"], angle["gamma"]),
        ("C3'", "O3'", ideal["C4'", "C3'", "O3'"], delta),
        ("O3'", "P+1", ideal["C3'", "O3'", "P+1"], angle["epsilon"]),
    )
    lengths = torch.tensor([IDEAL_BOND[bond[:2]] for bond in bonds]).to(torsions)
    rotations, steps = _bond_motion(
        lengths,
        torch.stack([bond[2] for bond in bonds], dim=-1),
        torch.stack([bond[3] for bond in bonds], dim=-1),
    )
    rotation, position = rotations[..., 0, :, :], steps[..., 0, :]
    atoms = {"P": torch.zeros_like(position), "O5'": position}
    for row, bond in enumerate(bonds[1:], start=1):
        position = _apply(rotation, steps[..., row, :]) + position
        rotation = rotation @ rotations[..., row, :, :]
        atoms[bond[1]] = position

    local = _fill_residue(atoms, nu2, nu3, angle["chi"], ideal, sequence)
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


def _ideal_angles(nu2: Tensor) -> dict[tuple[str, str, str], Tensor]:
    """Interpolate the angles (radians) of each residue between C3'-endo and C2'-endo."""
    share = (0.5 + 0.5 * nu2 / PUCKER_NU2).clamp(0.0, 1.0)
    return {
        atoms: radians(c2) + (radians(c3) - radians(c2)) * share
        for atoms, (c3, c2) in IDEAL_ANGLE.items()
    }


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
    atoms: dict[str, Tensor],
    nu2: Tensor,
    nu3: Tensor,
    chi: Tensor,
    ideal: dict[tuple[str, str, str], Tensor],
    sequence: Tensor,
) -> Tensor:
    """Add phosphate oxygens, sugar and base to the backbone, in the residue's own frame."""
    base_xy, glycosidic = (torch.as_tensor(table).to(nu2) for table in _base_tables())
    atoms["O3'-1"] = torch.zeros_like(atoms["P"])
    atoms["O3'-1"][..., 0] = -IDEAL_BOND["O3'", "P+1"]

    def branch(centre: str, first: str, second: str, new: str, length, side: int) -> Tensor:
        angles = ideal[first, centre, new], ideal[second, centre, new]
        return _place_between(atoms[centre], atoms[first], atoms[second], length, *angles, side)

    atoms["OP1"] = branch("P", "O3'-1", "O5'", "OP1", IDEAL_BOND["P", "OP1"], 1)
    atoms["OP2"] = branch("P", "O3'-1", "O5'", "OP2", IDEAL_BOND["P", "OP2"], -1)
    atoms["O4'"] = branch("C4'", "C3'", "C5'", "O4'", IDEAL_BOND["C4'", "O4'"], -1)

    along, inward, normal = _axes(atoms["O4'"], atoms["C4'"], atoms["C3'"])
    atoms["C2'"] = atoms["C3'"] + IDEAL_BOND["C3'", "C2'"] * _turn(
        along, inward, normal, ideal["C4'", "C3'", "C2'"], nu3
    )
    atoms["C1'"] = _close_ring(atoms, nu2)
    atoms["O2'"] = branch("C2'", "C1'", "C3'", "O2'", IDEAL_BOND["C2'", "O2'"], -1)

    nitrogen = branch("C1'", "O4'", "C2'", "N9|N1", glycosidic[sequence][..., None], 1)
    along, inward, normal = _axes(atoms["O4'"], atoms["C1'"], nitrogen)
    sideways = chi.cos()[..., None] * inward + chi.sin()[..., None] * normal
    plane = torch.stack([along, sideways], dim=-2)
    base = nitrogen[..., None, :] + base_xy[sequence] @ plane

    backbone = torch.stack([atoms[name] for name in BACKBONE_ATOMS], dim=-2)
    return torch.cat([backbone, base], dim=-2)


def _close_ring(atoms: dict[str, Tensor], nu2: Tensor) -> Tensor:
    """Place C1' at torsion nu2 with both its bonds ideal: the angle at C2' gives way.

    On the half-plane of the torsion, |C1' - O4'| is a sinusoid of the angle at C2', which has the
    ideal length twice; the ring is the solution with the greater angle.
    """
    along, inward, normal = _axes(atoms["C4'"], atoms["C3'"], atoms["C2'"])
    outward = nu2.cos()[..., None] * inward + nu2.sin()[..., None] * normal
    bond, closing = IDEAL_BOND["C2'", "C1'"], IDEAL_BOND["C1'", "O4'"]
    reach = atoms["O4'"] - atoms["C2'"]
    target = (bond**2 + reach.square().sum(-1) - closing**2) / (2 * bond)
    # |C1' - O4'| = closing where outward part * sin(angle) - along part * cos(angle) = target
    a, b = (reach * outward).sum(-1), -(reach * along).sum(-1)
    size = (a**2 + b**2).sqrt()
    angle = torch.atan2(a, b) + torch.acos(target / size)
    return atoms["C2'"] + bond * (
        -angle.cos()[..., None] * along + angle.sin()[..., None] * outward
    )


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
    length: Tensor | float,
    first_angle: Tensor,
    second_angle: Tensor,
    side: int,
) -> Tensor:
    """Place an atom bonded to ``centre`` at given angles from two others, on one side of them.

    ``side`` is the sign of (first - centre) x (second - centre) . (new - centre).
    """
    u, v = _unit(first - centre), _unit(second - centre)
    cosine, first_cosine, second_cosine = (u * v).sum(-1), first_angle.cos(), second_angle.cos()
    sine2 = 1 - cosine**2
    a = (first_cosine - second_cosine * cosine) / sine2
    b = (second_cosine - first_cosine * cosine) / sine2
    above = (1 - a**2 - b**2 - 2 * a * b * cosine) / sine2
    normal = torch.linalg.cross(u, v) * (side * above.sqrt())[..., None]
    return centre + length * (a[..., None] * u + b[..., None] * v + normal)


def _unit(vector: Tensor) -> Tensor:
    """Normalise; every vector here is a bond or a normal of two bonds that are not parallel."""
    return vector / vector.norm(dim=-1, keepdim=True)


def _apply(rotation: Tensor, vector: Tensor) -> Tensor:
    return (rotation @ vector[..., None])[..., 0]


@cache
def _base_tables() -> tuple[np.ndarray, np.ndarray]:
    """Give base atoms in the glycosidic plane, (5, 11, 2), and the glycosidic bond, (5,)."""
    base_xy = np.zeros((len(ALPHABET), N_SLOTS - N_BACKBONE, 2))
    glycosidic = np.full(len(ALPHABET), IDEAL_BOND["C1'", "N9|N1"])
    for kind, base in enumerate(BASES):
        base_xy[kind, : len(BASE_ATOMS[base])] = ideal_base(base)[:, :2]
        nitrogen = BASE_FRAME[base]["N9" if base in PURINES else "N1"]
        glycosidic[kind] = np.linalg.norm(np.subtract(nitrogen, BASE_FRAME[base]["C1'"]))
    return base_xy, glycosidic
