"""Dihedral angles of tensors, in radians."""

import torch
from jaxtyping import Float
from torch import Tensor


def dihedral(points: Float[Tensor, "*batch 4 3"]) -> Float[Tensor, "*batch"]:
    """Measure dihedral angles from the three bond vectors.

    The angle between the planes of the first two and the last two bonds, by the arctangent of its
    sine and cosine: well conditioned at every angle.

    Parameters
    ----------
    points : (..., 4, 3) float, angstrom
        Four points in chain order; NaN gives NaN.

    Returns
    -------
    (...) float, radians in [-pi, pi]
        Positive clockwise when looking from the second point to the third (IUPAC).
    """
    first, axis, last = points.diff(dim=-2).unbind(-2)
    before, after = torch.linalg.cross(first, axis), torch.linalg.cross(axis, last)
    sine = axis.norm(dim=-1) * (first * after).sum(-1)
    return torch.atan2(sine, (before * after).sum(-1))
