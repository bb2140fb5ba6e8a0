"""What the confidence heads say of sampled structures, against the errors these have."""

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from rna_predict.constants import BACKBONE_ATOMS
from rna_predict.model.kinematics import residue_frames
from rna_predict.training.losses.local import residue_lddt
from rna_predict.training.losses.reductions import different_pairs, distances, masked_mean

C1 = BACKBONE_ATOMS.index("C1'")
FRAME_SLOTS = tuple(BACKBONE_ATOMS.index(name) for name in ("C4'", "C3'", "C1'"))
"""Atoms of ``model.kinematics.residue_frames``."""


def plddt_loss(
    logits: Float[Tensor, "B S N bins"],
    predicted: Float[Tensor, "B S N 23 3"],
    truth: Float[Tensor, "B N 23 3"],
    mask: Bool[Tensor, "B N 23"],
) -> Float[Tensor, ""]:
    """Cross-entropy of the binned lDDT that each residue of each sample has."""
    score, defined = residue_lddt(predicted, truth, mask)
    return masked_mean(_bin_loss(logits, score, 1.0), defined[:, None])


def pae_loss(
    logits: Float[Tensor, "B S N N bins"],
    predicted: Float[Tensor, "B S N 23 3"],
    truth: Float[Tensor, "B N 23 3"],
    mask: Bool[Tensor, "B N 23"],
    last: float,
) -> Float[Tensor, ""]:
    """Cross-entropy of the binned error of C1' of residue j, seen from the sugar frame of i."""
    axes, origin = residue_frames(predicted.detach().flatten(0, 1))
    true_axes, true_origin = residue_frames(truth)
    seen = (predicted.detach().flatten(0, 1)[:, None, :, C1] - origin[:, :, None]) @ axes
    true = (truth[:, None, :, C1] - true_origin[:, :, None]) @ true_axes
    error = (seen.unflatten(0, logits.shape[:2]) - true[:, None]).norm(dim=-1)
    frames = mask[..., list(FRAME_SLOTS)].all(-1)
    pairs = frames[:, :, None] & mask[:, None, :, C1]
    return masked_mean(_bin_loss(logits, error, last), pairs[:, None])


def pde_loss(
    logits: Float[Tensor, "B S N N bins"],
    predicted: Float[Tensor, "B S N 23 3"],
    truth: Float[Tensor, "B N 23 3"],
    mask: Bool[Tensor, "B N 23"],
    last: float,
) -> Float[Tensor, ""]:
    """Cross-entropy of the binned error of the C1'-C1' distance."""
    points, true = predicted.detach()[..., C1, :], truth[:, :, C1]
    error = (distances(points, points) - distances(true, true)[:, None]).abs()
    return masked_mean(_bin_loss(logits, error, last), different_pairs(mask[:, :, C1])[:, None])


def resolved_loss(
    logits: Float[Tensor, "B S N 23"],
    atom_mask: Bool[Tensor, "B N 23"],
    slot_mask: Bool[Tensor, "B N 23"],
) -> Float[Tensor, ""]:
    """Cross-entropy of an atom having been observed, over the atoms that exist."""
    target = atom_mask[:, None].expand(logits.shape).to(logits)
    loss = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return masked_mean(loss, slot_mask[:, None])


def _bin_loss(logits: Tensor, value: Tensor, last: float) -> Tensor:
    """Cross-entropy of a value in equal bins from 0 to ``last``; beyond it: the last bin."""
    bins = logits.shape[-1]
    target = (value * (bins / last)).long().clamp(0, bins - 1)
    return F.cross_entropy(logits.movedim(-1, 1), target, reduction="none")
