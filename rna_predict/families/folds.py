"""How alike two chains fold, whatever their sequences: a TM-score fast enough for many pairs.

The course of TM-align (Zhang & Skolnick 2005, Nucleic Acids Res 33:2302), cut short: superpose the
chains without gaps at every offset and fragment on fragment, score the superpositions by nearest
residues, and refine the best few by turns of dynamic programming and superposition. The TM-score
of the best alignment then comes from :func:`~rna_predict.evaluate.tm_score.tm_score`. A pair whose
superpositions all score far below what is looked for is given up before any alignment.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int

from rna_predict.evaluate.free_alignment import align_scores
from rna_predict.evaluate.tm_score import SEARCH_RANGE, tm_d0, tm_score
from rna_predict.geometry.superpose import apply_motion, superpose

SMALLEST: Final = 5
"""Residues that each chain needs."""
PROMISE: Final = 0.55
"""Share of the score looked for that must be seen before refinement. Of pairs with a TM-score of
0.38 or more 2 % reach less than 0.59 of it by nearest residues, and 0.75 by a first alignment; of
184 pairs below 0.3 nine in ten fall short of 0.24."""
KEPT: Final = 8
"""Superpositions that are aligned."""
REFINED: Final = 4
"""The best of them, which are refined."""
ROUNDS: Final = 4
"""Turns of refinement."""
LOOSE: Final = 2.0
"""Least distance scale (angstrom) while aligning; short chains have a d0 too narrow to search."""
GAP: Final = 0.6
"""Cost of opening a gap, of which residues in place are worth 1; staying in it is free."""
CELLS: Final = 3_000
"""Residue pairs looked at for each superposition; of longer chains every k-th residue is."""
WORK: Final = 4_000_000
"""Size of the largest work array."""
LONGEST_SEARCH: Final = 400
"""Aligned pairs up to which the superposition is searched in full; the search grows as a cube."""

Points = Float[np.ndarray, "_ 3"]
Motion = tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, "3"]]
Motions = tuple[Float[np.ndarray, "k 3 3"], Float[np.ndarray, "k 3"]]


@dataclass(frozen=True, eq=False)
class Turn:
    """An alignment, its sum of TM terms, and the superposition of its close pairs."""

    score: float
    pairs: Int[np.ndarray, "k 2"]
    motion: Motion


def fold_similarity(
    first: Points, second: Points, length: int | None = None, least: float = 0.0
) -> float:
    """Give the TM-score of the best alignment found.

    Parameters
    ----------
    first, second : (n, 3) and (m, 3) float, angstrom
        One atom a residue (C3'), all finite, in the order of the chain; at least five each.
    length : int, optional
        Residues that set d0 and divide the sum; default that of the longer chain, so that a high
        score means that both fold alike as a whole.
    least : float
        Scores below it need not be told apart: a pair without promise gives 0.

    Returns
    -------
    float
        0 to 1. Of 120 models of RNA-Puzzles, those 18 to which US-align's free alignment gives 0.4
        or more are within 0.02 of it (0.003 below on average), the others 0.026 below on average.

    Raises
    ------
    ValueError
        If a chain has fewer than five residues.
    """
    if min(len(first), len(second)) < SMALLEST:
        raise ValueError(f"expected {SMALLEST} residues, got {len(first)} and {len(second)}")
    length = max(len(first), len(second)) if length is None else length
    first = first.astype(np.float64) - first.mean(0)
    second = second.astype(np.float64) - second.mean(0)
    d0 = tm_d0(length)
    scale = max(d0, LOOSE)
    motions, promise = _best_superpositions(first, second, scale)
    if promise < PROMISE * least * length:
        return 0.0
    trials = [_turn(first, second, motion, d0, scale) for motion in zip(*motions, strict=True)]
    trials.sort(key=lambda trial: -trial.score)
    if trials[0].score < PROMISE * least * length:
        return 0.0
    best = trials[0]
    for trial in trials[:REFINED]:
        for _ in range(ROUNDS):
            before, trial = trial, _turn(first, second, trial.motion, d0, scale)
            best = max(best, trial, key=lambda turn: turn.score)
            if np.array_equal(before.pairs, trial.pairs):
                break
    if not SMALLEST <= len(best.pairs) <= LONGEST_SEARCH:
        return best.score / length
    return tm_score(first[best.pairs[:, 0]], second[best.pairs[:, 1]], length=length)


def _turn(first: Points, second: Points, motion: Motion, d0: float, scale: float) -> Turn:
    """Align two superposed chains and superpose them anew.

    Each superposition is of the pairs that were close under the one before: those far apart are
    often aligned wrongly, and a fit of all would lose the part that is right.
    """
    pairs = _align(first, second, motion, scale)
    if len(pairs) < SMALLEST:
        return Turn(0.0, pairs, motion)
    reach = min(max(d0, SEARCH_RANGE[0]), SEARCH_RANGE[1]) + 1.0
    mobile, fixed = first[pairs[:, 0]], second[pairs[:, 1]]
    score = 0.0
    for _ in range(2):
        squares = ((apply_motion(mobile, *motion) - fixed) ** 2).sum(-1)
        score = max(score, float((1.0 / (1.0 + squares / d0**2)).sum()))
        motion = superpose(mobile, fixed, squares <= max(reach**2, np.partition(squares, 2)[2]))
    return Turn(score, pairs, motion)


def _align(first: Points, second: Points, motion: Motion, scale: float) -> Int[np.ndarray, "k 2"]:
    """Align two superposed chains by dynamic programming; gaps at the ends are free."""
    squares = _squares(apply_motion(first, *motion), second)
    return np.stack(align_scores(1.0 / (1.0 + squares / scale**2), GAP), axis=1)


def _best_superpositions(first: Points, second: Points, scale: float) -> tuple[Motions, float]:
    """Give the superpositions with the most residues in place, and the best sum of TM terms."""
    every = [motions for part in (_threaded, _fragments) for motions in part(first, second)]
    rotations, shifts = (np.concatenate(parts) for parts in zip(*every, strict=True))
    thin = max(1, len(first) * len(second) // CELLS)
    looked_at = first[thin // 2 :: thin] if len(first) > thin else first
    step = max(1, WORK // (len(looked_at) * len(second)))
    sums = np.concatenate(
        [
            _nearest_terms(
                looked_at, second, (rotations[k : k + step], shifts[k : k + step]), scale
            )
            for k in range(0, len(rotations), step)
        ]
    ) * (len(first) / len(looked_at))
    order = np.argsort(-sums, kind="stable")[:KEPT]
    return (rotations[order], shifts[order]), float(sums[order[0]])


def _nearest_terms(
    first: Points, second: Points, motions: Motions, scale: float
) -> Float[np.ndarray, " k"]:
    """Sum the TM terms of each residue with the nearest one, whatever the order."""
    copies = np.broadcast_to(first, (len(motions[0]), *first.shape))
    squares = _squares(apply_motion(copies, *motions), second)
    return (1.0 / (1.0 + squares.min(-1) / scale**2)).sum(-1)


def _threaded(first: Points, second: Points) -> Iterator[Motions]:
    """Superpose without gaps at the offsets that leave half of the shorter chain paired."""
    n, m = len(first), len(second)
    least = max(SMALLEST, min(n, m) // 2)
    offsets = np.arange(least - n, m - least + 1)
    offsets = offsets[:: max(1, len(offsets) * n * 8 // WORK)]
    partner = np.arange(n) + offsets[:, None]
    paired: Bool[np.ndarray, "k n"] = (partner >= 0) & (partner < m)
    mobile = np.broadcast_to(first, (len(offsets), n, 3))
    yield superpose(mobile, second[partner.clip(0, m - 1)], paired)


def _fragments(first: Points, second: Points) -> Iterator[Motions]:
    """Superpose fragments of a third of the shorter chain, in steps along both."""
    n, m = len(first), len(second)
    size = min(max(min(n, m) // 3, 8), 40, n, m)
    rows = np.unique(np.linspace(0, n - size, min(12, 2 * (n - size) // size + 1)).astype(int))
    columns = np.arange(0, m - size + 1, max(1, size // 6, m // 60))
    inside = np.arange(size)
    shape = (len(rows), len(columns), size, 3)
    mobile = np.broadcast_to(first[rows[:, None] + inside][:, None], shape).reshape(-1, size, 3)
    fixed = np.broadcast_to(second[columns[:, None] + inside][None], shape).reshape(-1, size, 3)
    yield superpose(mobile, fixed)


def _squares(
    first: Float[np.ndarray, "*batch n 3"], second: Points
) -> Float[np.ndarray, "*batch n m"]:
    """Give the squared distances of all residues of one with all of the other."""
    inner = first @ second.T
    lengths = (first**2).sum(-1)[..., None] + (second**2).sum(-1)
    return np.maximum(lengths - 2.0 * inner, 0.0)
