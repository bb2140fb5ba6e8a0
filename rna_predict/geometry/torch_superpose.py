"""Weighted superposition and random rotations for tensors: the twin of ``superpose``."""

import torch
from jaxtyping import Float
from torch import Tensor


@torch.no_grad()
def superpose(
    mobile: Float[Tensor, "*batch n 3"],
    fixed: Float[Tensor, "*batch n 3"],
    weight: Float[Tensor, "*#batch n"],
) -> tuple[Float[Tensor, "*batch 3 3"], Float[Tensor, "*batch 3"]]:
    """Find the proper rotation that best maps ``mobile`` onto ``fixed``.

    Kabsch's solution (Kabsch 1978, Acta Cryst A34:827) without gradient: the derivative of the
    rotation is not finite where points are collinear or coincident, and no loss here needs it: the
    motion minimises the squared error, whose derivative by the motion is therefore 0. Points that
    determine no motion (fewer than three, collinear, coincident) get one of the best ones. Always
    in single precision or better, whatever autocast says.

    Parameters
    ----------
    mobile, fixed : (..., n, 3) float, angstrom
        Paired points, finite everywhere.
    weight : (..., n) float
        Not negative; 0 leaves a row out. All zero gives a proper rotation about the origin.

    Returns
    -------
    rotation : (..., 3, 3) float
        ``det(rotation) == +1``.
    translation : (..., 3) float, angstrom
        Apply as ``mobile @ rotation.T + translation``.
    """
    wide = torch.promote_types(mobile.dtype, torch.float32)
    mobile, fixed, weight = mobile.to(wide), fixed.to(wide), weight.to(wide)
    with torch.autocast(mobile.device.type, enabled=False):
        weight = (weight / weight.sum(-1, keepdim=True).clamp_min(1e-8))[..., None]
        mobile_center = (mobile * weight).sum(-2)
        fixed_center = (fixed * weight).sum(-2)
        moment = ((mobile - mobile_center[..., None, :]) * weight).transpose(-1, -2) @ (
            fixed - fixed_center[..., None, :]
        )
        u, _, vt = torch.linalg.svd(moment)
        sign = torch.where(torch.linalg.det(u @ vt) < 0, -1.0, 1.0).to(u)
        last = torch.cat([torch.ones_like(u[..., 0, :2]), sign[..., None]], dim=-1)
        rotation = ((u * last[..., None, :]) @ vt).transpose(-1, -2)
        return rotation, fixed_center - (rotation @ mobile_center[..., None])[..., 0]


def apply_motion(
    points: Float[Tensor, "*batch n 3"],
    rotation: Float[Tensor, "*#batch 3 3"],
    translation: Float[Tensor, "*#batch 3"],
) -> Float[Tensor, "*batch n 3"]:
    """Apply ``points @ rotation.T + translation``."""
    return points @ rotation.transpose(-1, -2) + translation[..., None, :]


def random_rotations(
    shape: tuple[int, ...], generator: torch.Generator, device: torch.device | str = "cpu"
) -> Float[Tensor, "*shape 3 3"]:
    """Draw rotations uniformly from SO(3), as unit quaternions of four normal numbers.

    Parameters
    ----------
    shape : tuple of int
        Leading dimensions.
    generator : torch.Generator
        Source of randomness; the numbers are drawn on its device.
    device : torch.device or str
        Device of the result.

    Returns
    -------
    (*shape, 3, 3) float32
    """
    numbers = torch.randn((*shape, 4), generator=generator, device=generator.device)
    w, x, y, z = (numbers / numbers.norm(dim=-1, keepdim=True)).to(device).unbind(-1)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)
