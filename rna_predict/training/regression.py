"""What the objective needs of a regressor: its structures stand where denoised copies would."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from rna_predict.constants import torsion_slots
from rna_predict.data.truth import Truth
from rna_predict.geometry.torch_dihedrals import dihedral
from rna_predict.model.baselines.regressor import Regressor, RegressorTrunk
from rna_predict.model.inputs import Features
from rna_predict.training.losses.torsions import torsion_loss

FLAT = 0.1
"""Angstrom: four points have no torsion where the two planes' normals, as areas, are shorter than
the square of this."""
PLAIN = ((0.0, 1.0, 0.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 1.0))
"""Points of a torsion that is defined; they stand in for those that are not."""


def regressed_copies(
    regressor: Regressor,
    trunk: RegressorTrunk,
    features: Features,
    shape: tuple[int, int],
    generator: torch.Generator,
) -> tuple[Float[Tensor, "B S N 23 3"], Float[Tensor, "B S"], Float[Tensor, "B S"]]:
    """Regress structures from drawn noise.

    Parameters
    ----------
    regressor : Regressor
        The baseline.
    trunk : RegressorTrunk
        Of the same chains.
    features : Features
        Inputs of the chains.
    shape : (int, int)
        Chains, and structures of each chain: B and S.
    generator : torch.Generator
        Source of the noise.

    Returns
    -------
    coords : (B, S, N, 23, 3) float, angstrom
    sigma : (B, S) float, angstrom
        0: these are no noised copies, and their bonds show.
    weight : (B, S) float
        Of the squared error: that of the denoiser at infinite noise, the inverse of the variance
        that the coordinates of a chain have.
    """
    noise = torch.randn((*shape, features.length, 3), generator=generator, device=generator.device)
    coords = regressor.regress(trunk, features, noise).float()
    weight = coords.new_full(shape, regressor.dimensions.sigma_data**-2)
    return coords, torch.zeros_like(weight), weight


def regressed_torsion_loss(
    coords: Float[Tensor, "B S N 23 3"], features: Features, truth: Truth
) -> Float[Tensor, ""]:
    """Compare the torsions of regressed structures with the truth; see :func:`torsion_loss`.

    Torsions that the structures do not define, such as those of points on a line, do not count.
    """
    copies = coords.shape[1]
    points = torsion_points(coords, features.sequence)
    with torch.no_grad():
        first, axis, last = points.diff(dim=-2).unbind(-2)
        normals = [torch.linalg.cross(first, axis), torch.linalg.cross(axis, last)]
        defined = (torch.stack(normals).norm(dim=-1) > FLAT**2).all(0)
        defined = defined & truth.torsion_mask[:, None]
    plain = points.new_tensor(PLAIN)
    angle = dihedral(torch.where(defined[..., None, None], points, plain)).flatten(0, 1)
    return torsion_loss(
        torch.stack([angle.sin(), angle.cos()], dim=-1),
        truth.torsions.repeat_interleave(copies, dim=0),
        defined.flatten(0, 1),
    )


def torsion_points(
    coords: Float[Tensor, "B S N 23 3"], sequence: Int64[Tensor, "B N"]
) -> Float[Tensor, "B S N torsions 4 3"]:
    """Take the four atoms of each torsion; beyond an end of the chain any other atom stands in."""
    offset, slot = (torch.tensor(table, device=coords.device) for table in torsion_slots())
    batch, copies, length, slots = coords.shape[:4]
    residue = torch.arange(length, device=coords.device)[:, None, None] + offset
    flat = residue.clamp(0, length - 1) * slots + slot[sequence].clamp_min(0)
    index = flat.flatten(1)[:, None, :, None].expand(-1, copies, -1, 3)
    taken = coords.flatten(2, 3).gather(2, index)
    return taken.unflatten(2, flat.shape[1:])
