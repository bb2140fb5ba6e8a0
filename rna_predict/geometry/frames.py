"""Right-handed frames from three points, and the ideal base placed on one."""

import numpy as np
from jaxtyping import Float

from rna_predict.constants import BASE_ATOMS, BASE_FRAME, N_BACKBONE, PURINES


def frame_from_points(
    origin: Float[np.ndarray, "*batch 3"],
    on_x: Float[np.ndarray, "*batch 3"],
    in_plane: Float[np.ndarray, "*batch 3"],
) -> Float[np.ndarray, "*batch 3 3"]:
    """Build the axes of a frame by Gram-Schmidt.

    Parameters
    ----------
    origin, on_x, in_plane : (..., 3) float, angstrom
        The x axis points from ``origin`` to ``on_x``; ``in_plane`` has a positive y.

    Returns
    -------
    (..., 3, 3) float
        Columns are the x, y and z axes: ``axes @ local + origin`` maps local to global. NaN where
        the points are collinear or missing.
    """
    x = on_x - origin
    x = x / np.linalg.norm(x, axis=-1, keepdims=True)
    y = in_plane - origin
    y = y - (y * x).sum(-1, keepdims=True) * x
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def ideal_base(base: str) -> Float[np.ndarray, "atoms 3"]:
    """Give a base's ideal atoms in its glycosidic frame.

    Parameters
    ----------
    base : str
        A, C, G or U.

    Returns
    -------
    (n, 3) float, angstrom
        Atoms in the order of ``constants.BASE_ATOMS[base]``. Origin at the glycosidic nitrogen
        (N9 or N1), x axis from C1' to it, C4 (purine) or C2 (pyrimidine) at positive y.
    """
    nitrogen, carbon = ("N9", "C4") if base in PURINES else ("N1", "C2")
    planar = {name: np.array([*xy, 0.0]) for name, xy in BASE_FRAME[base].items()}
    origin = planar[nitrogen]
    axes = frame_from_points(origin, 2 * origin - planar["C1'"], planar[carbon])
    return np.stack([(planar[name] - origin) @ axes for name in BASE_ATOMS[base]])


def replace_base(
    backbone: Float[np.ndarray, "12 3"],
    old: str,
    old_atoms: Float[np.ndarray, "slots 3"],
    new: str,
) -> Float[np.ndarray, "atoms 3"]:
    """Put the ideal atoms of ``new`` on the frame that base ``old`` has.

    Parameters
    ----------
    backbone : (12, 3) float, angstrom
        Slots of ``constants.BACKBONE_ATOMS``; C1' must be present.
    old, new : str
        Letters of A, C, G, U.
    old_atoms : (>= number of atoms of old, 3) float, angstrom
        Atoms of the old base in slot order; N9 and C4, or N1 and C2, must be present.
    new : str
        The base to build.

    Returns
    -------
    (n, 3) float, angstrom
        Atoms in the order of ``constants.BASE_ATOMS[new]``; the glycosidic bond keeps its
        direction and the base its plane.

    Raises
    ------
    ValueError
        If an atom of the frame is missing.
    """
    names = BASE_ATOMS[old]
    nitrogen, carbon = ("N9", "C4") if old in PURINES else ("N1", "C2")
    c1 = backbone[N_BACKBONE - 1]
    origin, in_plane = old_atoms[names.index(nitrogen)], old_atoms[names.index(carbon)]
    axes = frame_from_points(origin, 2 * origin - c1, in_plane)
    if not np.isfinite(axes).all():
        raise ValueError(f"the frame of base {old} needs C1', {nitrogen} and {carbon}")
    return ideal_base(new) @ axes.T + origin
