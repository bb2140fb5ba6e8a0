"""Internal coordinates of RNA chains: ideal ones, and those measured from atoms.

What :func:`rna_predict.geometry.nerf.build_atoms` needs beside the torsions. Measuring a chain and
building from what was measured gives the chain back, so that the builder can be tested on every
real chain, whatever its bonds.
"""

from dataclasses import dataclass
from functools import cache
from math import radians

import numpy as np
import torch
from jaxtyping import Float, Int, Int64
from torch import Tensor

from rna_predict.constants import (
    ALPHABET,
    BACKBONE_ATOMS,
    BASE_ATOMS,
    BASE_FRAME,
    BASES,
    IDEAL_ANGLE,
    IDEAL_BOND,
    LINK_MAX,
    N_BACKBONE,
    N_SLOTS,
    PURINES,
    SLOT_INDEX,
    TORSION_ATOMS,
    TORSIONS,
)
from rna_predict.geometry.dihedrals import bond_angle, dihedral
from rna_predict.geometry.frames import frame_from_points, ideal_base
from rna_predict.geometry.named_atoms import atom_points

PUCKER_NU2 = radians(36.0)
"""nu2 of an ideal C3'-endo sugar; that of a C2'-endo sugar is its negative."""
BRANCHES = {
    "OP1": (("P", "O3'-1", "O5'"), 1), "OP2": (("P", "O3'-1", "O5'"), -1),
    "O4'": (("C4'", "C3'", "C5'"), -1), "O2'": (("C2'", "C1'", "C3'"), -1),
    "N9|N1": (("C1'", "O4'", "C2'"), 1),
}  # fmt: skip
"""Atoms placed by a bond and two angles: the atom they are bonded to, the two ends of the angles,
and on which side of these they lie: the sign of (first - centre) x (second - centre) . (atom -
centre)."""
FIRST_PHOSPHATE = ("P", "OP1", "OP2")
"""Atoms that a chain may begin without."""
RING_ANGLE = ("C3'", "C2'", "C1'")
"""The angle that closes an ideal ring."""


@dataclass(frozen=True)
class InternalGeometry:
    """Lengths, angles and handedness of each residue; all but the torsions.

    Attributes
    ----------
    length : dict of (..., N) or () float, angstrom
        By the keys of ``constants.IDEAL_BOND``. ``("O3'", "P+1")`` leads to the next residue.
    angle : dict of (..., N) float, radians
        By the keys of ``constants.IDEAL_ANGLE``, and ``RING_ANGLE`` where it is measured; without
        it the ring is closed with its bond to O4' of the given length.
    side : dict of (..., N) or () float
        1 or -1 by the keys of ``BRANCHES``.
    base : (..., N, 11, 3) float, angstrom
        The base's atoms in slot order from the glycosidic nitrogen: x from C1' to it, and C4
        (purine) or C2 (pyrimidine) at positive y and z = 0. Slots without an atom hold zeros.
    """

    length: dict[tuple[str, str], Tensor]
    angle: dict[tuple[str, str, str], Tensor]
    side: dict[str, Tensor]
    base: Float[Tensor, "*batch N 11 3"]

    def to(self, target: torch.dtype | torch.device) -> "InternalGeometry":
        """Convert all values to a type or move them to a device."""
        tables = [
            {key: value.to(target) for key, value in table.items()}
            for table in (self.length, self.angle, self.side)
        ]
        return InternalGeometry(*tables, base=self.base.to(target))


def ideal_geometry(
    nu2: Float[Tensor, "*batch N"], sequence: Int64[Tensor, "*batch N"]
) -> InternalGeometry:
    """Give the ideal geometry of residues.

    Parameters
    ----------
    nu2 : (..., N) float, radians
        Angles are interpolated by it between a C3'-endo and a C2'-endo sugar.
    sequence : (..., N) int64
        Position of each letter in ``constants.ALPHABET``.
    """
    base, glycosidic = (torch.as_tensor(table).to(nu2)[sequence] for table in _base_tables())
    share = (0.5 + 0.5 * nu2 / PUCKER_NU2).clamp(0.0, 1.0)
    return InternalGeometry(
        length={
            bond: nu2.new_tensor(value) for bond, value in IDEAL_BOND.items()
        } | {("C1'", "N9|N1"): glycosidic},
        angle={
            atoms: radians(c2) + (radians(c3) - radians(c2)) * share
            for atoms, (c3, c2) in IDEAL_ANGLE.items()
        },
        side={name: nu2.new_tensor(side) for name, (_, side) in BRANCHES.items()},
        base=base,
    )  # fmt: skip


