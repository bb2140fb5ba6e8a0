"""What holds a residue in place: its helix, its tertiary contacts, its tetraloop.

A base in a tertiary contact is part of what makes the fold, so no tier of augmentation changes it.
Contacts with protein and ligands cannot be seen here: chains hold RNA only.
"""

from collections.abc import Set
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from rna_predict.constants import ALPHABET, N_BACKBONE, N_SLOTS, PURINES, SLOT_ATOMS
from rna_predict.secondary.pairs import CANONICAL
from rna_predict.secondary.stacking import find_stackings
from rna_predict.structure.chain import Chain

HYDROGEN_BOND: Final = 3.3
"""Greatest distance of two bonded polar atoms (angstrom)."""

Rows = Int[np.ndarray, " p"]


@dataclass(frozen=True, eq=False)
class Contacts:
    """Contacts of a chain of n residues.

    Attributes
    ----------
    partner : (n,) int
        Position that a residue forms a canonical pair (cWW A-U, G-C, G-U) with, -1 for none.
    paired : (n,) bool
        In any annotated pair of its own chain, of whatever class.
    tertiary : (n,) bool
        In a tertiary contact: a pair that is not canonical, more pairs than one, a pair or a
        stack with another chain, a canonical pair on its own (a helix has two or more), or a
        stack or a hydrogen bond of the base with a residue that is neither next to it in the
        chain nor in its helix.
    tetraloop : (n,) bool
        One of four residues closed by a canonical pair around them, or by any pair of the first
        with the fourth, as in the GNRA and UNCG folds within larger loops.
    """

    partner: Int[np.ndarray, " n"]
    paired: Bool[np.ndarray, " n"]
    tertiary: Bool[np.ndarray, " n"]
    tetraloop: Bool[np.ndarray, " n"]

    @property
    def fixed(self) -> Bool[np.ndarray, " n"]:
        """Residues that keep their base in every tier."""
        return self.tertiary | self.tetraloop


def find_contacts(
    chain: Chain,
    pairs: pd.DataFrame,
    between: Set[int] = frozenset(),
    others: Float[np.ndarray, "k 3"] | None = None,
) -> Contacts:
    """Find what holds the residues of a chain in place.

    Parameters
    ----------
    chain : Chain
    pairs : DataFrame
        Annotated pairs of this chain: i, j, lw.
    between : set of int
        Residues that pair or stack with other chains.
    others : (k, 3) float, angstrom, optional
        Atoms of the other chains of the entry.

    Returns
    -------
    Contacts
    """
    n = len(chain)
    i, j = pairs["i"].to_numpy(np.int64), pairs["j"].to_numpy(np.int64)
    letters = np.array(list(chain.sequence), dtype="<U1")
    canonical = np.isin(np.char.add(letters[i], letters[j]), CANONICAL)
    canonical &= (pairs["lw"] == "cWW").to_numpy(dtype=bool)
    partner = np.full(n, -1, dtype=np.int64)
    partner[i[canonical]], partner[j[canonical]] = j[canonical], i[canonical]

    count = np.bincount(np.concatenate([i, j]), minlength=n)
    tertiary = (count > 1) | _lone(partner)
    tertiary[list(between)] = True
    tertiary[i[~canonical]] = tertiary[j[~canonical]] = True
    above, below, _ = find_stackings(chain.kinds, chain.coords)
    far = _far(partner, above, below)
    tertiary[above[far]] = tertiary[below[far]] = True
    tertiary |= _bonded(chain, partner, np.zeros((0, 3)) if others is None else others)
    return Contacts(partner, count > 0, tertiary, _tetraloops(partner, i, j))


def _lone(partner: Int[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Tell residues whose canonical pair is next to no other one of a helix."""
    padded = np.concatenate([[-1], partner, [-1]])
    here = np.flatnonzero(partner >= 0)
    inward = padded[here + 2] == partner[here] - 1
    outward = padded[here] == partner[here] + 1
    lone = np.zeros(len(partner), dtype=bool)
    # A neighbour without a partner (-1) is no neighbour of a pair with residue 0.
    inward &= padded[here + 2] >= 0
    lone[here[~inward & ~outward]] = True
    return lone


def _far(partner: Int[np.ndarray, " n"], i: Rows, j: Rows) -> Bool[np.ndarray, " p"]:
    """Tell residues that are neither neighbours nor next to one another's partners."""
    across = ((partner[i] >= 0) & (np.abs(partner[i] - j) <= 1)) | (
        (partner[j] >= 0) & (np.abs(partner[j] - i) <= 1)
    )
    return (np.abs(i - j) > 1) & ~across


def _bonded(
    chain: Chain, partner: Int[np.ndarray, " n"], others: Float[np.ndarray, "k 3"]
) -> Bool[np.ndarray, " n"]:
    """Tell residues whose base has a polar atom near one of a far residue, or of another chain."""
    polar = _polar_slots()[chain.kinds] & chain.atom_mask
    owner, slot = np.nonzero(polar)
    points, of_base = chain.coords[owner, slot], slot >= N_BACKBONE
    bonded = np.zeros(len(chain), dtype=bool)
    if not len(points):
        return bonded
    tree = cKDTree(points)
    a, b = tree.query_pairs(HYDROGEN_BOND, output_type="ndarray").T
    far = _far(partner, owner[a], owner[b])
    for end in (a[far], b[far]):
        bonded[owner[end][of_base[end]]] = True
    if len(others):
        near = np.isfinite(cKDTree(others).query(points, distance_upper_bound=HYDROGEN_BOND)[0])
        bonded[owner[near & of_base]] = True
    return bonded


@cache
def _polar_slots() -> Bool[np.ndarray, "5 23"]:
    """Tell the slots of N and O atoms, but for the glycosidic nitrogen, which bonds to C1' only."""
    polar = np.zeros((len(ALPHABET), N_SLOTS), dtype=bool)
    for kind, letter in enumerate(ALPHABET):
        glycosidic = "N9" if letter in PURINES else "N1"
        polar[kind] = [name[:1] in ("N", "O") and name != glycosidic for name in SLOT_ATOMS[letter]]
    return polar


def _tetraloops(partner: Int[np.ndarray, " n"], i: Rows, j: Rows) -> Bool[np.ndarray, " n"]:
    """Tell the residues of tetraloops."""
    closing = np.flatnonzero((partner >= 0) & (partner - np.arange(len(partner)) == 5))
    first = np.concatenate([closing + 1, np.minimum(i, j)[np.abs(i - j) == 3]])
    loop = np.zeros(len(partner), dtype=bool)
    loop[first[:, None] + np.arange(4)] = True
    return loop
