"""Timing: two ways of doing one thing, in turn, so that a drifting machine cannot favour one."""

from collections.abc import Callable
from statistics import median
from time import perf_counter


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    start = perf_counter()
    work()
    return perf_counter() - start


def compare(label: str, ours: Callable[[], object], theirs: Callable[[], object], n: int) -> None:
    """Print the medians of n rounds of both, and the median of their ratios."""
    ours(), theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(n)]
    mine, other = (median(values) for values in zip(*pairs, strict=True))
    ratio = median(a / b for a, b in pairs)
    print(f"{label}: {1e3 * mine:.1f} ms against {1e3 * other:.1f} ms, ratio {ratio:.3f} (n={n})")
