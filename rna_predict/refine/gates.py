"""Gates: what a minimised structure has to be for it to take the input's place."""

from typing import Final

import numpy as np

from rna_predict.constants import ALPHABET, SLOT_INDEX
from rna_predict.evaluate.bonds import bond_deviations
from rna_predict.evaluate.rmsd import rmsd
from rna_predict.evaluate.tm_score import tm_score
from rna_predict.refine.energies import Geometry
from rna_predict.structure.chain import Chain

BOND_LIMIT: Final = 0.2
"""Angstrom that any bond may deviate from its ideal length."""
ANGLE_LIMIT: Final = 0.12
"""Share of bond angles that may be out of range where the input had fewer. The force field's own
angles are out of range in all adenines (C6-C5-C4, C5-C6-N1, N6-C6-N1, mostly N7-C5-C6) and
cytosines (O2-C2-N3), by about a degree: 2 to 5 % of minimised natives, 9 % of poly(A)."""
TM_LIMIT: Final = 0.85
SMALL_MOVE: Final = 1.0
"""Angstrom RMSD of C3' that is never too far: below 45 nt the d0 of the TM-score is shorter than
the repair of noise needs. Of 120 natives with 0.5 A of noise 113 are kept with it, at a TM-score to
the input of 0.16 and more; their median RMSD to the native falls from 0.86 to 0.67 A."""
C3: Final = SLOT_INDEX[ALPHABET[0]]["C3'"]


def shared_c3(first: Chain, second: Chain) -> tuple[np.ndarray, np.ndarray]:
    """Give the C3' that both chains have, (m, 3) of each, angstrom."""
    both = first.atom_mask[:, C3] & second.atom_mask[:, C3]
    return first.coords[both, C3], second.coords[both, C3]


def tm_to(first: Chain, second: Chain) -> float:
    """Give the TM-score over C3'; NaN with fewer than three."""
    ours, theirs = shared_c3(first, second)
    return tm_score(ours, theirs) if len(ours) >= 3 else float("nan")


def failed_gate(
    chain: Chain, minimised: Chain, whole: Chain, before: Geometry, after: Geometry
) -> str:
    """Name the first gate that a minimised structure fails.

    Parameters
    ----------
    chain : Chain
        The input.
    minimised : Chain
        What would take its place.
    whole : Chain
        The same with all atoms that forces acted on, whose bonds count.
    before, after : Geometry
        Of the input and of ``minimised``.

    Returns
    -------
    str
        ``clashes``: more than before. ``chirality``: more faults than before. ``bonds``: one is
        out of range. ``angles``: more out of range than before, and than ``ANGLE_LIMIT``.
        ``moved``: TM-score to the input below ``TM_LIMIT`` and C3' moved by more than
        ``SMALL_MOVE``. "" if it passes all.
    """
    if after.clashes > before.clashes:
        return "clashes"
    if after.chirality_errors > before.chirality_errors:
        return "chirality"
    deviations = bond_deviations(whole)
    if len(deviations) and np.abs(deviations).max() > BOND_LIMIT:
        return "bonds"
    if after.angle_outliers > max(before.angle_outliers, ANGLE_LIMIT):
        return "angles"
    ours, theirs = shared_c3(minimised, chain)
    if tm_to(minimised, chain) < TM_LIMIT and rmsd(ours, theirs) > SMALL_MOVE:
        return "moved"
    return ""
