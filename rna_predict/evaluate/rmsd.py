"""Root-mean-square deviation and distances after optimal superposition."""

import numpy as np
from jaxtyping import Bool, Float

from rna_predict.geometry.superpose import apply_motion, superpose


def superposed_distances(
    model: Float[np.ndarray, "n 3"],
    native: Float[np.ndarray, "n 3"],
    mask: Bool[np.ndarray, " n"] | None = None,
) -> Float[np.ndarray, " n"]:
    """Give each pair's distance after the model is superposed on the native.

    Parameters
    ----------
    model, native : (n, 3) float, angstrom
        Paired points.
    mask : (n,) bool, optional
        Pairs present in both, which take part in the fit. Default: all.

    Returns
    -------
    (n,) float, angstrom
        NaN outside the mask.

    Raises
    ------
    ValueError
        If fewer than three pairs are present.
    """
    mask = np.ones(len(model), dtype=bool) if mask is None else mask
    moved = apply_motion(model.astype(np.float64), *superpose(model, native, mask))
    return np.where(mask, np.linalg.norm(moved - native, axis=-1), np.nan)


def rmsd(
    model: Float[np.ndarray, "n 3"],
    native: Float[np.ndarray, "n 3"],
    mask: Bool[np.ndarray, " n"] | None = None,
) -> float:
    """Give the root-mean-square of :func:`superposed_distances`, angstrom.

    Parameters and errors are the same.
    """
    return float(np.sqrt(np.nanmean(superposed_distances(model, native, mask) ** 2)))