def measure_geometry(
    coords: Float[np.ndarray, "N 23 3"], kinds: Int[np.ndarray, " N"]
) -> tuple[Float[Tensor, "N 14"], InternalGeometry]:
    """Measure the torsions and the geometry of an unbroken chain, in double precision.

    Parameters
    ----------
    coords : (N, 23, 3) float, angstrom
        NaN where no atom is. The backbone must be whole but for the first phosphate.
    kinds : (N,) int
        Position of each residue's letter in ``constants.ALPHABET``.

    Returns
    -------
    torsions : (N, 14) float64, radians
        In the order of ``constants.TORSIONS``; 0 where an atom is missing.
    geometry : InternalGeometry
        Ideal where an atom is missing. The O3' that a first phosphate lacks is put opposite the
        other three atoms on its P.

    Raises
    ------
    ValueError
        If another atom of the backbone is missing.
    """
    linked = np.arange(len(kinds)) > 0
    missing = ~np.isfinite(coords[:, :N_BACKBONE]).all(-1)
    missing[0, [BACKBONE_ATOMS.index(name) for name in FIRST_PHOSPHATE]] = False
    if missing.any():
        residue, slot = np.argwhere(missing)[0]
        raise ValueError(f"no {BACKBONE_ATOMS[slot]} in residue {residue}; expected a whole chain")
    coords = coords.astype(np.float64)
    before = _virtual_o3(coords[:1])

    def points(names: tuple[str, ...]) -> np.ndarray:
        found = atom_points(coords, kinds, linked, names)
        for column in (k for k, name in enumerate(names) if name == "O3'-1"):
            found[0, column] = before
        return found

    nu2 = TORSIONS.index("nu2")
    torsions = np.stack(
        [dihedral(points(tuple(map(_offset_name, atoms)))) for atoms in TORSION_ATOMS.values()], -1
    )
    torsions = torch.from_numpy(np.nan_to_num(torsions))
    ideal = ideal_geometry(torsions[:, nu2], torch.from_numpy(np.asarray(kinds, dtype=np.int64)))

    def known(values: np.ndarray, default: Tensor) -> Tensor:
        return torch.where(torch.from_numpy(np.isfinite(values)), torch.from_numpy(values), default)

    return torsions, InternalGeometry(
        length={
            bond: known(np.linalg.norm(np.diff(points(bond), axis=1)[:, 0], axis=-1), default)
            for bond, default in ideal.length.items()
        },
        angle={
            atoms: known(bond_angle(points(atoms)), default)
            for atoms, default in ideal.angle.items()
        }
        | {RING_ANGLE: torch.from_numpy(bond_angle(points(RING_ANGLE)))},
        side={
            name: known(_side(points((*around, name))), ideal.side[name])
            for name, (around, _) in BRANCHES.items()
        },
        base=known(_local_base(coords, kinds, points), ideal.base),
    )


def whole_stretches(coords: Float[np.ndarray, "n 23 3"]) -> list[slice]:
    """Find the longest stretches of a chain that :func:`measure_geometry` can take.

    Parameters
    ----------
    coords : (n, 23, 3) float, angstrom
        NaN where no atom is.

    Returns
    -------
    list of slice
        In order and apart: residues with a whole backbone and O3'-P bonds between them, the first
        perhaps without its phosphate.
    """
    present = np.isfinite(coords[:, :N_BACKBONE]).all(-1)
    sugar = present[:, len(FIRST_PHOSPHATE) :].all(-1)
    names = BACKBONE_ATOMS.index
    reach = np.linalg.norm(coords[1:, names("P")] - coords[:-1, names("O3'")], axis=-1)
    joined = np.append(False, (reach <= LINK_MAX) & present.all(-1)[1:] & sugar[:-1])
    first = np.flatnonzero(sugar & ~joined)
    last = np.flatnonzero(sugar & ~np.append(joined[1:], False))
    return [slice(a, b + 1) for a, b in zip(first.tolist(), last.tolist(), strict=True)]


def _offset_name(atom: tuple[int, str]) -> str:
    """Write an atom of ``constants.TORSION_ATOMS`` as :func:`atom_points` wants it."""
    shift, name = atom
    return f"{name}{shift:+d}" if shift else name


def _virtual_o3(first: Float[np.ndarray, "1 23 3"]) -> Float[np.ndarray, "3"]:
    """Put an O3' before a first residue; NaN where its phosphate lacks P or both oxygens."""
    slot = SLOT_INDEX[ALPHABET[-1]]
    arms = first[0, [slot[name] for name in ("OP1", "OP2", "O5'")]] - first[0, slot["P"]]
    if not np.isfinite(arms[:2]).all(-1).any():
        return np.full(3, np.nan)
    opposite = -np.nansum(arms / np.linalg.norm(arms, axis=-1, keepdims=True), axis=0)
    return first[0, slot["P"]] + IDEAL_BOND["O3'", "P+1"] * opposite / np.linalg.norm(opposite)


def _side(points: Float[np.ndarray, "n 4 3"]) -> Float[np.ndarray, " n"]:
    """Tell on which side of two neighbours (1, 2) of an atom (0) a third one (3) lies."""
    arms = points[:, 1:] - points[:, :1]
    volume = (np.cross(arms[:, 0], arms[:, 1]) * arms[:, 2]).sum(-1)
    return np.where(np.isfinite(volume), np.where(volume < 0, -1.0, 1.0), np.nan)


def _local_base(
    coords: Float[np.ndarray, "N 23 3"], kinds: Int[np.ndarray, " N"], points
) -> Float[np.ndarray, "N 11 3"]:
    """Express base atoms in the frame of ``InternalGeometry.base``; NaN where they are missing.

    Where the atom that chi leads to is missing, O4' takes its place: the frame of chi = 0.
    """
    c1, nitrogen, carbon, o4 = np.moveaxis(points(("C1'", "N9|N1", "C4|C2", "O4'")), 1, 0)
    carbon = np.where(np.isfinite(carbon), carbon, o4)
    axes = frame_from_points(nitrogen, 2 * nitrogen - c1, carbon)
    return (coords[:, N_BACKBONE:] - nitrogen[:, None]) @ axes


@cache
def _base_tables() -> tuple[np.ndarray, np.ndarray]:
    """Give ideal base atoms in the glycosidic frame, (5, 11, 3), and that bond's length, (5,)."""
    base = np.zeros((len(ALPHABET), N_SLOTS - N_BACKBONE, 3))
    glycosidic = np.full(len(ALPHABET), IDEAL_BOND["C1'", "N9|N1"])
    for kind, letter in enumerate(BASES):
        base[kind, : len(BASE_ATOMS[letter])] = ideal_base(letter)
        nitrogen = BASE_FRAME[letter]["N9" if letter in PURINES else "N1"]
        glycosidic[kind] = np.linalg.norm(np.subtract(nitrogen, BASE_FRAME[letter]["C1'"]))
    return base, glycosidic
