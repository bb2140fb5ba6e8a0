"""Sampled residues replaced by ideal ones: the local chemistry that a diffusion network misses.

A denoiser places atoms one by one, so its bonds are blurred even where its residues are in place.
Here each residue is the rigid sugar of one of two puckers with a base and a phosphate that turn
about alpha, beta, gamma and chi; lengths, angles and hands within it are ideal by construction.
The conformer that superposes best on the sample is where a joint fit of all residues begins: it
moves them and turns their bonds, to stay at the sample, to close the O3'-P links with their angles,
and to keep atoms out of each other.
"""

from dataclasses import dataclass
from functools import cache
from math import cos, radians, sqrt

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int
from scipy.optimize import minimize
from scipy.spatial import cKDTree
from torch import Tensor

from rna_predict.constants import (
    ALPHABET,
    IDEAL_ANGLE,
    IDEAL_BOND,
    N_BACKBONE,
    N_SLOTS,
    SLOT_INDEX,
    TORSIONS,
    slot_mask,
)
from rna_predict.evaluate.clashes import (
    BONDS_APART,
    HYDROGEN_BOND,
    OVERLAP,
    atom_tables,
    bond_distances,
)
from rna_predict.geometry.nerf import build_atoms
from rna_predict.geometry.torch_superpose import apply_motion, superpose
from rna_predict.refine.ideal_residues import usual_torsions

SLOT = SLOT_INDEX[ALPHABET[-1]]
O3_BEFORE = N_SLOTS
"""Row, after the 23 slots, of the place that a residue gives to the O3' of the one before."""
CHOSEN = ("pucker", "chi", "gamma", "alpha")
"""What conformers differ by. The cost of a rarer one counts beside its RMSD, angstrom: between two
that fit a blurred residue alike the commoner is chosen."""
TURNS = {
    "alpha": ("O5'", "P", ("OP1", "OP2", "O3'-1")),
    "beta": ("C5'", "O5'", ("P", "OP1", "OP2", "O3'-1")),
    "gamma": ("C4'", "C5'", ("O5'", "P", "OP1", "OP2", "O3'-1")),
}
"""The two ends of the bond that a torsion turns about, and the atoms that it moves; chi: below."""
FAR = 1.0
"""Angstrom: the pull towards the sample is that of a spring up to here, and even beyond."""
STIFF = 50.0
"""Square angstrom that a right angle between a torsion and its conformer costs. Blurred samples ask
for more, good ones for less: on 24 validation chains 0, 50 and 200 give a mean lDDT of 0.601, 0.607
and 0.608 (the samples 0.575); eight whole natives are left at 0.97, 0.94 and 0.92."""
STAGES = ((10.0, 10.0, 40), (100.0, 100.0, 40), (1000.0, 300.0, 80))
"""Weights of links and of overlaps, in units of the springs to the sample, and most iterations."""
REACH = 5.0
"""Angstrom; overlaps are looked for among atoms that are this near when a stage begins."""
MARGIN = 0.05
"""Angstrom that atoms are kept farther apart than a clash."""
CROWDED = 200
"""Mean number of atoms within ``REACH`` of an atom from which on overlaps are left alone:
structures have about 25, and in a collapsed sample every pair of atoms is near."""


def idealise(sequence: str, coords: Float32[np.ndarray, "n 23 3"]) -> Float32[np.ndarray, "n 23 3"]:
    """Replace the residues of a sampled chain by ideal ones.

    Parameters
    ----------
    sequence : str
        n letters of ``constants.ALPHABET``, an unbroken chain.
    coords : (n, 23, 3) float32, angstrom
        Every atom of the sequence; NaN in slots without one.

    Returns
    -------
    (n, 23, 3) float32, angstrom
        The same atoms, where the sample has them as far as ideal residues allow. Within residues
        lengths, angles and hands are ideal; O3'-P bonds as good as the sample lets them become.

    Raises
    ------
    ValueError
        If an atom of the sequence is missing.
    """
    kinds = np.array([ALPHABET.index(letter) for letter in sequence], dtype=np.int64)
    mask = slot_mask()[kinds]
    if not np.isfinite(coords[mask]).all():
        raise ValueError("atoms are missing; expected every atom of the sequence")
    centre = coords[mask].mean(0, dtype=np.float64)
    sample = torch.from_numpy(np.where(mask[..., None], coords - centre, 0.0))
    chain = _Residues(kinds, sample, torch.from_numpy(mask))
    motion = np.zeros(10 * len(kinds))
    for stage in STAGES:
        motion = _fit(chain, motion, *stage)
    ideal = chain.place(torch.from_numpy(motion))[:, :N_SLOTS].numpy() + centre
    return np.where(mask[..., None], ideal, np.nan).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Conformers:
    """All kinds of residues in the same c conformers."""

    atoms: Float[Tensor, "5 c 24 3"]
    cost: Float[Tensor, " c"]
    closing: Float[Tensor, " c"]
    """Ideal distance of C3' and the next P, angstrom: that of the pucker."""


