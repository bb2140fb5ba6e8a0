"""Stage C, forward kinematics: predicted torsions to all heavy atoms, with ideal geometry."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from rna_predict.geometry.nerf import build_atoms
from rna_predict.model.inputs import Features


def start_coords(
    torsion_sin_cos: Float[Tensor, "B N torsions 2"], features: Features
) -> Float[Tensor, "B N 23 3"]:
    """Build centred coordinates from unit vectors of the torsions.

    Parameters
    ----------
    torsion_sin_cos : (B, N, 14, 2) float
        Sine and cosine in the order of ``constants.TORSIONS``.
    features : Features
        Sequence and masks; padding must come last.

    Returns
    -------
    (B, N, 23, 3) float, angstrom
        0 outside ``features.slot_mask``. Differentiable.
    """
    angles = torch.atan2(torsion_sin_cos[..., 0], torsion_sin_cos[..., 1])
    return centre(build_atoms(angles, features.sequence), features.slot_mask)


def centre(
    coords: Float[Tensor, "*batch N 23 3"], mask: Bool[Tensor, "*#batch N 23"]
) -> Float[Tensor, "*batch N 23 3"]:
    """Move the mean of the atoms in ``mask`` to the origin and put the others there."""
    weight = mask[..., None].to(coords)
    count = weight.sum((-3, -2), keepdim=True).clamp_min(1.0)
    return (coords - (coords * weight).sum((-3, -2), keepdim=True) / count) * weight
