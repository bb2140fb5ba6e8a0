"""Alignments of one query with many templates at once: best scores and posterior probabilities.

Gotoh's three states (Gotoh 1982, J Mol Biol 162:705): aligned residues, unaligned residues of the
query, unaligned residues of the template, runs of which have affine costs. Both ends of both sides
are free, so that a domain is found in a longer template and a short template in a longer query.
Posteriors come from forward and backward sums over all alignments, each of weight ``exp(score)``
(Durbin et al. 1998, Biological Sequence Analysis, ch. 4). All templates take each step together: a
step is a few operations on arrays (templates, residues of the longest template).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Float32, Int
from scipy.signal import lfilter

NONE: Final = np.float32(-1e4)
"""Score of residues that do not exist."""


@dataclass(frozen=True, eq=False)
class Gaps:
    """Cost of a run of k unaligned residues of one side: ``opening + extension * (k - 1)``.

    Attributes
    ----------
    template : (t, m) float32
        Opening of a run of the query between a residue of a template and the one after it.
    query : (n,) float32
        Opening of a run of the template between a residue of the query and the one after it.
    extension : float
    """

    template: Float32[np.ndarray, "t m"]
    query: Float32[np.ndarray, " n"]
    extension: float


def best_scores(emissions: Float32[np.ndarray, "t n m"], gaps: Gaps) -> Float32[np.ndarray, " t"]:
    """Give the score of the best alignment of the query with each template.

    Parameters
    ----------
    emissions : (t, n, m) float32
        Score of each residue of the query aligned with each of the template; ``NONE`` past the end
        of the shorter templates.
    gaps : Gaps

    Returns
    -------
    (t,) float32
        At least 0.
    """
    t, n, m = emissions.shape
    slope = np.float32(gaps.extension)
    ramp = slope * np.arange(m, dtype=np.float32)
    best = np.zeros(t, dtype=np.float32)
    reached = np.zeros((t, m), dtype=np.float32)  # best before (i, j), an empty alignment included
    matched = skipped = np.full((t, m), NONE)
    template = np.full((t, m), NONE)
    for i in range(n):
        matched_now = emissions[:, i] + reached
        skipped = np.maximum(matched - gaps.template, skipped - slope)
        source = np.maximum(matched_now, skipped)
        run = np.maximum.accumulate(source + ramp, axis=1)
        template[:, 1:] = run[:, :-1] - ramp[:-1] - gaps.query[i]
        best = np.maximum(best, matched_now.max(1))
        reached[:, 1:] = np.maximum(0, np.maximum(source, template))[:, :-1]
        matched = matched_now
    return best


def posteriors(
    emissions: Float32[np.ndarray, "t n m"], lengths: Int[np.ndarray, " t"], gaps: Gaps
) -> Float32[np.ndarray, "t n m"]:
    """Give the probability of each pair of residues to be aligned, over all alignments.

    Parameters
    ----------
    emissions : (t, n, m) float32
        As of :func:`best_scores`.
    lengths : (t,) int
        Residues of each template.
    gaps : Gaps

    Returns
    -------
    (t, n, m) float32
        Rows and columns add up to 1 at most.
    """
    weights = np.exp(emissions)
    turn = (lengths[:, None, None] - 1 - np.arange(emissions.shape[2])) % emissions.shape[2]
    turn = np.broadcast_to(turn, emissions.shape)
    turned = np.take_along_axis(weights, turn, axis=2)[:, ::-1]
    # Between the same two residues in the turned sequences: the last one has none after it.
    between = np.roll(np.take_along_axis(gaps.template, turn[:, 0], axis=1), -1, axis=1)
    back = Gaps(between, np.roll(gaps.query[::-1], -1), gaps.extension)
    forward, scale = _sums(weights, gaps, query_first=True)
    backward, scale_back = _sums(turned, back, query_first=False)
    backward = np.take_along_axis(backward[:, ::-1], turn, axis=2)
    ends = forward.sum(2)
    with np.errstate(divide="ignore"):  # a row without weight
        total = np.logaddexp.reduce(np.log(ends) + scale, axis=1)
    factor = np.exp(scale + scale_back[:, ::-1] - total[:, None])[:, :, None]
    both = np.divide(forward * factor * backward, weights, out=backward, where=weights > 0)
    return np.minimum(both, 1).astype(np.float32)


def _sums(
    weights: Float32[np.ndarray, "t n m"], gaps: Gaps, *, query_first: bool
) -> tuple[Float[np.ndarray, "t n m"], Float[np.ndarray, "t n"]]:
    """Sum the weights of all alignments that end with each aligned pair.

    Rows are divided by ``exp(scale)``. Between two aligned pairs both sides may have unaligned
    residues; their order is fixed, so that no alignment counts twice.
    """
    t, n, m = weights.shape
    in_template, in_query = np.exp(-gaps.template), np.exp(-gaps.query)
    extension = np.exp(-gaps.extension)
    sums, scales = np.zeros((t, n, m)), np.zeros((t, n))
    scale = np.zeros(t)
    before = np.zeros((t, m))
    matched, skipped, template = np.zeros((t, m)), np.zeros((t, m)), np.zeros((t, m))
    for i in range(n):
        opened = matched if query_first else matched + template
        skipped = in_template * opened + extension * skipped
        matched = weights[:, i] * (before + np.exp(-scale)[:, None])
        source = matched + skipped if query_first else matched
        template = lfilter([0.0, in_query[i]], [1.0, -extension], source, axis=1)
        largest = np.maximum(np.maximum(matched.max(1), skipped.max(1)), template.max(1))
        step = np.maximum(largest, 1.0)[:, None]
        matched, skipped, template = matched / step, skipped / step, template / step
        scale = scale + np.log(step[:, 0])
        sums[:, i], scales[:, i] = matched, scale
        before[:, 1:] = (matched + skipped + template)[:, :-1]
    return sums, scales


def length_blocks(lengths: Int[np.ndarray, " t"], cells: int) -> Iterator[Int[np.ndarray, " b"]]:
    """Cut templates into blocks of similar lengths.

    Parameters
    ----------
    lengths : (t,) int
    cells : int
        Greatest number of templates in a block times the longest of them; a template longer than
        that has a block of its own.

    Yields
    ------
    (b,) int
        Places of the templates of a block, from the shortest on.
    """
    order = np.argsort(lengths, kind="stable")
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or (end - start + 1) * lengths[order[end]] > cells:
            yield order[start:end]
            start = end
