"""Differences of angles and their circular mean: numpy alone, since training measures them too.

Zok, Popenda & Szachniuk (2014) Cent Eur J Oper Res 22:457.
"""

import numpy as np
from jaxtyping import Float


def circular_differences(
    model: Float[np.ndarray, "*shape"], native: Float[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    """Measure the shorter arc between angles.

    Parameters
    ----------
    model, native : (...) float, radians
        NaN where undefined.

    Returns
    -------
    (...) float64, radians in [0, pi]
        0 where both are undefined, pi where one is.
    """
    arc = np.abs(model.astype(np.float64) - native) % (2 * np.pi)
    arc = np.minimum(arc, 2 * np.pi - arc)
    missing = np.isnan(model).astype(int) + np.isnan(native)
    return np.where(missing == 0, arc, np.where(missing == 1, np.pi, 0.0))


def mean_of_circular(
    differences: Float[np.ndarray, "*shape"], axis: int | None = None
) -> Float[np.ndarray, "*rest"]:
    """Take the circular mean: ``atan2(sum sin d, sum cos d)``.

    Parameters
    ----------
    differences : (...) float, radians
        From :func:`circular_differences`.
    axis : int, optional
        Default: all.

    Returns
    -------
    (...) float, radians in [0, pi]
    """
    return np.asarray(
        np.arctan2(np.sin(differences).sum(axis), np.cos(differences).sum(axis)), dtype=np.float64
    )
