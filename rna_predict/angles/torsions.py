"""The 14 torsions of every residue, measured by MDAnalysis on gathered arrays."""

from functools import cache
from importlib.metadata import version

import numpy as np
from jaxtyping import Bool, Float32, Int

from rna_predict.constants import TORSIONS, torsion_slots


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
    The glycosidic angle of a C-glycoside (pseudouridine and its kin) is O4'-C1'-C5-C4, as DSSR has
    it: its atoms stand in the slots of the uridine atoms whose places they take.
    """
    from MDAnalysis.lib.distances import calc_dihedrals  # takes a second, and readers need it not

    n = len(coords)
    offset, slot = torsion_slots()[0].tolist(), torsion_slots()[1][kinds]
    torsions = np.full((n, len(TORSIONS)), np.nan, dtype=np.float32)
    inside = within_reach(linked)
    present = np.isfinite(coords).all(-1)
    for column, offsets in enumerate(offset):
        rows = np.flatnonzero(inside[:, column] & (slot[:, column] >= 0).all(-1))
        for atom, shift in enumerate(offsets):
            rows = rows[present[rows + shift, slot[rows, column, atom]]]
        atoms = [coords[rows + shift, slot[rows, column, k]] for k, shift in enumerate(offsets)]
        if len(rows):
            torsions[rows, column] = calc_dihedrals(*atoms)
    return torsions


def within_reach(linked: Bool[np.ndarray, " n"]) -> Bool[np.ndarray, "n 14"]:
    """Tell which torsions stay on one side of every chain break.

    Parameters
    ----------
    linked : (n,) bool
        Whether a residue is bonded to the row before; False at the start of a chain.

    Returns
    -------
    (n, 14) bool
        In the order of ``constants.TORSIONS``.
    """
    joined = {-1: linked, 0: np.ones(len(linked), dtype=bool), 1: np.append(linked[1:], False)}
    ends = [(min(offsets), max(offsets)) for offsets in torsion_slots()[0].tolist()]
    return np.stack([joined[first] & joined[last] for first, last in ends], axis=1)


@cache
def backend_version() -> str:
    """Give the version of MDAnalysis; looked up once, which takes longer than measuring a chain."""
    return version("MDAnalysis")