@cache
def _conformers() -> _Conformers:
    """Build them: alpha turns the free oxygens and the place of the O3' before."""
    angles, cost = usual_torsions(*CHOSEN)
    torsions = torch.from_numpy(angles)
    nu2 = torsions[:, TORSIONS.index("nu2")]
    count, kinds = len(torsions), torch.arange(len(ALPHABET), device="cpu")
    built = build_atoms(
        torsions.repeat(len(kinds), 1)[:, None], kinds.repeat_interleave(count)[:, None]
    ).view(len(kinds), count, N_SLOTS, 3)
    before = torch.zeros_like(built[:, :, :1])
    before[..., 0] = -IDEAL_BOND["O3'", "P+1"]  # build_atoms starts at P, along the bond to it
    closing = [
        _third_side(IDEAL_BOND["C3'", "O3'"], IDEAL_BOND["O3'", "P+1"], radians(angle))
        for angle in IDEAL_ANGLE["C3'", "O3'", "P+1"]
    ]
    return _Conformers(
        atoms=torch.cat([built, before], dim=2),
        cost=torch.from_numpy(cost),
        closing=torch.where(nu2 > 0, *(torch.full_like(nu2, value) for value in closing)),
    )


class _Residues:
    """Ideal residues on a sample, and where a motion takes them.

    A motion has ten numbers a residue: the turns about alpha, beta, gamma and chi (radians), a
    rotation about the middle of the residue (as half its tangent, about each axis), and a shift
    (angstrom). All are 0 at the conformer that fits best.

    Parameters
    ----------
    kinds : (n,) int64
    sample : (n, 23, 3) float64, angstrom
        0 outside the mask.
    mask : (n, 23) bool
    """

    def __init__(
        self, kinds: Int[np.ndarray, " n"], sample: Float[Tensor, "n 23 3"], mask: Tensor
    ) -> None:
        self.kinds, self.sample, self.mask = kinds, sample, mask
        known, weight = _conformers(), mask.to(sample)
        atoms = known.atoms[torch.from_numpy(kinds)]
        fixed = sample[:, None].expand(-1, atoms.shape[1], -1, -1)
        rotation, shift = superpose(atoms[:, :, :N_SLOTS], fixed, weight[:, None])
        atoms = apply_motion(atoms, rotation, shift)
        squares = (atoms[:, :, :N_SLOTS] - fixed).square().sum(-1) * weight[:, None]
        rmsd = (squares.sum(-1) / weight.sum(-1)[:, None]).sqrt()
        best = (rmsd + known.cost).argmin(1)
        self.atoms = atoms[torch.arange(len(kinds)), best]
        self.closing = known.closing[best][:-1]
        self.middle = (self.atoms[:, :N_SLOTS] * weight[..., None]).sum(1)
        self.middle = self.middle / weight.sum(-1)[:, None]
        bonds = [(SLOT[first], SLOT[last]) for first, last, _ in TURNS.values()]
        bonds.append((SLOT["C1'"], N_BACKBONE))
        first, last = torch.tensor(bonds).T
        self.pivot = self.atoms[:, last]
        axis = self.pivot - self.atoms[:, first]
        self.axis = axis / axis.norm(dim=-1, keepdim=True)

    def place(self, motion: Float[Tensor, " m"]) -> Float[Tensor, "n 24 3"]:
        """Move the residues; differentiable with respect to the motion, (10 n,)."""
        turns, spin, shift = motion.view(-1, 10).split((4, 3, 3), dim=-1)
        turned = _rotations(self.axis * (turns / 2).tan()[..., None])
        moved = self.pivot - (turned @ self.pivot[..., None])[..., 0]
        whole = _rotations(spin)
        still = torch.eye(3).to(whole).expand_as(whole)
        rotations, shifts = [still], [torch.zeros_like(shift)]
        for number in (2, 1, 0):  # from the sugar outwards
            shifts.append((rotations[-1] @ moved[:, number, :, None])[..., 0] + shifts[-1])
            rotations.append(rotations[-1] @ turned[:, number])
        rotations.append(turned[:, 3])
        shifts.append(moved[:, 3])
        groups = _groups().to(motion.device)
        rotation = whole[:, None] @ torch.stack(rotations, dim=1)
        from_middle = torch.stack(shifts, dim=1) - self.middle[:, None]
        offset = (whole[:, None] @ from_middle[..., None])[..., 0]
        offset = offset + (self.middle + shift)[:, None]
        atoms = rotation.index_select(1, groups) @ self.atoms[..., None]
        return atoms[..., 0] + offset.index_select(1, groups)


