"""Dihedral angles of four points and circular differences, in radians."""

import numpy as np
from jaxtyping import Float


def dihedral(points: Float[np.ndarray, "*batch 4 3"]) -> Float[np.ndarray, "*batch"]:
    """Measure dihedral angles.

    Blondel & Karplus (1996) J Comput Chem 17:1132, equation 27: well conditioned at every angle.

    Parameters
    ----------
    points : (..., 4, 3) float, angstrom
        Four points in chain order; NaN gives NaN.

    Returns
    -------
    (...) float, radians in (-pi, pi]
        Positive clockwise when looking from the second point to the third (IUPAC).
    """
    f = points[..., 0, :] - points[..., 1, :]
    g = points[..., 1, :] - points[..., 2, :]
    h = points[..., 3, :] - points[..., 2, :]
    a, b = np.cross(f, g), np.cross(h, g)
    sine = (np.cross(b, a) * g).sum(-1) / np.linalg.norm(g, axis=-1)
    return np.arctan2(sine, (a * b).sum(-1))


def circular_difference(
    first: Float[np.ndarray, "*batch"], second: Float[np.ndarray, "*batch"]
) -> Float[np.ndarray, "*batch"]:
    """Give ``first - second`` wrapped into [-pi, pi), radians; NaN stays NaN."""
    return (first - second + np.pi) % (2 * np.pi) - np.pi


def bond_angle(points: Float[np.ndarray, "*batch 3 3"]) -> Float[np.ndarray, "*batch"]:
    """Measure the angle at the second of three points, radians; NaN gives NaN.

    The arctangent of cross and dot product is well conditioned at every angle.
    """
    first, second = points[..., 0, :] - points[..., 1, :], points[..., 2, :] - points[..., 1, :]
    cross = np.linalg.norm(np.cross(first, second), axis=-1)
    return np.arctan2(cross, (first * second).sum(-1))
