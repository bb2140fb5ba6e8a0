"""What each loss term contributes: its share of the loss, and of the gradient of every part."""

import logging
from collections.abc import Mapping

import pandas as pd
from jaxtyping import Float
from torch import Tensor, nn

from rna_predict.training.gradients import gradient_norms
from rna_predict.training.objective import weigh
from rna_predict.training.settings import LossWeights

log = logging.getLogger(__name__)

LIMIT = 0.5
"""Share of the loss from which on one term drowns the others."""
FEWEST = 3
"""Terms that a loss must have for one of them to be too large."""


def loss_shares(weighted: Mapping[str, float] | pd.Series) -> pd.Series:
    """Give each term's share of the loss.

    Parameters
    ----------
    weighted : mapping of str to float, or Series
        Terms times their weights. A likelihood may be negative: its magnitude counts.

    Returns
    -------
    Series
        In [0, 1], by term; 0 for all if every term is 0.
    """
    size = pd.Series(dict(weighted), dtype=float).abs()
    return size / size.sum() if size.sum() > 0 else size


def share_table(
    network: nn.Module, terms: dict[str, Float[Tensor, ""]], weights: LossWeights
) -> pd.DataFrame:
    """Report the terms of one batch: values, shares of the loss, shares of the gradient.

    Parameters
    ----------
    network : Module
        Its children are the parts.
    terms : dict of scalars
        Of :func:`~rna_predict.training.objective.loss_terms`, with their graph, which is kept.
    weights : LossWeights
        Of the phase.

    Returns
    -------
    DataFrame
        A row a term: ``value`` (divided by its scale), ``weight``, ``weighted``, ``share`` of the
        loss; ``gradient``, the norm of the weighted term's gradient over all parts, and
        ``gradient_share``, that over the sum of these norms; and a column
        ``gradient_share_{part}`` for every part that learns from any term.
    """
    _, weighted = weigh(terms, weights)
    table = pd.DataFrame(
        {
            "value": {name: term.item() for name, term in terms.items()},
            "weight": {name: getattr(weights, name) for name in terms},
            "weighted": {name: term.item() for name, term in weighted.items()},
        }
    )
    table.index.name = "term"
    norms = gradient_norms(network, weighted).T
    reached = norms.loc[:, norms.any()]
    whole = (norms**2).sum(axis=1) ** 0.5
    columns = {"gradient": whole, "gradient_share": loss_shares(whole)}
    columns |= {f"gradient_share_{part}": loss_shares(reached[part]) for part in reached}
    return table.assign(share=loss_shares(table["weighted"]), **columns)


def warn_of_dominant_term(weighted: Mapping[str, float], where: str, limit: float = LIMIT) -> bool:
    """Log a warning if one of several terms makes up most of the loss.

    Parameters
    ----------
    weighted : mapping of str to float
        Terms times their weights, of one step or averaged over many.
    where : str
        Phase and step, for the message.
    limit : float
        Share in [0, 1] that no term may exceed.

    Returns
    -------
    bool
        Whether it was said. A loss of fewer than ``FEWEST`` terms is never blamed.
    """
    shares = loss_shares(weighted)
    if (shares > 0).sum() < FEWEST or shares.max() <= limit:
        return False
    log.warning(
        "%s: %s is %.0f %% of the loss, more than %.0f %%; its weight may be too large",
        where, shares.idxmax(), 100 * shares.max(), 100 * limit,
    )  # fmt: skip
    return True
