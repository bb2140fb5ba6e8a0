"""Crops: the residues of a chain that one training example shows."""

import numpy as np
from jaxtyping import Float, Int


def contiguous_crop(
    length: int, size: int, generator: np.random.Generator
) -> Int[np.ndarray, " k"]:
    """Draw a stretch of a chain.

    Parameters
    ----------
    length : int
        Residues of the chain.
    size : int
        Longest crop; a chain that is not longer stays whole.
    generator : numpy.random.Generator
        Every start is equally likely.

    Returns
    -------
    (k,) int
        Positions in rising order, ``k == min(length, size)``.
    """
    size = min(length, size)
    start = int(generator.integers(length - size + 1))
    return np.arange(start, start + size)


def spatial_crop(
    points: Float[np.ndarray, "n 3"], size: int, generator: np.random.Generator
) -> Int[np.ndarray, " k"]:
    """Draw the residues nearest to one of a chain.

    Parts that are far apart in the sequence and meet in space are seen together: the spatial
    cropping of Evans et al. (2021), bioRxiv 2021.10.04.463034.

    Parameters
    ----------
    points : (n, 3) float, angstrom
        One atom of each residue, NaN where it was not observed.
    size : int
        Longest crop; a chain that is not longer stays whole.
    generator : numpy.random.Generator
        Every observed residue is equally likely to be the middle.

    Returns
    -------
    (k,) int
        Positions in rising order, ``k == min(n, size)``; of a chain with fewer observed residues
        than that a contiguous crop.
    """
    observed = np.flatnonzero(np.isfinite(points).all(1))
    if len(points) <= size or len(observed) < size:
        return contiguous_crop(len(points), size, generator)
    middle = points[observed[generator.integers(len(observed))]]
    distance = ((points[observed] - middle) ** 2).sum(1)
    return np.sort(observed[np.argsort(distance, kind="stable")[:size]])
