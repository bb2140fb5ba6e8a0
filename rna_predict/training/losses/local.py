"""Distances that should be kept: the smooth lDDT, and the lDDT that confidence is trained on."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from rna_predict.constants import BACKBONE_ATOMS, N_BACKBONE
from rna_predict.training.losses.reductions import distances

LDDT_THRESHOLDS = (0.5, 1.0, 2.0, 4.0)
PARTNER_SLOTS = (BACKBONE_ATOMS.index("P"), BACKBONE_ATOMS.index("C4'"), N_BACKBONE)
"""P, C4' and the glycosidic nitrogen stand for their residue in the smooth lDDT."""
SMOOTH_RADIUS = 30.0
"""Angstrom: the inclusion radius that algorithm 27 has for nucleotides (15 for all else)."""


def smooth_lddt_loss(
    predicted: Float[Tensor, "B S N 23 3"],
    truth: Float[Tensor, "B N 23 3"],
    mask: Bool[Tensor, "B N 23"],
    radius: float = SMOOTH_RADIUS,
) -> Float[Tensor, ""]:
    """Give one minus a differentiable lDDT.

    Abramson et al. (2024), algorithm 27, with its radius for nucleotides. Two things differ, which
    keeps the cost of long chains down: each atom is compared with the ``PARTNER_SLOTS`` of other
    residues only, and pairs within a residue are left out. The backward pass computes the distances
    of one sample at a time again, so memory does not grow with the samples.

    Parameters
    ----------
    predicted, truth : float, angstrom
        Samples and the observed coordinates.
    mask : (B, N, 23) bool
        Observed atoms.
    radius : float, angstrom
        Pairs nearer than this in the truth count.

    Returns
    -------
    scalar
        Mean over all pairs; 0.20 for a perfect structure, whose sigmoids are not all 1.
    """
    slots = list(PARTNER_SLOTS)
    true = distances(truth.flatten(1, 2), truth[..., slots, :].flatten(1, 2))
    pairs = mask.flatten(1)[:, :, None] & mask[..., slots].flatten(1)[:, None]
    pairs = pairs & (true < radius)
    pairs = pairs & _other_residues(mask.shape[1], mask.shape[2], len(slots), mask.device)

    def missed(sample: Tensor) -> Tensor:
        error = distances(sample.flatten(1, 2), sample[..., slots, :].flatten(1, 2)) - true
        score = sum(torch.sigmoid(limit - error.abs()) for limit in LDDT_THRESHOLDS)
        return (1 - score / len(LDDT_THRESHOLDS)).masked_fill(~pairs, 0.0).sum()

    samples = predicted.unbind(1)
    total = sum(checkpoint(missed, sample, use_reentrant=False) for sample in samples)
    return total / (len(samples) * pairs.sum()).clamp_min(1)


@torch.no_grad()
def residue_lddt(
    predicted: Float[Tensor, "B S N 23 3"],
    truth: Float[Tensor, "B N 23 3"],
    mask: Bool[Tensor, "B N 23"],
    radius: float = 15.0,
) -> tuple[Float[Tensor, "B S N"], Bool[Tensor, "B N"]]:
    """Measure the lDDT of each residue over all heavy atoms.

    Mariani et al. (2013) Bioinformatics 29:2722.

    Returns
    -------
    score : (B, S, N) float
        In [0, 1]; 0 where there is nothing to compare.
    defined : (B, N) bool
        Residues with an observed atom that has one of another residue within ``radius``.
    """
    n, slots = mask.shape[1:]
    true = distances(truth.flatten(1, 2), truth.flatten(1, 2))
    pairs = mask.flatten(1)[:, :, None] & mask.flatten(1)[:, None] & (true < radius)
    pairs = pairs & _other_residues(n, slots, slots, mask.device)
    count = pairs.sum(-1).unflatten(1, (n, slots)).sum(-1)
    scores = []
    for sample in predicted.flatten(2, 3).unbind(1):
        error = (distances(sample, sample) - true).abs()
        kept = sum(((error < limit) & pairs).sum(-1) for limit in LDDT_THRESHOLDS)
        kept = kept / len(LDDT_THRESHOLDS)
        scores.append(kept.unflatten(1, (n, slots)).sum(-1) / count.clamp_min(1))
    return torch.stack(scores, dim=1), count > 0


def _other_residues(n: int, first: int, second: int, device: torch.device) -> Tensor:
    """(n * first, n * second) bool: pairs of atoms of different residues."""
    residue = torch.arange(n, device=device)
    return residue.repeat_interleave(first)[:, None] != residue.repeat_interleave(second)
