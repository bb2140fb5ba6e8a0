"""Deal groups of very different sizes to sides so that each side gets its share.

The smaller sides choose first, each the subset of groups whose sizes add up closest to what it
lacks: an exact subset sum by dynamic programming (Bellman 1957). The groups come in random order
and the first subset found is kept, so a side is a random sample that happens to add up. No group
should make up most of a small side, which would then say little: large groups are let in only
where the others cannot fill it.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final

import numpy as np
from jaxtyping import Int

FEW: Final = 8
"""Up to this number of groups, all ways of dealing are tried."""
LARGEST: Final = (0.25, 0.5, 1.0, np.inf)
"""Greatest size of a group as a share of what a side lacks; the first that leads close enough."""
CLOSE: Final = 0.01
"""Deviation, as a share of what the side lacks, that is close enough."""


def deal(
    sizes: Mapping[str, int],
    filled: Mapping[str, int],
    shares: Mapping[str, float],
    rng: np.random.Generator,
) -> dict[str, str]:
    """Deal groups to sides.

    Parameters
    ----------
    sizes : mapping of str to int
        Size of each group that is free to go; positive.
    filled : mapping of str to int
        What each side has already.
    shares : mapping of str to float
        Wanted share of each side in the whole; not negative, adding up to 1. Where a side has
        more than its share already, the others share the rest in proportion.
    rng : Generator

    Returns
    -------
    dict
        Group to side. A side of no share gets none; with enough groups, no other side stays
        empty.
    """
    if not sizes:
        return {}
    groups = sorted(sizes)
    groups = [groups[k] for k in rng.permutation(len(groups))]
    weights = np.array([sizes[group] for group in groups], dtype=np.int64)
    open_sides = sorted((side for side in shares if shares[side] > 0), key=lambda s: shares[s])
    wanted = _wanted(weights, filled, shares)
    empty = [not filled.get(side, 0) for side in open_sides]
    if len(groups) <= FEW:
        chosen = _try_all(weights, [wanted[side] for side in open_sides], empty)
    else:
        chosen = _choose(weights, [wanted[side] for side in open_sides], empty)
    return {group: open_sides[side] for group, side in zip(groups, chosen.tolist(), strict=True)}


def _wanted(
    weights: Int[np.ndarray, " g"], filled: Mapping[str, int], shares: Mapping[str, float]
) -> dict[str, float]:
    """Give what each side should get of the free groups; the sum is their total."""
    free = int(weights.sum())
    total = free + sum(filled.values())
    lack = {side: max(share * total - filled.get(side, 0), 0.0) for side, share in shares.items()}
    whole = sum(lack.values())
    return {side: value * free / whole if whole else 0.0 for side, value in lack.items()}


def _try_all(
    weights: Int[np.ndarray, " g"], wanted: Sequence[float], empty: Sequence[bool]
) -> Int[np.ndarray, " g"]:
    """Find the way of dealing a few groups with the least deviation over all sides."""
    ways = np.array(list(product(range(len(wanted)), repeat=len(weights))), dtype=np.int64)
    ways = ways.reshape(-1, len(weights))
    inside = ways[..., None] == np.arange(len(wanted))
    deviation = np.abs((inside * weights[:, None]).sum(1) - np.array(wanted)).sum(1)
    bare = (~inside.any(1) & np.array(empty)).sum(1)
    return ways[np.lexsort((deviation, bare))[0]]


def _choose(
    weights: Int[np.ndarray, " g"], wanted: Sequence[float], empty: Sequence[bool]
) -> Int[np.ndarray, " g"]:
    """Let each side but the last, the largest, choose its subset; the last gets what is left."""
    chosen = np.full(len(weights), len(wanted) - 1)
    free = np.ones(len(weights), dtype=bool)
    if empty[-1]:
        free[weights.argmax()] = False
    for side, target in enumerate(wanted[:-1]):
        rows = np.flatnonzero(free)
        best: tuple[float, Int[np.ndarray, " k"]] = (np.inf, rows[:0])
        for largest in LARGEST:
            small = rows[weights[rows] <= largest * target]
            picked = small[closest_subset(weights[small], target)]
            best = min(best, (abs(weights[picked].sum() - target), picked), key=lambda b: b[0])
            if best[0] <= CLOSE * target:
                break
        chosen[best[1]] = side
        free[best[1]] = False
    for side, bare in enumerate(empty):
        donor = np.bincount(chosen, minlength=len(wanted)).argmax()
        if bare and not (chosen == side).any():
            members = np.flatnonzero(chosen == donor)
            chosen[members[weights[members].argmin()]] = side
    return chosen


def closest_subset(weights: Int[np.ndarray, " g"], target: float) -> Int[np.ndarray, " k"]:
    """Find the subset whose sum is closest to a target.

    Parameters
    ----------
    weights : (g,) int
        Positive.
    target : float
        Not negative.

    Returns
    -------
    (k,) int
        Positions, falling. Among equal sums the subset that ends first; of a sum below and one
        above that are equally far, the one below.
    """
    goal = round(target)
    limit = 2 * goal
    last = np.full(limit + 1, -1, dtype=np.int64)  # the group that first reached a sum
    reached = np.zeros(limit + 1, dtype=bool)
    reached[0] = True
    for row, weight in enumerate(weights.tolist()):
        if reached[goal]:
            break
        if weight <= limit:
            fresh = np.flatnonzero(reached[:-weight] & ~reached[weight:]) + weight
            reached[fresh] = True
            last[fresh] = row
    sums = np.flatnonzero(reached)
    total = int(sums[np.abs(sums - target).argmin()])
    picked = []
    while total:
        picked.append(int(last[total]))
        total -= int(weights[last[total]])
    return np.array(picked, dtype=np.int64)
