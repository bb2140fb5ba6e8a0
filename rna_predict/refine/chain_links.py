"""Which residues are to be joined by O3'-P bonds, and bonds that are torn."""

import numpy as np
from jaxtyping import Bool, Float

from rna_predict.constants import ALPHABET, N_SLOTS, SLOT_INDEX
from rna_predict.evaluate.bonds import expected_links
from rna_predict.refine.build import build_atoms
from rna_predict.refine.ideal_residues import N_WITH_OUTER, gather_residue
from rna_predict.refine.repairs import Repair
from rna_predict.structure.chain import Chain

SLOT = SLOT_INDEX[ALPHABET[-1]]
PHOSPHATE = [SLOT[name] for name in ("P", "OP1", "OP2")]
TORN = 3.5
"""Angstrom; a link longer than this gets a new phosphate. Shorter ones, which noise makes too, the
forces close: so natives with 0.5 A of noise come back at 0.68 A instead of 0.79 (median, n = 8)."""
LINK_REACH = 10.0
"""Angstrom; the longest O3'-P distance that is closed. The stages of the minimisation close 13; the
shortest between residues of consecutive numbers that are no neighbours is 11.3 in 465 chains."""


def joined_residues(
    chain: Chain, coords: Float[np.ndarray, "n 23 3"]
) -> tuple[Bool[np.ndarray, " n-1"], list[Repair]]:
    """Tell which neighbours are to be joined, and report those that are too far apart.

    Parameters
    ----------
    chain : Chain
        n residues.
    coords : (n, 23, 3) float, angstrom
        NaN where no atom is.

    Returns
    -------
    joined : (n - 1,) bool
        Of :func:`rna_predict.evaluate.bonds.expected_links` those up to ``LINK_REACH``, or without
        an O3' or P to measure.
    repairs : list of Repair
        ``open_link`` for each of the others.
    """
    joined = expected_links(chain)
    distance = _distances(coords)
    far = joined & (distance > LINK_REACH)  # NaN compares as False
    repairs = [
        Repair("open_link", index + 1, f"O3'-P {distance[index]:.1f} A from the residue before")
        for index in np.flatnonzero(far).tolist()
    ]
    return joined & ~far, repairs


def segments(
    observed: Bool[np.ndarray, " n"], joined: Bool[np.ndarray, " n-1"]
) -> tuple[tuple[int, int], ...]:
    """List first and past-the-end residue of each unbroken stretch."""
    before, after = np.append(False, joined), np.append(joined, False)
    starts, stops = np.flatnonzero(observed & ~before), np.flatnonzero(observed & ~after) + 1
    return tuple(zip(starts.tolist(), stops.tolist(), strict=True))


def close_links(
    sequence: str, coords: Float[np.ndarray, "n 23 3"], joined: Bool[np.ndarray, " n-1"]
) -> tuple[Float[np.ndarray, "n 23 3"], list[Repair]]:
    """Put the phosphate of each torn link between its O3' and O5'.

    Where these are too far apart for two bonds, both are stretched alike, which the forces of the
    first stage can close.

    Parameters
    ----------
    sequence : str
    coords : (n, 23, 3) float, angstrom
        Complete in the residues that are joined.
    joined : (n - 1,) bool
        Of neighbours to be joined.

    Returns
    -------
    coords : (n, 23, 3) float, angstrom
    repairs : list of Repair
        ``closed_link``, with the distance as it was.
    """
    distance = _distances(coords)
    torn = np.flatnonzero(joined & (distance > TORN)) + 1
    coords = coords.copy()
    missing = np.zeros(N_WITH_OUTER, dtype=bool)
    missing[PHOSPHATE] = True
    repairs = []
    after = np.append(joined, False)
    for index in torn.tolist():
        atoms = gather_residue(coords, index, True, bool(after[index]))
        coords[index] = build_atoms(atoms, missing, sequence[index])[:N_SLOTS]
        repairs.append(Repair("closed_link", index, f"O3'-P was {distance[index - 1]:.1f} A"))
    return coords, repairs


def _distances(coords: Float[np.ndarray, "n 23 3"]) -> Float[np.ndarray, " links"]:
    """Measure O3'(i)-P(i+1), angstrom; NaN where an atom is missing."""
    return np.linalg.norm(coords[1:, SLOT["P"]] - coords[:-1, SLOT["O3'"]], axis=-1)
