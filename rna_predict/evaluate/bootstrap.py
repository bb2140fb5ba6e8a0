"""Bootstrap over targets: intervals of means, and of the differences of two predictors.

Percentile intervals (Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13). Targets
are taken as independent: relatives among them make the intervals too narrow.
"""

from typing import Final

import numpy as np
from jaxtyping import Float

LEVEL: Final = 0.95
"""Coverage of the intervals."""
FEWEST: Final = 6
"""Targets below which there is no p-value: even if one predictor wins on all of 5, the sign test
gives 0.06, while the bootstrap, which knows no other differences, would give 0."""
CHUNK: Final = 2_000_000
"""Draws held at a time."""


def resampled_means(
    values: Float[np.ndarray, " n"], draws: int, rng: np.random.Generator
) -> Float[np.ndarray, " draws"]:
    """Give the means of ``draws`` samples of n values, drawn with replacement."""
    n = len(values)
    means = np.empty(draws)
    step = max(1, CHUNK // max(n, 1))
    for start in range(0, draws, step):
        rows = min(step, draws - start)
        means[start : start + rows] = values[rng.integers(n, size=(rows, n))].mean(axis=1)
    return means


def mean_interval(
    values: Float[np.ndarray, " n"], draws: int, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Give a mean and its bootstrap interval.

    Parameters
    ----------
    values : (n,) float
        One a target, finite.
    draws : int
        Bootstrap samples; at least 1.
    rng : Generator

    Returns
    -------
    mean, low, high : float
        NaN without values; of fewer than two, the interval is NaN.
    """
    if len(values) == 0:
        return float("nan"), float("nan"), float("nan")
    mean = float(values.mean())
    if len(values) < 2:
        return mean, float("nan"), float("nan")
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(resampled_means(values, draws, rng), [tail, 1 - tail])
    return mean, float(low), float(high)


def paired_interval(
    first: Float[np.ndarray, " n"],
    second: Float[np.ndarray, " n"],
    draws: int,
    rng: np.random.Generator,
) -> tuple[float, float, float, float]:
    """Compare two predictors on the same targets.

    Parameters
    ----------
    first, second : (n,) float
        Row ``i`` of both is the same target; finite.
    draws, rng
        As in :func:`mean_interval`.

    Returns
    -------
    difference, low, high : float
        Mean of ``first - second`` and its interval.
    p : float
        Twice the smaller share of bootstrap means at or beyond 0, never below ``1 / draws``; NaN
        with fewer than ``FEWEST`` targets.
    """
    differences = first - second
    mean, low, high = mean_interval(differences, draws, rng)
    if len(differences) < FEWEST:
        return mean, low, high, float("nan")
    means = resampled_means(differences, draws, rng)
    p = 2 * min((means <= 0).mean(), (means >= 0).mean())
    return mean, low, high, float(min(1.0, max(p, 1 / draws)))