@cache
def _groups() -> Int[Tensor, " 24"]:
    """Give what moves each atom: the sugar 0; gamma 1, then beta 2, then alpha 3; chi 4."""
    groups = torch.zeros(N_SLOTS + 1, dtype=torch.int64, device="cpu")
    groups[N_BACKBONE:N_SLOTS] = 4
    for _, _, atoms in TURNS.values():
        groups[[O3_BEFORE if name == "O3'-1" else SLOT[name] for name in atoms]] += 1
    return groups


def _rotations(half: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """Give rotations by their axis times the tangent of half the angle (Rodrigues' vector)."""
    x, y, z = half.unbind(-1)
    square, none = half.square().sum(-1)[..., None, None], torch.zeros_like(x)
    cross = torch.stack([none, -z, y, z, none, -x, -y, x, none], dim=-1)
    cross = cross.view(*half.shape, 3)
    identity = torch.eye(3).to(half)
    return identity + 2 * (cross + cross @ cross) / (1 + square)


def _fit(
    chain: _Residues, motion: Float[np.ndarray, " m"], links: float, overlaps: float, most: int
) -> Float[np.ndarray, " m"]:
    """Improve a motion by L-BFGS."""
    with torch.no_grad():
        start = chain.place(torch.from_numpy(motion))[:, :N_SLOTS]
    pairs, least = _near_pairs(start.numpy(), chain.kinds, chain.mask.numpy())
    first, second = pairs.T

    @torch.enable_grad()
    def energy(values: np.ndarray) -> tuple[float, np.ndarray]:
        variables = torch.from_numpy(values.copy()).requires_grad_()
        atoms = chain.place(variables)
        points = atoms[:, :N_SLOTS].reshape(-1, 3)
        away = (points.view_as(chain.sample) - chain.sample).square().sum(-1)
        total = (2 * FAR**2 * ((1 + away / FAR**2).sqrt() - 1) * chain.mask).sum()
        bond = atoms[1:, O3_BEFORE] - atoms[:-1, SLOT["O3'"]]
        reach = (atoms[1:, SLOT["P"]] - atoms[:-1, SLOT["C3'"]]).norm(dim=-1)
        total = total + links * (bond.square().sum() + (reach - chain.closing).square().sum())
        apart = points.index_select(0, first) - points.index_select(0, second)
        overlap = (least - (apart.square().sum(-1) + 1e-4).sqrt()).clamp_min(0)
        total = total + overlaps * overlap.square().sum()
        total = total + STIFF * (1 - variables.view(-1, 10)[:, :4].cos()).sum()
        total.backward()
        return total.item(), variables.grad.numpy()

    options = {"maxiter": most, "maxcor": 20, "gtol": 1e-3, "ftol": 1e-7}
    return minimize(energy, motion, jac=True, method="L-BFGS-B", options=options).x


def _near_pairs(
    atoms: Float[np.ndarray, "n 23 3"],
    kinds: Int[np.ndarray, " n"],
    mask: Bool[np.ndarray, "n 23"],
) -> tuple[Int[Tensor, "p 2"], Float[Tensor, " p"]]:
    """List pairs of atoms that might clash, and how near they may come (angstrom)."""
    present = np.flatnonzero(mask)
    tree = cKDTree(atoms.reshape(-1, 3)[present])
    if tree.count_neighbors(tree, REACH) > (CROWDED + 1) * len(present):
        return torch.zeros(0, 2, dtype=torch.int64), torch.zeros(0, dtype=torch.float64)
    pairs = np.sort(present[tree.query_pairs(REACH, output_type="ndarray")], axis=1)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    (first, second), (a, b) = (pairs // N_SLOTS).T, (pairs % N_SLOTS).T
    within, far = bond_distances()
    across = within[kinds[first], a, SLOT["O3'"]] + 1 + within[kinds[second], SLOT["P"], b]
    apart = np.where(first == second, within[kinds[first], a, b], far)
    apart = np.where(second == first + 1, across, apart)
    pairs = pairs[apart > BONDS_APART]
    radius, donor, acceptor = (table[kinds].ravel()[pairs].T for table in atom_tables())
    bonding = (donor[0] & acceptor[1]) | (acceptor[0] & donor[1])
    least = radius[0] + radius[1] - OVERLAP - HYDROGEN_BOND * bonding + MARGIN
    return torch.from_numpy(pairs), torch.from_numpy(least)


def _third_side(first: float, second: float, angle: float) -> float:
    """Give the third side of a triangle by two others and the angle between them."""
    return sqrt(first**2 + second**2 - 2 * first * second * cos(angle))
