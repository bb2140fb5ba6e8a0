"""Templates of the query's families: residues in one column of the covariance model are paired.

Query and templates are aligned to the model by Infernal, each alone; nothing is searched here.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from rna_predict.families.hits import posterior_values
from rna_predict.templates.library import Placement, Template
from rna_predict.templates.query import Query
from rna_predict.templates.structure_search import Anchors


def family_anchors(
    query: Query, templates: Sequence[Template], places: Int[np.ndarray, " c"]
) -> dict[int, Anchors]:
    """Align the query with the members of its families.

    Parameters
    ----------
    query : Query
    templates : sequence of Template
        Those of a library.
    places : (c,) int
        Which of them may be used.

    Returns
    -------
    dict of int to Anchors
        By place. The posterior of a column is the lesser of the two that Infernal gives. Where
        query or template have several placements, the one with the most columns comes first, and
        others add what rises with it.
    """
    found = {}
    models = {placement.model for placement in query.placements}
    for place in places.tolist():
        parts = [
            _shared(own, other)
            for other in templates[place].placements
            if other.model in models
            for own in query.placements
            if own.model == other.model
        ]
        columns, posterior = _unite(parts)
        if len(columns):
            found[place] = Anchors(columns, posterior)
    return found


def _shared(own: Placement, other: Placement) -> tuple[np.ndarray, np.ndarray]:
    """Pair the residues of two placements that are in one column."""
    columns, i, j = np.intersect1d(own.columns, other.columns, return_indices=True)
    i, j = i[columns >= 0], j[columns >= 0]
    posterior = np.minimum(posterior_values(own.posterior)[i], posterior_values(other.posterior)[j])
    return np.stack([own.start + i, other.start + j], axis=1), posterior


def _unite(
    parts: Sequence[tuple[np.ndarray, np.ndarray]],
) -> tuple[Int[np.ndarray, "k 2"], Float[np.ndarray, " k"]]:
    """Unite alignments, the longest first, as far as their columns rise together."""
    columns, posterior = np.zeros((0, 2), dtype=np.int64), np.zeros(0)
    for more, probability in sorted(parts, key=lambda part: -len(part[0])):
        before = (more[:, None] < columns[None]).all(2)
        after = (more[:, None] > columns[None]).all(2)
        fits = (before | after).all(1)
        columns = np.concatenate([columns, more[fits]])
        posterior = np.concatenate([posterior, probability[fits]])
        order = np.argsort(columns[:, 0], kind="stable")
        columns, posterior = columns[order], posterior[order]
    return columns, posterior
