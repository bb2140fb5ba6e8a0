"""Expected accuracy of assembled models, and which of them are different answers."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from rna_predict.constants import BACKBONE_ATOMS
from rna_predict.templates.assembly import HELIX, Assembly
from rna_predict.templates.hits import TemplateHit

FACTS: Final = ("on_helices", "identity", "assembled", "helical", "agreement", "resemblance")
"""What the expected TM-score of a draft rests on, see :func:`draft_facts`."""
INTERCEPT: Final = -2.73
WEIGHTS: Final = (0.53, 0.63, 0.94, 1.07, 1.88, 1.38)
"""Logistic regression of the TM-score on ``FACTS`` over 2,934 drafts for 89 training chains, each
guarded by its own date, entry and identity (90 %): drafts on templates and on helices are on one
scale. Fitted anew by ``python -m tests.benchmarks template_ranking``."""
ALIKE_COST: Final = 0.25
"""What an answer loses that is the same as one before it."""
BUILT, RIGHT = 45.0, 90.0
"""Confidence of residues from the kinematics alone, and of those that are certain."""
C3: Final = BACKBONE_ATOMS.index("C3'")


def draft_facts(
    assemblies: Sequence[Assembly],
    cores: Sequence[TemplateHit | None],
    similarity: Float[np.ndarray, "d d"],
) -> Float[np.ndarray, "d facts"]:
    """Describe drafts of one query by ``FACTS``.

    Whether a draft began with a helix, else the identity of the template's letters; the confidence
    of its residues; the share of helices added to a template; the mean likeness to the drafts on
    templates, each by its score; the score of the one that it is most like.

    Parameters
    ----------
    assemblies : sequence of Assembly
    cores : sequence of TemplateHit or None
        What each began with; None where that was a helix.
    similarity : (d, d) float
        As of :func:`~rna_predict.templates.scoring.similarities`.
    """
    scores = np.array([0.0 if core is None else core.score for core in cores])
    placed = np.array([assembly.placed.mean() for assembly in assemblies])
    alike = np.minimum(placed[:, None], placed) * similarity
    own = [
        (
            core is None,
            0.0 if core is None else core.identity,
            assembly.confidence.mean(),
            0.0 if core is None else (assembly.source == HELIX).mean(),
        )
        for assembly, core in zip(assemblies, cores, strict=True)
    ]
    agreement = (alike @ scores) / max(scores.sum(), 1e-9)
    return np.column_stack([np.array(own, dtype=float), agreement, (alike * scores).max(1)])


def expected_tms(
    facts: Float[np.ndarray, "d facts"],
    intercept: float = INTERCEPT,
    weights: Sequence[float] = WEIGHTS,
) -> Float[np.ndarray, " d"]:
    """Estimate the TM-scores of drafts, 0 to 1, by their :func:`draft_facts`."""
    return 1 / (1 + np.exp(-(intercept + facts @ np.asarray(weights))))


def residue_confidence(assembly: Assembly, expected: float) -> Float[np.ndarray, " n"]:
    """Give the confidence of each residue, 0 to 100, on the scale of pLDDT.

    Its mean rises with the expected TM-score, so that a ranking by both has one opinion.

    Parameters
    ----------
    assembly : Assembly
        Open residues were built by the kinematics.
    expected : float
        Expected TM-score of the model.
    """
    relative = assembly.confidence / max(float(assembly.confidence.mean()), 1e-9)
    return BUILT + (RIGHT - BUILT) * np.clip(expected * relative, 0.0, 1.0)


def choose_different(
    similarity: Float[np.ndarray, "d d"], expected: Float[np.ndarray, " d"], count: int
) -> Int[np.ndarray, " k"]:
    """Choose answers that are good and not the same.

    Parameters
    ----------
    similarity : (d, d) float
        As of :func:`~rna_predict.templates.scoring.similarities`.
    expected : (d,) float
        Expected TM-scores.
    count : int

    Returns
    -------
    (k,) int
        At most ``count`` of them, the first the one with the greatest expectation; each next one
        with the greatest when what it shares with the chosen is deducted.
    """
    likeness = np.zeros(len(expected))
    chosen: list[int] = []
    for _ in range(min(count, len(expected))):
        value = expected - ALIKE_COST * likeness
        value[chosen] = -np.inf
        best = int(value.argmax())
        chosen.append(best)
        likeness = np.maximum(likeness, similarity[best])
    return np.array(chosen, dtype=np.int64)
