"""From a flat list of atoms to the dense slots of residues: conformers, names, duplicates."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from rna_predict.constants import ALPHABET, N_SLOTS, SLOT_INDEX
from rna_predict.structure.components import C_GLYCOSIDES, slot_names

ALIASES: Final = {
    "O1P": "OP1", "O2P": "OP2",
    "PA": "P", "O1A": "OP1", "O2A": "OP2",
}  # fmt: skip
"""Names of the PDB's version 2 format, and of the alpha phosphate of GTP and its like."""
C_GLYCOSIDE: Final = len(ALPHABET)
"""Column of :func:`slot_table` for pseudouridine and its like."""
FARTHEST: Final = 1e5
"""A coordinate this large is not a place in a molecule (angstrom)."""


def slot_column(name: str, letter: str) -> int:
    """Give the column of :func:`slot_table` for a component and its parent letter."""
    return C_GLYCOSIDE if name in C_GLYCOSIDES else ALPHABET.index(letter)


def slot_table(names: Sequence[str]) -> Int[np.ndarray, "names 6"]:
    """Look up the slot of atom names for each residue kind.

    Parameters
    ----------
    names : sequence of str
        Atom names as files have them; ``*`` is read as a prime, O1P as OP1.

    Returns
    -------
    (names, 6) int
        Slot for each letter of ``constants.ALPHABET``, then for C-glycosides; -1 where that
        residue has no such slot.
    """
    turned = {atom: slot for slot, atom in enumerate(slot_names("PSU", "U")) if atom}
    columns = [*(SLOT_INDEX[letter] for letter in ALPHABET), turned]
    primed = [name.replace("*", "'") for name in names]
    known = [ALIASES.get(name, name) for name in primed]
    slots = [[column.get(name, -1) for column in columns] for name in known]
    return np.array(slots, dtype=np.int64).reshape(-1, len(columns))


def one_conformer(
    residue: Int[np.ndarray, " atoms"],
    altloc: Int[np.ndarray, " atoms"],
    occupancy: Float[np.ndarray, " atoms"],
    n: int,
) -> Bool[np.ndarray, " atoms"]:
    """Choose one consistent conformer among alternative locations.

    Neighbouring residues with alternatives are decided together: the label with the highest mean
    occupancy over the run wins (then the one with more atoms, then the first label). A residue
    that lacks this label takes its own best by the same measure.

    Parameters
    ----------
    residue : (atoms,) int
        Residue of each atom, 0 to n - 1.
    altloc : (atoms,) int
        Code of the label; 0 for none.
    occupancy : (atoms,) float
    n : int
        Number of residues.

    Returns
    -------
    (atoms,) bool
        True for atoms without a label and those of the chosen label.
    """
    if not altloc.any():
        return np.ones(len(altloc), dtype=bool)
    labels, column = np.unique(altloc, return_inverse=True)
    total, count = np.zeros((n, len(labels))), np.zeros((n, len(labels)))
    np.add.at(total, (residue, column), occupancy)
    np.add.at(count, (residue, column), 1)
    count[:, labels == 0] = 0
    split = (count > 0).any(1)
    run = np.cumsum(np.diff(split, prepend=False))
    run_total, run_count = (
        np.zeros((run[-1] + 1, len(labels))),
        np.zeros((run[-1] + 1, len(labels))),
    )
    np.add.at(run_total, run, total)
    np.add.at(run_count, run, count)
    score = run_total / np.maximum(run_count, 1) + 1e-6 * run_count
    chosen = np.where(count > 0, score[run], -1.0).argmax(1)
    return (altloc == 0) | (column == chosen[residue])


def fill_slots(
    residue: Int[np.ndarray, " atoms"],
    slot: Int[np.ndarray, " atoms"],
    positions: Float[np.ndarray, "atoms 3"],
    n: int,
) -> Float32[np.ndarray, "n 23 3"]:
    """Put atoms into the dense layout.

    Parameters
    ----------
    residue, slot : (atoms,) int
        Where each atom goes; slot -1 leaves it out. Of several atoms in one place the first stays.
    positions : (atoms, 3) float, angstrom
        Rows that are not finite, or beyond ``FARTHEST``, are left out.
    n : int
        Number of residues.

    Returns
    -------
    (n, 23, 3) float32, angstrom
        NaN where no atom came.
    """
    coords = np.full((n, N_SLOTS, 3), np.nan, dtype=np.float32)
    near = (np.abs(positions) < FARTHEST).all(-1)  # False for NaN
    use = np.flatnonzero((slot >= 0) & near)[::-1]
    coords[residue[use], slot[use]] = positions[use]
    return coords
