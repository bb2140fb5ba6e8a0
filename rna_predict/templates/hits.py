"""A template found for a query, with its alignment."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

METHODS: Final = ("family", "profile", "structure", "fragment")
"""How an alignment was found: through the columns of a family's covariance model, through a
profile of the query's sequences, by sequence and pairs, or as a loop with its closing pairs."""


@dataclass(frozen=True, eq=False)
class TemplateHit:
    """One alignment of a query with one template.

    Attributes
    ----------
    template : int
        Place in :attr:`~rna_predict.templates.library.Library.templates`.
    columns : (k, 2) int
        Residue of the query and of the template, 0-based, both rising; residues of the template
        that were not observed are not in it.
    confidence : (k,) float
        Of each column the posterior probability that these two residues belong together, 0 to 1.
    score : float
        Expected TM-score (C3', of the query's length) of a model copied from it; the same scale
        for all methods.
    method : str
        One of ``METHODS``.
    identity : float
        Share of equal letters among the columns.
    coverage : float
        Columns over the residues of the query.
    satisfied : float
        Sum of the query's probabilities of those pairs that the template forms between aligned
        residues, over the sum of all pair probabilities of the query; 0 where it has none.
    """

    template: int
    columns: Int[np.ndarray, "k 2"]
    confidence: Float[np.ndarray, " k"]
    score: float
    method: str
    identity: float
    coverage: float
    satisfied: float
