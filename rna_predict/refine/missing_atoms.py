"""Residues made whole: atoms that are missing, or torn off, are built."""

from functools import cache

import numpy as np
from jaxtyping import Bool, Float

from rna_predict.constants import (
    ALPHABET,
    BASE_BONDS,
    N_SLOTS,
    SLOT_ATOMS,
    SLOT_INDEX,
    SUGAR_BONDS,
)
from rna_predict.refine.build import build_atoms, placeable, surroundings
from rna_predict.refine.ideal_residues import N_WITH_OUTER, gather_residue
from rna_predict.refine.repairs import Repair
from rna_predict.structure.chain import Chain

TORN = 4.0
"""Angstrom; a bond longer than this does not hold. Forces shorten what is below; what is beyond
would be pulled through other atoms."""
MINOR = 0.5
"""Part of a residue's atoms below which what is torn off is given up."""


def torn_off(chain: Chain, coords: Float[np.ndarray, "n 23 3"]) -> Bool[np.ndarray, "n 23"]:
    """Find atoms that torn bonds part from the greater part of their residue.

    Parameters
    ----------
    chain : Chain
        n residues.
    coords : (n, 23, 3) float, angstrom
        NaN where no atom is.

    Returns
    -------
    (n, 23) bool
        A missing atom holds together what it is bonded to. Residues in pieces keep all of them.
    """
    bonds = _bonds()[chain.kinds]
    gap = np.linalg.norm(coords[:, :, None] - coords[:, None], axis=-1)
    torn = bonds & (gap > TORN)  # NaN compares as False
    lost = np.zeros(coords.shape[:2], dtype=bool)
    rows = np.flatnonzero(torn.any(axis=(1, 2)))
    if not len(rows):
        return lost
    reach = (bonds & ~torn)[rows] | np.eye(N_SLOTS, dtype=bool)
    for _ in range(int(np.ceil(np.log2(N_SLOTS)))):
        reach = reach @ reach
    present = np.isfinite(coords[rows]).all(-1)
    size = (reach & present[:, None]).sum(-1) * present
    core = size.argmax(-1)
    parted = present & ~reach[np.arange(len(rows)), core]
    lost[rows] = parted & (parted.sum(1) < MINOR * present.sum(1))[:, None]
    return lost


def fill_missing(
    chain: Chain,
    coords: Float[np.ndarray, "n 23 3"],
    needed: Bool[np.ndarray, "n 23"],
    joined: Bool[np.ndarray, " n-1"],
) -> tuple[Float[np.ndarray, "n 23 3"], list[Repair], list[Repair]]:
    """Build the atoms that are needed and not there, residue by residue along the chain.

    Parameters
    ----------
    chain : Chain
        n residues.
    coords : (n, 23, 3) float, angstrom
        NaN where no atom is.
    needed : (n, 23) bool
        Atoms that there should be.
    joined : (n - 1,) bool
        Of neighbours to be joined, whose atoms help to place each other's.

    Returns
    -------
    coords : (n, 23, 3) float, angstrom
    repairs : list of Repair
        ``built_atoms`` with their names.
    remnants : list of Repair
        ``remnant``: residues of which too little is left to place the rest, as they were.
    """
    coords = coords.copy()
    missing = needed & ~np.isfinite(coords).all(-1)
    before, after = np.append(False, joined), np.append(joined, False)
    repairs, remnants = [], []
    for index in np.flatnonzero(missing.any(1)).tolist():
        base = chain.sequence[index]
        atoms = gather_residue(coords, index, bool(before[index]), bool(after[index]))
        gone = np.zeros(N_WITH_OUTER, dtype=bool)
        gone[:N_SLOTS] = missing[index]
        names = ", ".join(np.array(SLOT_ATOMS[base])[missing[index]])
        if not placeable(atoms, gone, base):
            left = ", ".join(np.array(SLOT_ATOMS[base])[np.isfinite(coords[index]).all(-1)])
            remnants.append(Repair("remnant", index, f"only {left}: too little to place {names}"))
            continue
        built = build_atoms(atoms, gone, base, surroundings(coords, index))
        coords[index] = built[:N_SLOTS]
        repairs.append(Repair("built_atoms", index, names))
    return coords, repairs, remnants


@cache
def _bonds() -> Bool[np.ndarray, "5 23 23"]:
    """Tell which slots of each residue kind are bonded."""
    table = np.zeros((len(ALPHABET), N_SLOTS, N_SLOTS), dtype=bool)
    for kind, base in enumerate(ALPHABET):
        slot = SLOT_INDEX[base]
        for first, second in SUGAR_BONDS + BASE_BONDS[base]:
            table[kind, slot[first], slot[second]] = table[kind, slot[second], slot[first]] = True
    return table
