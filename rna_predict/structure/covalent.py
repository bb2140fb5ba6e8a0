"""Covalent geometry of residues: bond lengths, and which residues cannot be right."""

from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from rna_predict.constants import (
    ALPHABET,
    BASE_BONDS,
    BASE_FRAME,
    IDEAL_BOND,
    N_SLOTS,
    SLOT_INDEX,
    SUGAR_BONDS,
)

BOND_TOLERANCE: Final = 0.3
"""Angstrom. Of 4.1 million bonds in all models of 1,585 entries one in 44,000 is further from its
ideal. Whole ensembles of some NMR entries have one kind of bond 0.18 off: those are left alone."""
OVERLAP: Final = 0.8
"""Atoms this close (angstrom) are in one place; the shortest bond of RNA has 1.2."""
SPREAD: Final = 16.0
"""Angstrom; no residue of those entries is longer than 12.6 along an axis."""


def bond_lengths(
    coords: Float[np.ndarray, f"n {N_SLOTS} 3"], kinds: Int[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, "n bonds"], Float[np.ndarray, "n bonds"]]:
    """Measure the bonds within residues.

    Parameters
    ----------
    coords : (n, 23, 3) float, angstrom
        NaN where no atom is.
    kinds : (n,) int
        Position of each residue's letter in ``constants.ALPHABET``.

    Returns
    -------
    lengths, ideal : (n, 25) float, angstrom
        Bonds of ``SUGAR_BONDS``, then of ``BASE_BONDS``; a length is NaN where an atom is missing,
        both are NaN past the bonds of a kind.
    """
    slots, ideal = _bond_table()
    rows = np.arange(len(coords))[:, None]
    first, second = slots[kinds, :, 0], slots[kinds, :, 1]
    gap = coords[rows, first] - coords[rows, second]
    ideal = ideal[kinds]
    lengths = np.sqrt(np.einsum("nbx,nbx->nb", gap, gap))
    return np.where(np.isnan(ideal), np.nan, lengths), ideal


def broken_residues(
    coords: Float[np.ndarray, f"n {N_SLOTS} 3"], kinds: Int[np.ndarray, " n"]
) -> Bool[np.ndarray, " n"]:
    """Find residues whose coordinates are no molecule.

    Parameters
    ----------
    coords, kinds
        As in :func:`bond_lengths`.

    Returns
    -------
    (n,) bool
        True where a bond is off its ideal length by more than ``BOND_TOLERANCE``, two atoms, of
        one residue or of two, are within ``OVERLAP``, or the atoms extend beyond ``SPREAD``.
    """
    lengths, ideal = bond_lengths(coords, kinds)
    broken = (np.abs(lengths - ideal) > BOND_TOLERANCE).any(axis=1)  # NaN compares as False
    present = np.isfinite(coords).all(-1)
    low = np.where(present[..., None], coords, np.inf).min(axis=1)
    high = np.where(present[..., None], coords, -np.inf).max(axis=1)
    broken |= (high - low > SPREAD).any(axis=1)
    residue = np.nonzero(present)[0]
    tree = cKDTree(coords[present], compact_nodes=False, balanced_tree=False)
    broken[residue[tree.query_pairs(OVERLAP, output_type="ndarray").ravel()]] = True
    return broken


@cache
def _bond_table() -> tuple[Int[np.ndarray, "kinds bonds 2"], Float[np.ndarray, "kinds bonds"]]:
    """Give the slots and ideal lengths of each kind's bonds; slot 0 twice and NaN pad."""
    longest = len(SUGAR_BONDS) + max(len(bonds) for bonds in BASE_BONDS.values())
    slots = np.zeros((len(ALPHABET), longest, 2), dtype=np.int64)
    ideal = np.full((len(ALPHABET), longest), np.nan)
    for kind, base in enumerate(ALPHABET):
        frame = {name: np.array(xy) for name, xy in BASE_FRAME.get(base, {}).items()}
        lengths = [IDEAL_BOND[bond] for bond in SUGAR_BONDS]
        lengths += [float(np.linalg.norm(frame[a] - frame[b])) for a, b in BASE_BONDS[base]]
        for row, (a, b) in enumerate((*SUGAR_BONDS, *BASE_BONDS[base])):
            slots[kind, row] = SLOT_INDEX[base][a], SLOT_INDEX[base][b]
        ideal[kind, : len(lengths)] = lengths
    return slots, ideal
