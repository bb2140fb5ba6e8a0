"""The bases of a structure as rigid planes: ideal bases fitted to the observed atoms.

Each base is replaced by the ideal one of the standard reference frame (Olson et al. 2001, J Mol
Biol 313:229), so that missing and modified atoms do not matter to what is measured on it.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from rna_predict.constants import BASE_ATOMS, BASE_FRAME, BASES, N_BACKBONE, PURINES
from rna_predict.geometry.superpose import apply_motion, superpose

MAX_FIT: Final = 1.0
"""Bases that lie farther from the ideal one are none (RMSD, angstrom)."""
MIN_ATOMS: Final = 3
"""Fewer observed atoms do not fix a plane."""
APART: Final = 1000.0
"""Distance that is put between structures searched together (angstrom)."""
RINGS: Final = (("N1", "C2", "N3", "C4", "C5", "C6"), ("C4", "C5", "N7", "C8", "N9"))
"""The six-membered ring of every base and the five-membered one of the purines."""


@dataclass(frozen=True, eq=False)
class Bases:
    """Fitted bases of m residues.

    Attributes
    ----------
    residue : (m,) int
        Their positions among the residues that were given, ascending.
    kind : (m,) int
        Position in ``constants.BASES``.
    structure : (m,) int
        Label of the structure that each belongs to.
    rotation, origin : (m, 3, 3) and (m, 3) float, angstrom
        The standard frame: ``point @ rotation.T + origin``; ``rotation[..., 2]`` is the normal,
        which points along the 5'-3' direction of an A-form strand.
    centre : (m, 3) float, angstrom
        Mean of the base's atoms.
    """

    residue: Int[np.ndarray, " m"]
    kind: Int[np.ndarray, " m"]
    structure: Int[np.ndarray, " m"]
    rotation: Float[np.ndarray, "m 3 3"]
    origin: Float[np.ndarray, "m 3"]
    centre: Float[np.ndarray, "m 3"]

    def __len__(self) -> int:
        """Give the number of bases."""
        return len(self.residue)

    @property
    def normal(self) -> Float[np.ndarray, "m 3"]:
        """(m, 3) float: unit normals."""
        return self.rotation[:, :, 2]

    def place(self, points: Float[np.ndarray, "4 k 3"]) -> Float[np.ndarray, "m k 3"]:
        """Move k points of each kind of base from the standard frame to every base."""
        return apply_motion(points[self.kind], self.rotation, self.origin)

    def turn(self, vectors: Float[np.ndarray, "4 k 3"]) -> Float[np.ndarray, "m k 3"]:
        """Turn k vectors of each kind of base from the standard frame to every base."""
        return vectors[self.kind] @ np.swapaxes(self.rotation, -1, -2)

    def neighbours(self, distance: float) -> Int[np.ndarray, "c 2"]:
        """List the pairs of bases of one structure whose centres are at most ``distance`` apart.

        Returns
        -------
        (c, 2) int
            Rows of this record, the smaller one first.
        """
        if len(self) < 2:
            return np.zeros((0, 2), dtype=np.int64)
        # A fourth coordinate keeps structures apart, so that one search does for all of them.
        points = np.column_stack([self.centre, self.structure * APART])
        pairs = cKDTree(points).query_pairs(distance, output_type="ndarray")
        return np.sort(pairs, axis=1)


def fit_bases(
    kinds: Int[np.ndarray, " n"],
    coords: Float[np.ndarray, "n 23 3"],
    structure: Int[np.ndarray, " n"] | None = None,
) -> Bases:
    """Fit the standard frame to each base with at least three atoms.

    Parameters
    ----------
    kinds : (n,) int
        Position in ``constants.ALPHABET``; residues of unknown base are left out.
    coords : (n, 23, 3) float, angstrom
        NaN where an atom is missing.
    structure : (n,) int, optional
        Label of the structure of each residue; by default all are of one.

    Returns
    -------
    Bases
        Without the residues whose atoms lie farther than ``MAX_FIT`` from an ideal base.
    """
    ideal, exists = planar_bases()
    atoms = coords[:, N_BACKBONE:]
    known = np.minimum(kinds, len(BASES) - 1)
    mask = exists[known] & np.isfinite(atoms).all(-1) & (kinds < len(BASES))[:, None]
    rows = np.flatnonzero(mask.sum(1) >= MIN_ATOMS)
    atoms, mask, kind = atoms[rows], mask[rows], kinds[rows]
    label = np.zeros(len(rows), dtype=np.int64) if structure is None else structure[rows]
    if not len(rows):
        empty = np.zeros((0, 3))
        return Bases(rows, kind, label, np.zeros((0, 3, 3)), empty, empty)
    rotation, origin = superpose(ideal[kind], atoms, mask)
    fitted = apply_motion(ideal[kind], rotation, origin)
    square = np.where(mask, ((fitted - atoms) ** 2).sum(-1), 0.0).sum(1) / mask.sum(1)
    present = exists[kind][..., None]
    centre = np.where(present, fitted, 0.0).sum(1) / present.sum(1)
    good = square <= MAX_FIT**2
    return Bases(rows[good], kind[good], label[good], rotation[good], origin[good], centre[good])


@cache
def planar_bases() -> tuple[Float[np.ndarray, "4 11 3"], Bool[np.ndarray, "4 11"]]:
    """Give the base atoms in the standard base frame.

    Returns
    -------
    atoms : (4, 11, 3) float, angstrom
        In the order of ``constants.BASE_ATOMS``, zero in padding; read-only.
    mask : (4, 11) bool
    """
    width = max(len(names) for names in BASE_ATOMS.values())
    atoms, mask = np.zeros((len(BASES), width, 3)), np.zeros((len(BASES), width), dtype=bool)
    for kind, base in enumerate(BASES):
        for row, name in enumerate(BASE_ATOMS[base]):
            atoms[kind, row, :2] = BASE_FRAME[base][name]
            mask[kind, row] = True
    atoms.setflags(write=False)
    mask.setflags(write=False)
    return atoms, mask


@cache
def ring_centres() -> Float[np.ndarray, "4 2 3"]:
    """Give the centres of the rings in the standard base frame.

    Returns
    -------
    (4, 2, 3) float, angstrom
        Six-membered ring, five-membered ring (NaN in pyrimidines); read-only.
    """
    centres = np.full((len(BASES), len(RINGS), 3), np.nan)
    for kind, base in enumerate(BASES):
        for row, names in enumerate(RINGS[: 1 + (base in PURINES)]):
            centres[kind, row] = [*np.mean([BASE_FRAME[base][n] for n in names], axis=0), 0.0]
    centres.setflags(write=False)
    return centres
