"""Search of superpositions of paired points from fragments, all seeds at once.

The search of US-align's ``TMscore8_search`` (Zhang et al. 2022, Nat Methods 19:1109): every
fragment of several lengths seeds a fit that is refined over the pairs it brings close. Here the
seeds are rows of a matrix: the sums over a row's pairs and the distances of all pairs are two
matrix products. A set of pairs that an earlier seed already led to is not followed again, as its
course would be the same.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float

SHORTEST_FRAGMENT = 4
HALVINGS = 5
ROUNDS = 20
WIDEN = 0.5
"""Angstrom added to the distance limit until three pairs are within it."""
ROWS_TIMES_PAIRS = 2_000_000
"""Size of the largest work array; longer lists of seeds go in parts."""


def search_superpositions(
    model: Float[np.ndarray, "n 3"],
    native: Float[np.ndarray, "n 3"],
    first: float,
    later: float,
    stride: int = 1,
) -> Iterator[tuple[Bool[np.ndarray, "rows n"], Float[np.ndarray, "rows n"]]]:
    """Yield all superpositions of the search: the pairs each is fitted on, and what it gives.

    Parameters
    ----------
    model, native : (n, 3) float, angstrom
        Paired points, at least three, all finite.
    first, later : float, angstrom
        Pairs closer than this take part in the next fit: after the seed, and in later rounds.
    stride : int
        Steps between the starts of the fragments that seed the search; 1 is the full search.

    Yields
    ------
    fitted : (rows, n) bool
        One row a superposition: the pairs it is the best fit of. The number of rows differs from
        yield to yield.
    squares : (rows, n) float, angstrom^2
        Squared distances of all pairs under it.

    Raises
    ------
    ValueError
        If there are fewer than three pairs.
    """
    if len(model) < 3:
        raise ValueError(f"a superposition needs at least 3 paired residues, got {len(model)}")
    features = _features(model, native)
    visited: set[bytes] = set()
    for rows in _seeds(len(model), stride):
        for step in range(1 + ROUNDS):
            squares = _squared_distances(rows, features)
            yield rows, squares
            rows = _unvisited(_close(squares, later if step else first), visited)
            if not len(rows):
                break


def _features(
    model: Float[np.ndarray, "n 3"], native: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n 17"]:
    """Give per pair all that a fit and a squared distance are linear in.

    Columns: 1, x, y, the products x_a y_b (row-major), and |x|^2 + |y|^2, with x the model's and
    y the native's centred coordinates.
    """
    x = model.astype(np.float64) - model.mean(0, dtype=np.float64)
    y = native.astype(np.float64) - native.mean(0, dtype=np.float64)
    products = (x[:, :, None] * y[:, None, :]).reshape(len(x), 9)
    squares = (x**2 + y**2).sum(1, keepdims=True)
    return np.concatenate([np.ones((len(x), 1)), x, y, products, squares], axis=1)


def _seeds(n: int, stride: int) -> Iterator[Bool[np.ndarray, "rows n"]]:
    """Yield the fragments of n, n/2, ... n/16 and 4 pairs, the last start always among them."""
    shortest = min(SHORTEST_FRAGMENT, n)
    sizes = sorted({max(n >> halving, shortest) for halving in range(HALVINGS)} | {shortest})
    spans = np.array(
        [
            (start, start + size)
            for size in sizes
            for start in sorted({*range(0, n - size + 1, stride), n - size})
        ]
    )
    position = np.arange(n)
    rows = max(1, ROWS_TIMES_PAIRS // n)
    for first in range(0, len(spans), rows):
        part = spans[first : first + rows]
        yield (position >= part[:, :1]) & (position < part[:, 1:])


def _squared_distances(
    rows: Bool[np.ndarray, "rows n"], features: Float[np.ndarray, "n 17"]
) -> Float[np.ndarray, "rows n"]:
    """Fit the model onto the native over each row's pairs; give all pairs' squared distances.

    The rotation comes from the quaternion of the largest eigenvalue: Horn (1987) J Opt Soc Am A
    4:629; it is always proper.
    """
    sums = rows.astype(np.float64) @ features
    count, x_sum, y_sum = sums[:, :1], sums[:, 1:4], sums[:, 4:7]
    s = sums[:, 7:16].reshape(-1, 3, 3) - x_sum[:, :, None] * y_sum[:, None, :] / count[..., None]
    key = np.empty((len(rows), 4, 4))
    key[:, 0, 0] = s[:, 0, 0] + s[:, 1, 1] + s[:, 2, 2]
    key[:, 1:, 1:] = s + np.swapaxes(s, 1, 2) - key[:, 0, 0, None, None] * np.eye(3)
    for a, (b, c) in enumerate(((1, 2), (2, 0), (0, 1))):
        key[:, 0, a + 1] = key[:, a + 1, 0] = s[:, b, c] - s[:, c, b]
    w, x, y, z = np.linalg.eigh(key)[1][:, :, 3].T
    rotation = np.stack(
        [
            *(1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
            *(2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
            *(2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
        ],
        axis=1,
    ).reshape(-1, 3, 3)
    shift = (y_sum - (rotation @ x_sum[..., None])[..., 0]) / count
    weights = np.concatenate(
        [
            (shift**2).sum(1, keepdims=True),
            2.0 * (shift[:, None, :] @ rotation)[:, 0],
            -2.0 * shift,
            -2.0 * np.swapaxes(rotation, 1, 2).reshape(-1, 9),
            np.ones((len(rows), 1)),
        ],
        axis=1,
    )
    return np.maximum(weights @ features.T, 0.0)


def _close(squares: Float[np.ndarray, "rows n"], cutoff: float) -> Bool[np.ndarray, "rows n"]:
    """Select each row's pairs within the cut-off, widened in steps until there are three."""
    close = squares < cutoff**2
    few = np.flatnonzero(close.sum(1) < 3)
    if len(few) and squares.shape[1] > 3:
        third = np.sqrt(np.partition(squares[few], 2, axis=1)[:, 2])
        steps = np.floor((third - cutoff) / WIDEN) + 1
        close[few] = squares[few] < (cutoff + WIDEN * steps)[:, None] ** 2
    return close


def _unvisited(
    rows: Bool[np.ndarray, "rows n"], visited: set[bytes]
) -> Bool[np.ndarray, "fresh n"]:
    """Keep the rows of at least three pairs not met before, and remember them."""
    keys = [row.tobytes() for row in np.packbits(rows, axis=1)]
    fresh = []
    for index in np.flatnonzero(rows.sum(1) >= 3):
        if keys[index] not in visited:
            visited.add(keys[index])
            fresh.append(index)
    return rows[fresh]
