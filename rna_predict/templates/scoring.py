"""Expected accuracy of an alignment, and which of several are different answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from rna_predict.evaluate.tm_score import SEARCH_RANGE, tm_d0
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.templates.library import C3, Library, Template
from rna_predict.templates.query import Query
from rna_predict.templates.structure_search import Aligned

FEATURES: Final = ("confident", "identity", "satisfied", "family", "agreement")
"""What the expected TM-score rests on, see :class:`Features`."""
INTERCEPT: Final = -2.45
WEIGHTS: Final = (1.20, 0.42, 0.19, 0.71, 1.23)
"""Logistic regression of the TM-score on ``FEATURES`` over 5,026 alignments of 89 training chains,
each guarded by its own date and identity: ``python -m tests.benchmarks templates``."""
FITS: Final = 3
"""Superpositions of two models, each on the residues that the one before brought close."""


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
        Share of the query's residues that a family pairs with the template.
    coverage : float
        Columns over the residues of the query.
    agreement : float
        Mean similarity of the copied C3' to those of the other hits, weighed by what these are
        expected to be worth alone.
    """

    confident: float
    identity: float
    satisfied: float
    family: float
    coverage: float
    agreement: float = 0.0

    @property
    def expected_tm(self) -> float:
        """Expected TM-score of a model copied from it; no more than its coverage allows."""
        facts = [getattr(self, name) for name in FEATURES]
        logit = INTERCEPT + float(np.dot(WEIGHTS, facts))
        return min(1 / (1 + float(np.exp(-logit))), self.coverage)


def describe(query: Query, template: Template, aligned: Aligned, in_family: int) -> Features:
    """Measure an alignment, but for its agreement with others.

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
        family=in_family / n,
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
    library: Library, columns: Sequence[Int[np.ndarray, "_ 2"]], places: Sequence[int], length: int
) -> Float[np.ndarray, "h n 3"]:
    """Copy the C3' of templates to the residues of the query; NaN where there is none.

    Parameters
    ----------
    library : Library
    columns : sequence of (k, 2) int
        Residues of the query and of the template, of each alignment.
    places : sequence of int
        Of the templates in the library.
    length : int
        Residues of the query.
    """
    points = np.full((len(places), length, 3), np.nan)
    for row, (pairs, place) in enumerate(zip(columns, places, strict=True)):
        i, j = pairs.T
        points[row, i] = library.chain(place).coords[j, C3]
    return points


def similarities(points: Float[np.ndarray, "h n 3"]) -> Float[np.ndarray, "h h"]:
    """Compare models with each other.

    Parameters
    ----------
    points : (h, n, 3) float, angstrom
        C3' of each, NaN where it has none.

    Returns
    -------
    (h, h) float
        Symmetric: the sum of TM terms over the common residues, after their superposition, over
        the residues of the one that has fewer; 0 where fewer than three are common. 1 for itself.
    """
    present = np.isfinite(points).all(-1)
    first, second = np.triu_indices(len(points), 1)
    common = present[first] & present[second]
    enough = common.sum(1) >= 3
    first, second, common = first[enough], second[enough], common[enough]
    matrix = np.eye(len(points))
    if not len(first):
        return matrix
    mobile, fixed, used = points[first], points[second], common
    scale = max(tm_d0(points.shape[1]), SEARCH_RANGE[0] / 2)
    for _ in range(FITS):
        moved = apply_motion(mobile, *superpose(mobile, fixed, used))
        squares = np.where(common, ((moved - fixed) ** 2).sum(-1), np.inf)
        third = np.partition(squares, 2, axis=1)[:, [2]]
        used = common & (squares <= np.maximum(third, (2 * scale) ** 2))
    fewer = np.minimum(present[first].sum(1), present[second].sum(1))
    matrix[first, second] = (1 / (1 + squares / scale**2)).sum(1) / fewer
    return np.maximum(matrix, matrix.T)


def agreements(
    similarity: Float[np.ndarray, "h h"],
    coverage: Float[np.ndarray, " h"],
    expected: Float[np.ndarray, " h"],
) -> Float[np.ndarray, " h"]:
    """Average the similarity of each model to the others.

    Parameters
    ----------
    similarity : (h, h) float
        As of :func:`similarities`; here it counts by the lesser coverage of the two.
    coverage : (h,) float
    expected : (h,) float
        Weight of each as one of the others.
    """
    weight = np.minimum(coverage[:, None], coverage[None]) * similarity
    np.fill_diagonal(weight, 0)
    return weight @ expected / max(expected.sum(), 1e-9)


def order_different(similarity: Float[np.ndarray, "h h"], alike: float) -> list[int]:
    """Put models that differ first, the best of each kind.

    Parameters
    ----------
    similarity : (h, h) float
        As of :func:`similarities`, the models from the best on.
    alike : float
        Models are of one kind above this similarity.

    Returns
    -------
    list of int
        The best of each kind, then the others; both from the best on.
    """
    chosen: list[int] = []
    others: list[int] = []
    for row in range(len(similarity)):
        near = bool(chosen) and similarity[row, chosen].max() > alike
        (others if near else chosen).append(row)
    return chosen + others
