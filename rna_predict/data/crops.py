"""Crops: the residues of a chain that one training example shows."""

import numpy as np
from jaxtyping import Int


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
