"""How well torsions are predicted: MCQ overall, by angle and by part of the secondary structure.

What a predictor is measured against is a constant: one value of each angle for all residues. A-form
RNA is so frequent that a constant comes near any predictor, so an absolute figure says little.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from rna_predict.angles.pucker import NU, pseudorotation
from rna_predict.constants import BACKBONE_TORSIONS
from rna_predict.evaluate.bootstrap import LEVEL
from rna_predict.evaluate.circular import circular_differences
from rna_predict.evaluate.elements import ELEMENTS

ANGLES: Final = (*BACKBONE_TORSIONS, "phase")
"""The seven torsions of MCQ and the phase of the sugar pucker."""
WHOLE: Final = "all"
PARTS: Final = (WHOLE, *ELEMENTS)
MEASURES: Final = {
    "mcq": tuple(range(len(BACKBONE_TORSIONS))), "mcq_phase": tuple(range(len(ANGLES))),
    **{name: (column,) for column, name in enumerate(ANGLES)},
}  # fmt: skip
"""Columns of ``ANGLES`` that each measure is over: MCQ without and with the phase, each angle."""


@dataclass(frozen=True, eq=False)
class TorsionErrors:
    """Sums over the angles of c chains, from which every mean of theirs follows.

    Attributes
    ----------
    sums : (c, 4, 8, 2) float
        Sine and cosine of the differences, by ``PARTS`` and ``ANGLES``.
    counts : (c, 4, 8) int
        Angles that the native has.
    """

    sums: Float[np.ndarray, "c 4 8 2"]
    counts: Int[np.ndarray, "c 4 8"]

    def count(self, measure: str, part: str = WHOLE) -> Int[np.ndarray, " c"]:
        """Count the angles of each chain."""
        return self.counts[:, PARTS.index(part), MEASURES[measure]].sum(-1)

    def by_chain(self, measure: str, part: str = WHOLE) -> Float[np.ndarray, " c"]:
        """Give the mean of circular quantities of each chain, degrees; NaN without angles."""
        total = self.sums[:, PARTS.index(part), MEASURES[measure]].sum(1)
        mean = np.degrees(np.arctan2(total[:, 0], total[:, 1]))
        return np.where(self.count(measure, part) > 0, mean, np.nan)

    def pooled(self, measure: str, part: str = WHOLE) -> float:
        """Give the mean over all angles of all chains, degrees; NaN without angles."""
        total = self.sums[:, PARTS.index(part), MEASURES[measure]].sum((0, 1))
        known = self.count(measure, part).any()
        return float(np.degrees(np.arctan2(*total))) if known else float("nan")

    def mean(self, measure: str, part: str = WHOLE) -> float:
        """Give the mean over the chains that have such angles, degrees; NaN without any."""
        values = self.by_chain(measure, part)
        known = values[np.isfinite(values)]
        return float(known.mean()) if len(known) else float("nan")


def mcq_columns(torsions: Float[np.ndarray, "*batch 14"]) -> Float[np.ndarray, "*batch 8"]:
    """Reduce torsions to those of MCQ and the phase of the pucker.

    Parameters
    ----------
    torsions : (..., 14) float, radians
        In the order of ``constants.TORSIONS``; NaN where undefined.

    Returns
    -------
    (..., 8) float, radians
        Columns ``ANGLES``.
    """
    phase = pseudorotation(torsions[..., NU])[0]
    return np.concatenate([torsions[..., : len(BACKBONE_TORSIONS)], phase[..., None]], axis=-1)


def torsion_errors(
    predicted: Sequence[Float[np.ndarray, "_ 14"]],
    native: Sequence[Float[np.ndarray, "_ 14"]],
    elements: Sequence[Sequence[str]],
) -> TorsionErrors:
    """Compare predicted torsions with those of natives.

    Parameters
    ----------
    predicted, native : sequence of (n, 14) float, radians
        One array a chain, in the order of ``constants.TORSIONS``. What a native does not define
        (NaN) does not count; what a predictor does not define there is off by pi.
    elements : sequence of sequence of str
        One of ``elements.ELEMENTS`` a residue, of the native.

    Returns
    -------
    TorsionErrors
    """
    return column_errors(
        [mcq_columns(array) for array in predicted],
        [mcq_columns(array) for array in native],
        elements,
    )


def column_errors(
    predicted: Sequence[Float[np.ndarray, "_ 8"]],
    native: Sequence[Float[np.ndarray, "_ 8"]],
    elements: Sequence[Sequence[str]],
) -> TorsionErrors:
    """Compare angles as :func:`torsion_errors` does, in the columns ``ANGLES``."""
    sums, counts = [], []
    for ours, theirs, parts in zip(predicted, native, elements, strict=True):
        defined = np.isfinite(theirs)
        apart = circular_differences(ours, theirs)
        vectors = np.where(defined[..., None], np.stack([np.sin(apart), np.cos(apart)], -1), 0.0)
        inside = np.array([np.array(parts) == name for name in ELEMENTS])
        inside = np.concatenate([np.ones((1, len(defined)), dtype=bool), inside])
        sums.append(np.einsum("pn,nad->pad", inside, vectors))
        counts.append(inside.astype(np.int64) @ defined)
    shape = (0, len(PARTS), len(ANGLES))
    return TorsionErrors(
        np.array(sums).reshape(-1, *shape[1:], 2) if sums else np.zeros((*shape, 2)),
        np.array(counts) if counts else np.zeros(shape, dtype=np.int64),
    )


def constant_errors(
    constant: Float[np.ndarray, " 8"],
    native: Sequence[Float[np.ndarray, "_ 14"]],
    elements: Sequence[Sequence[str]],
) -> TorsionErrors:
    """Compare one value of each angle with natives, as :func:`torsion_errors` compares torsions.

    Parameters
    ----------
    constant : (8,) float, radians
        Of :func:`circular_mean` or :func:`circular_median`.
    native, elements
        As in :func:`torsion_errors`.
    """
    columns = [mcq_columns(array) for array in native]
    same = [np.broadcast_to(constant, array.shape) for array in columns]
    return column_errors(same, columns, elements)


def circular_mean(angles: Float[np.ndarray, "m k"]) -> Float[np.ndarray, " k"]:
    """Give the circular mean of each column, radians; NaN is left out, and NaN if nothing is left.

    Parameters
    ----------
    angles : (m, k) float, radians
    """
    sine, cosine = np.nansum(np.sin(angles), axis=0), np.nansum(np.cos(angles), axis=0)
    return np.where(np.isfinite(angles).any(0), np.arctan2(sine, cosine), np.nan)


def circular_median(angles: Float[np.ndarray, "m k"]) -> Float[np.ndarray, " k"]:
    """Give of each column the angle with the least sum of arcs to all others.

    A stronger constant than the mean: MCQ averages arcs. Where torsions fall into several rotamers
    the mean lies between them. One of the angles themselves has the least sum (Fisher 1993,
    Statistical Analysis of Circular Data, 2.3).

    Parameters
    ----------
    angles : (m, k) float, radians
        NaN is left out.

    Returns
    -------
    (k,) float, radians in (-pi, pi]
        The least of equals; NaN if nothing is left.
    """
    return np.array([_median(column[np.isfinite(column)]) for column in angles.T])


def _median(angles: Float[np.ndarray, " m"]) -> float:
    """Give the circular median of angles, from sums over sorted angles in m log m steps."""
    m = len(angles)
    if not m:
        return float("nan")
    turn = 2 * np.pi
    low = np.sort(angles.astype(np.float64) % turn)
    around = np.concatenate([low, low + turn])
    sums = np.concatenate([[0.0], np.cumsum(around)])
    # The arc of k runs forwards to the angles [k, far) and backwards to the others.
    far = np.searchsorted(around, low + np.pi, side="right")
    start = np.arange(m)
    ahead = sums[far] - sums[start] - (far - start) * low
    behind = (m - (far - start)) * (low + turn) - (sums[start + m] - sums[far])
    best = low[(ahead + behind).argmin()]
    return float(best - turn if best > np.pi else best)


def grouped_interval(
    differences: Float[np.ndarray, " c"],
    groups: Sequence[str],
    draws: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Give the bootstrap interval of a mean over chains some of which are relatives.

    Parameters
    ----------
    differences : (c,) float
        One a chain, finite.
    groups : sequence of str
        Of each chain; groups are drawn with replacement, each with all of its chains.
    draws : int
        Bootstrap samples.
    rng : Generator

    Returns
    -------
    low, high : float
        Ends of the percentile interval of coverage ``bootstrap.LEVEL``; NaN of fewer than two
        groups.
    """
    _, place = np.unique(np.asarray(groups), return_inverse=True)
    count = np.bincount(place)
    if len(count) < 2:
        return float("nan"), float("nan")
    total = np.bincount(place, weights=differences)
    chosen = rng.multinomial(len(count), np.full(len(count), 1 / len(count)), size=draws)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(chosen @ total / (chosen @ count), [tail, 1 - tail])
    return float(low), float(high)
