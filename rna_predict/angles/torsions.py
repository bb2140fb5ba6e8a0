"""The 14 torsions of every residue, measured by MDAnalysis on gathered arrays."""

from functools import cache

import MDAnalysis
import numpy as np
from jaxtyping import Bool, Float32, Int
from MDAnalysis.lib.distances import calc_dihedrals

from rna_predict.constants import ALPHABET, LINK_MAX, PURINES, SLOT_INDEX, TORSIONS, torsion_slots

VERSION = MDAnalysis.__version__
"""Version of the backend."""


def measure_torsions(
    coords: Float32[np.ndarray, "n 23 3"],
    kinds: Int[np.ndarray, " n"],
    linked: Bool[np.ndarray, " n"],
) -> Float32[np.ndarray, "n 14"]:
    """Measure the torsions of ``constants.TORSIONS``.

    Any number of chains can stand one after the other: ``linked`` keeps them apart.

    Parameters
    ----------
    coords : (n, 23, 3) float32, angstrom
        NaN where no atom is.
    kinds : (n,) int
        Position of each residue's letter in ``constants.ALPHABET``.
    linked : (n,) bool
        Whether a residue is bonded to the row before; False at the start of a chain.

    Returns
    -------
    (n, 14) float32, radians
        NaN where an atom is missing or the torsion would cross a chain break.

    Notes
    -----
    The glycosidic angle of a C-glycoside (pseudouridine and its kin, told by a bond between C1'
    and C5) is O4'-C1'-C5-C4, as DSSR has it.
    """
    n = len(coords)
    slot = _slots(coords, kinds)
    torsions = np.full((n, len(TORSIONS)), np.nan, dtype=np.float32)
    joined = {-1: linked, 0: np.ones(n, dtype=bool), 1: np.append(linked[1:], False)}
    present = np.isfinite(coords).all(-1)
    for column, offsets in enumerate(torsion_slots()[0].tolist()):
        whole = joined[min(offsets)] & joined[max(offsets)]
        rows = np.flatnonzero(whole & (slot[:, column] >= 0).all(-1))
        for atom, offset in enumerate(offsets):
            rows = rows[present[rows + offset, slot[rows, column, atom]]]
        atoms = [coords[rows + offset, slot[rows, column, k]] for k, offset in enumerate(offsets)]
        if len(rows):
            torsions[rows, column] = calc_dihedrals(*atoms)
    return torsions


def _slots(
    coords: Float32[np.ndarray, "n 23 3"], kinds: Int[np.ndarray, " n"]
) -> Int[np.ndarray, "n 14 4"]:
    """Give the slots of each residue's torsions, with C5 and C4 in chi of C-glycosides."""
    slot = torsion_slots()[1][kinds]
    n1, c5, c4, pyrimidine = _glycosidic_slots()
    c1 = SLOT_INDEX["U"]["C1'"]
    rows = np.flatnonzero(pyrimidine[kinds])
    at = kinds[rows]
    to_c5 = np.linalg.norm(coords[rows, c5[at]] - coords[rows, c1], axis=-1)
    to_n1 = np.linalg.norm(coords[rows, n1[at]] - coords[rows, c1], axis=-1)
    rows = rows[(to_c5 < LINK_MAX) & ~(to_n1 < LINK_MAX)]
    chi = TORSIONS.index("chi")
    slot[rows, chi, 2], slot[rows, chi, 3] = c5[kinds[rows]], c4[kinds[rows]]
    return slot


@cache
def _glycosidic_slots() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give the slots of N1, C5 and C4 by residue kind, and which kinds are pyrimidines."""
    named = [
        np.array([SLOT_INDEX[letter].get(name, -1) for letter in ALPHABET])
        for name in ("N1", "C5", "C4")
    ]
    pyrimidine = np.array(["C6" in SLOT_INDEX[b] and b not in PURINES for b in ALPHABET])
    return *named, pyrimidine
