"""TM-score of paired residues with the RNA distance scale.

Zhang & Skolnick (2004) Proteins 57:702; the RNA d0: Gong et al. (2019) Bioinformatics 35:4459.
"""

import numpy as np
from jaxtyping import Bool, Float

from rna_predict.evaluate.search import search_superpositions

SHORT_D0 = ((11, 0.3), (15, 0.4), (19, 0.5), (23, 0.6), (29, 0.7))
"""(length up to, d0 in angstrom) below the range of the formula."""
SEARCH_RANGE = (4.5, 8.0)
"""Limits of d0 (angstrom) where it decides which pairs take part in the next fit."""


def tm_d0(length: int) -> float:
    """Give the distance scale of the RNA TM-score.

    Parameters
    ----------
    length : int
        Residues of the native.

    Returns
    -------
    float, angstrom
        ``0.6 sqrt(length - 0.5) - 2.5`` from 30 nt on, fixed steps below.
    """
    for longest, d0 in SHORT_D0:
        if length <= longest:
            return d0
    return 0.6 * (length - 0.5) ** 0.5 - 2.5


def tm_score(
    model: Float[np.ndarray, "n 3"],
    native: Float[np.ndarray, "n 3"],
    mask: Bool[np.ndarray, " n"] | None = None,
    length: int | None = None,
) -> float:
    """Search the superposition with the highest TM-score of paired points.

    Equal to US-align's ``-TMscore 1`` to the four digits it prints.

    Parameters
    ----------
    model, native : (n, 3) float, angstrom
        One representative atom (C3' or C1') a residue; row ``i`` of one is paired with row ``i``
        of the other.
    mask : (n,) bool, optional
        Pairs present in both; the other rows may hold NaN. Default: all.
    length : int, optional
        Residues of the native, which set d0 and divide the sum; default n.

    Returns
    -------
    float
        In [0, 1]; residues of the native without a partner count as 0.

    Raises
    ------
    ValueError
        If fewer than three pairs are present.
    """
    length = len(native) if length is None else length
    if mask is not None:
        model, native = model[mask], native[mask]
    d0 = tm_d0(length)
    reach = min(max(d0, SEARCH_RANGE[0]), SEARCH_RANGE[1])
    best = max(
        float((1.0 / (1.0 + squares / d0**2)).sum(1).max())
        for _, squares in search_superpositions(model, native, first=reach - 1.0, later=reach + 1.0)
    )
    return best / length
