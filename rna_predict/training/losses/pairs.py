"""What the pair track says of two residues: how far apart they are, and whether they pair."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from rna_predict.constants import BACKBONE_ATOMS
from rna_predict.training.losses.reductions import different_pairs, distances, masked_mean

C1 = BACKBONE_ATOMS.index("C1'")


def distogram_loss(
    logits: Float[Tensor, "B N N bins"],
    coords: Float[Tensor, "B N 23 3"],
    mask: Bool[Tensor, "B N 23"],
    first: float,
    last: float,
) -> Float[Tensor, ""]:
    """Cross-entropy of the binned C1'-C1' distance; ``first`` and ``last``: the outer edges."""
    edges = torch.linspace(first, last, logits.shape[-1] - 1, device=logits.device)
    target = torch.bucketize(distances(coords[:, :, C1], coords[:, :, C1]), edges)
    loss = F.cross_entropy(logits.permute(0, 3, 1, 2), target, reduction="none")
    return masked_mean(loss, different_pairs(mask[:, :, C1]))


def contact_loss(
    logits: Float[Tensor, "B N N"], contacts: Bool[Tensor, "B N N"], mask: Bool[Tensor, "B N N"]
) -> Float[Tensor, ""]:
    """Cross-entropy of base pairs."""
    loss = F.binary_cross_entropy_with_logits(logits, contacts.to(logits), reduction="none")
    return masked_mean(loss, mask)
