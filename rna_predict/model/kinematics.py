"""Stage C, forward kinematics: predicted torsions to all heavy atoms, with ideal geometry."""

from functools import cache
from math import radians

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from rna_predict.constants import ALPHABET, BACKBONE_ATOMS, TORSIONS, slot_mask
from rna_predict.geometry.nerf import build_atoms
from rna_predict.model.inputs import Features
from rna_predict.model.torsion_net import A_FORM


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


def residue_frames(
    coords: Float[Tensor, "*batch N 23 3"],
) -> tuple[Float[Tensor, "*batch N 3 3"], Float[Tensor, "*batch N 3"]]:
    """Give the sugar frame of each residue: origin C4', x towards C3', C1' at positive y.

    Returns
    -------
    axes : (..., N, 3, 3)
        Columns are the axes: ``(point - origin) @ axes`` is local. Finite, though not a rotation,
        where the three atoms are collinear or coincide.
    origin : (..., N, 3), angstrom
    """
    origin, on_x, in_plane = (
        coords[..., BACKBONE_ATOMS.index(name), :] for name in ("C4'", "C3'", "C1'")
    )
    x = F.normalize(on_x - origin, dim=-1, eps=1e-4)
    y = in_plane - origin
    y = F.normalize(y - (y * x).sum(-1, keepdim=True) * x, dim=-1, eps=1e-4)
    return torch.stack([x, y, torch.linalg.cross(x, y)], dim=-1), origin


@cache
def reference_conformers() -> Float[np.ndarray, "5 23 3"]:
    """Give the atoms of each kind of residue in A-form, seen from its sugar frame (angstrom).

    What the published models take from a library of conformers; here the kinematics builds it.
    Slots without an atom are at the origin. Read-only.
    """
    angles = torch.tensor([radians(A_FORM[name]) for name in TORSIONS], device="cpu")
    kinds = torch.arange(len(ALPHABET), device="cpu")[:, None]
    coords = build_atoms(angles.expand(len(ALPHABET), 1, -1), kinds)
    axes, origin = residue_frames(coords)
    local = ((coords - origin[:, :, None]) @ axes)[:, 0].numpy()
    local = np.where(slot_mask()[..., None], local, 0.0).astype(np.float32)
    local.setflags(write=False)
    return local
