"""Choosing among rivals: links taken from the best to the worst, each end used once."""

import numpy as np
from jaxtyping import Bool, Int


def take_best(ends: Int[np.ndarray, "p 2"], rank: Int[np.ndarray, " p"]) -> Bool[np.ndarray, " p"]:
    """Take links in the order of their rank, each unless one of its ends is taken already.

    Parameters
    ----------
    ends : (p, 2) int
        Labels of the two ends of each link, from 0.
    rank : (p,) int
        A permutation of 0 to p - 1; 0 is taken first.

    Returns
    -------
    (p,) bool
        The links taken: what a loop over them would take, found in rounds. In each round those
        links are taken that come first at both their ends.
    """
    taken = np.zeros(len(ends), dtype=bool)
    left = np.arange(len(ends))
    width = int(ends.max()) + 1 if len(ends) else 0
    while len(left):
        first = np.full(width, len(ends))
        np.minimum.at(first, ends[left], rank[left, None])
        now = left[(first[ends[left]] == rank[left, None]).all(1)]
        taken[now] = True
        used = np.zeros(width, dtype=bool)
        used[ends[now]] = True
        left = left[~used[ends[left]].any(1)]
    return taken
