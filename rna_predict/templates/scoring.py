"""Expected accuracy of an alignment, and which of several are different answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from rna_predict.constants import SLOT_INDEX
from rna_predict.evaluate.tm_score import SEARCH_RANGE, tm_d0
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.templates.hits import TemplateHit
from rna_predict.templates.library import Library, Template
from rna_predict.templates.query import Query
from rna_predict.templates.structure_search import Aligned

FEATURES: Final = ("confident", "identity", "satisfied", "family")
"""What the expected TM-score rests on, see :func:`describe`."""
INTERCEPT: Final = -2.47
WEIGHTS: Final = (1.4, 0.5, 0.3, 1.0)
C3: Final = SLOT_INDEX["A"]["C3'"]
"""Slot of C3', the same for all bases."""


@dataclass(frozen=True)
class Features:
    """Facts of an alignment, each 0 to 1.

    Attributes
    ----------
    confident : float
        Sum of the posteriors over the residues of the query.
    identity : float
        Share of equal letters among the columns.
    satisfied : float
        As in :class:`~rna_predict.templates.hits.TemplateHit`.
    family : float
        Share of the query's residues that are in a column of a family with the template.
    coverage : float
        Columns over the residues of the query.
    """

    confident: float
    identity: float
    satisfied: float
    family: float
    coverage: float

    @property
    def expected_tm(self) -> float:
        """Expected TM-score of a model copied from it; no more than its coverage allows."""
        facts = [getattr(self, name) for name in FEATURES]
        logit = INTERCEPT + float(np.dot(WEIGHTS, facts))
        return min(1 / (1 + float(np.exp(-logit))), self.coverage)


def describe(query: Query, template: Template, aligned: Aligned, in_family: int) -> Features:
    """Measure an alignment.

    Parameters
    ----------
    query : Query
    template : Template
    aligned : Aligned
        Of at least one column.
    in_family : int
        Columns that a family gave.
    """
    i, j = aligned.columns.T
    n = len(query)
    total = query.pair_probability.sum()
    return Features(
        confident=float(aligned.confidence.sum() / n),
        identity=float((query.kinds[i] == template.kinds[j]).mean()),
        satisfied=float(satisfied_pairs(query, template, aligned.columns) / max(total, 2.0)),
        family=min(in_family / n, 1.0),
        coverage=len(i) / n,
    )


def satisfied_pairs(query: Query, template: Template, columns: Int[np.ndarray, "k 2"]) -> float:
    """Sum the query's probability of the template's pairs between aligned residues, twice each."""
    i, j = columns.T
    residue = np.full(len(template) + 1, -1)
    residue[j] = i
    other = residue[template.partner[j]]  # a partner of -1 looks up the last, which is -1
    return float(query.pair_probability[i[other >= 0], other[other >= 0]].sum())


def copied_points(
    library: Library, hits: Sequence[TemplateHit], length: int
) -> Float[np.ndarray, "h n 3"]:
    """Copy the C3' of templates to the residues of the query; NaN where there is none."""
    points = np.full((len(hits), length, 3), np.nan)
    for row, hit in enumerate(hits):
        i, j = hit.columns.T
        points[row, i] = library.chain(hit.template).coords[j, C3]
    return points


def order_different(
    hits: Sequence[TemplateHit], points: Float[np.ndarray, "h n 3"], alike: float
) -> list[TemplateHit]:
    """Put hits that would give another model first, each kind by its best.

    Parameters
    ----------
    hits : sequence of TemplateHit
        The best first.
    points : (h, n, 3) float, angstrom
        Of each the C3' that it would copy.
    alike : float
        Hits are of one kind above this similarity: the sum of TM terms over the common residues,
        after their superposition, over the residues of the one that has fewer.

    Returns
    -------
    list of TemplateHit
        The best of each kind, then the others; both by score.
    """
    chosen: list[int] = []
    others: list[int] = []
    for row in range(len(hits)):
        alikes = _similarity(points[row], points[chosen]) if chosen else np.zeros(1)
        (others if alikes.max() > alike else chosen).append(row)
    return [hits[row] for row in chosen + others]


def _similarity(
    one: Float[np.ndarray, "n 3"], others: Float[np.ndarray, "h n 3"]
) -> Float[np.ndarray, " h"]:
    """Compare one model with others, (0 to 1)."""
    present, own = np.isfinite(others).all(-1), np.isfinite(one).all(-1)
    common = present & own
    enough = common.sum(1) >= 3
    similarity = np.zeros(len(others))
    if not enough.any():
        return similarity
    used, fixed = common[enough], np.broadcast_to(one, others[enough].shape)
    scale = max(tm_d0(len(one)), SEARCH_RANGE[0] / 2)
    for _ in range(3):
        moved = apply_motion(others[enough], *superpose(others[enough], fixed, used))
        squares = np.where(common[enough], ((moved - fixed) ** 2).sum(-1), np.inf)
        near = squares <= np.maximum(np.partition(squares, 2, axis=1)[:, [2]], (2 * scale) ** 2)
        used = near & common[enough]
    fewer = np.minimum(present[enough].sum(1), own.sum())
    similarity[enough] = (1 / (1 + squares / scale**2)).sum(1) / fewer
    return similarity
