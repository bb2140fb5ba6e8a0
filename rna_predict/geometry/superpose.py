"""Optimal superposition of paired points (Kabsch), single and batched."""

import numpy as np
from jaxtyping import Bool, Float


def superpose(
    mobile: Float[np.ndarray, "*batch n 3"],
    fixed: Float[np.ndarray, "*batch n 3"],
    mask: Bool[np.ndarray, "*#batch n"] | None = None,
) -> tuple[Float[np.ndarray, "*batch 3 3"], Float[np.ndarray, "*batch 3"]]:
    """Find the proper rotation that best maps ``mobile`` onto ``fixed``.

    Kabsch's solution with the reflection removed (Kabsch 1978, Acta Cryst A34:827), so a mirror
    image is never reported as a match.

    Parameters
    ----------
    mobile, fixed : (..., n, 3) float, angstrom
        Paired points: row ``i`` of one corresponds to row ``i`` of the other. Rows outside the
        mask may hold anything, NaN included.
    mask : (..., n) bool, optional
        Rows used for the fit; at least three must be True.

    Returns
    -------
    rotation : (..., 3, 3) float
        ``det(rotation) == +1``.
    translation : (..., 3) float, angstrom
        Apply as ``mobile @ rotation.T + translation``.

    Raises
    ------
    ValueError
        If fewer than three rows take part in a fit.
    """
    if mask is None:
        mask = np.ones(mobile.shape[:-1], dtype=bool)
    mask = np.broadcast_to(mask, mobile.shape[:-1])
    count = mask.sum(-1)
    if (count < 3).any():
        raise ValueError(f"superposition needs at least 3 points, got {int(count.min())}")
    weight = (mask / count[..., None])[..., None]
    mobile = np.where(mask[..., None], mobile, 0.0).astype(np.float64)
    fixed = np.where(mask[..., None], fixed, 0.0).astype(np.float64)
    mobile_center = (mobile * weight).sum(-2)
    fixed_center = (fixed * weight).sum(-2)
    moment = np.swapaxes((mobile - mobile_center[..., None, :]) * weight, -1, -2) @ (
        fixed - fixed_center[..., None, :]
    )
    u, _, vt = np.linalg.svd(moment)
    sign = np.sign(np.linalg.det(u) * np.linalg.det(vt))
    u[..., :, -1] *= sign[..., None]
    rotation = np.swapaxes(u @ vt, -1, -2)
    translation = fixed_center - (rotation @ mobile_center[..., None])[..., 0]
    return rotation, translation


def apply_motion(
    points: Float[np.ndarray, "*batch n 3"],
    rotation: Float[np.ndarray, "*batch 3 3"],
    translation: Float[np.ndarray, "*batch 3"],
) -> Float[np.ndarray, "*batch n 3"]:
    """Apply ``points @ rotation.T + translation``, keeping the type of ``points``."""
    moved = points @ np.swapaxes(rotation, -1, -2) + translation[..., None, :]
    return moved.astype(points.dtype)
