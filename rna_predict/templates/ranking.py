"""Expected accuracy of assembled models, and which of them are different answers."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from rna_predict.constants import BACKBONE_ATOMS
from rna_predict.evaluate.tm_score import tm_d0
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.templates.assembly import HELIX, PAIR_REACH, Assembly
from rna_predict.templates.helices import MIN_HAIRPIN

ALONE: Final = 0.27
"""Expected TM-score of a model that begins with helices: 19 validation queries without a good hit
have 0.29 so, 0.23 on their second best hits."""
HELICAL: Final = 0.1
"""What helices add to a template, if they are the whole model (the same queries)."""
OPEN_COST: Final = 0.1
"""What a model loses that forms none of the likely pairs."""
CLASH_COST, CLASH_LIMIT = 0.03, 100.0
"""Greatest deduction for clashes, and the clashes per 1,000 atoms from which it is made."""
ALIKE_COST: Final = 0.25
"""What an answer loses that is the same as one before it."""
BUILT, RIGHT = 45.0, 90.0
"""Confidence of residues from the kinematics alone, and of those that are certain."""
C1, C3 = BACKBONE_ATOMS.index("C1'"), BACKBONE_ATOMS.index("C3'")


def formed_pairs(
    coords: Float[np.ndarray, "n 23 3"], probability: Float[np.ndarray, "n n"]
) -> float:
    """Give the share of likely pairs that a model forms.

    Parameters
    ----------
    coords : (n, 23, 3) float, angstrom
        NaN in open residues, which form none.
    probability : (n, n) float
        Of base pairs.

    Returns
    -------
    float
        Sum of the probabilities of pairs at the C1'-C1' distance of a base pair, over that of all;
        1 where there are none.
    """
    i, j = np.nonzero(np.triu(probability, MIN_HAIRPIN + 1))
    weight = probability[i, j]
    if not weight.sum():
        return 1.0
    reach = np.linalg.norm(coords[i, C1] - coords[j, C1], axis=-1)
    closed = (reach > PAIR_REACH[0]) & (reach < PAIR_REACH[1])  # NaN compares as False
    return float(weight[closed].sum() / weight.sum())


def expected_tm(
    template_score: float,
    assembly: Assembly,
    formed: float,
    clashes: float = 0.0,
) -> float:
    """Estimate the TM-score of a model.

    Parameters
    ----------
    template_score : float
        Of the hit that is its core; 0 without one.
    assembly : Assembly
        What it was built from.
    formed : float
        See :func:`formed_pairs`.
    clashes : float
        Per 1,000 atoms.

    Returns
    -------
    float
        0 to 1.
    """
    added = HELICAL * float((assembly.source == HELIX).mean())
    lost = OPEN_COST * (1 - formed) + CLASH_COST * min(clashes / CLASH_LIMIT, 1.0)
    return float(np.clip((template_score + added if template_score else ALONE) - lost, 0.0, 1.0))


def residue_confidence(assembly: Assembly, expected: float) -> Float[np.ndarray, " n"]:
    """Give the confidence of each residue, 0 to 100, on the scale of pLDDT.

    Parameters
    ----------
    assembly : Assembly
        Open residues were built by the kinematics.
    expected : float
        Expected TM-score of the model.
    """
    share = assembly.confidence * (0.5 + 0.5 * expected)
    return BUILT + (RIGHT - BUILT) * np.clip(share, 0.0, 1.0)


def choose_different(
    points: Sequence[Float[np.ndarray, "n 3"]], expected: Sequence[float], count: int
) -> Int[np.ndarray, " k"]:
    """Choose answers that are good and not the same.

    Parameters
    ----------
    points : sequence of (n, 3) float, angstrom
        C3' of each; NaN in open residues.
    expected : sequence of float
        Expected TM-scores.
    count : int

    Returns
    -------
    (k,) int
        At most ``count`` of them, the first the one with the greatest expectation; each next one
        with the greatest when what it shares with the chosen is deducted.
    """
    expected = np.asarray(expected, dtype=np.float64)
    likeness = np.zeros(len(expected))
    chosen: list[int] = []
    for _ in range(min(count, len(expected))):
        value = expected - ALIKE_COST * likeness
        value[chosen] = -np.inf
        best = int(value.argmax())
        chosen.append(best)
        likeness = np.maximum(likeness, [similarity(points[best], other) for other in points])
    return np.array(chosen, dtype=np.int64)


def similarity(first: Float[np.ndarray, "n 3"], second: Float[np.ndarray, "n 3"]) -> float:
    """Compare two models: the TM-score of one superposition over all residues that both have."""
    both = np.isfinite(first).all(-1) & np.isfinite(second).all(-1)
    if both.sum() < 3:
        return 0.0
    moved = apply_motion(first[both], *superpose(first[both], second[both]))
    square = ((moved - second[both]) ** 2).sum(-1)
    most = max(np.isfinite(first).all(-1).sum(), np.isfinite(second).all(-1).sum())
    return float((1 / (1 + square / tm_d0(len(first)) ** 2)).sum() / most)
