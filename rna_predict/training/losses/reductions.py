"""Averages over masks, the mean of the worst, and distances whose gradient is always finite."""

from math import ceil

import torch
from jaxtyping import Bool, Float
from torch import Tensor

WORST = 0.01
"""Share of the values that geometry terms count a second time: an average over thousands of bonds
hides the one that is broken."""


def masked_mean(
    values: Float[Tensor, "*batch"], mask: Bool[Tensor, "*#batch"]
) -> Float[Tensor, ""]:
    """Average over the mask; 0 where it is empty."""
    weight = mask.expand(values.shape)
    return values.masked_fill(~weight, 0.0).sum() / weight.sum().clamp_min(1)


def worst_mean(
    values: Float[Tensor, "*batch n"], mask: Bool[Tensor, "*#batch n"], share: float = WORST
) -> Float[Tensor, ""]:
    """Average the greatest values of each row, then the rows.

    Parameters
    ----------
    values : (..., n) float
        Costs of one sample in each row; not negative.
    mask : (..., n) bool
        Values that count.
    share : float
        Fraction of a row's values that is averaged, at least one of them.

    Returns
    -------
    scalar
        0 if nothing counts; rows in which nothing counts are left out.
    """
    kept = mask.expand(values.shape)
    count = (share * kept.sum(-1, keepdim=True)).ceil().clamp_min(1)
    most = max(1, ceil(share * values.shape[-1]))
    worst = values.masked_fill(~kept, 0.0).topk(most, dim=-1).values
    chosen = torch.arange(most, device=values.device) < count
    return masked_mean((worst * chosen).sum(-1) / count[..., 0], kept.any(-1))


def mean_and_worst(
    values: Float[Tensor, "*batch n"], mask: Bool[Tensor, "*#batch n"]
) -> Float[Tensor, ""]:
    """Add the mean of the worst ``WORST`` of each row to the mean of all."""
    return masked_mean(values, mask) + worst_mean(values, mask)


def distances(
    first: Float[Tensor, "*#batch n 3"], second: Float[Tensor, "*#batch m 3"]
) -> Float[Tensor, "*#batch n m"]:
    """Measure all distances; the gradient is 0 between points that coincide.

    From the differences, not from a matrix product, which would cancel near 0.
    """
    return torch.cdist(first, second, compute_mode="donot_use_mm_for_euclid_dist")


def lengths(vectors: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch"]:
    """Measure lengths, with a finite gradient at 0."""
    return vectors.square().sum(-1).add(1e-8).sqrt()


def different_pairs(present: Bool[Tensor, "B N"]) -> Bool[Tensor, "B N N"]:
    """Tell pairs of two different residues, both present."""
    same = torch.eye(present.shape[1], dtype=torch.bool, device=present.device)
    return present[:, :, None] & present[:, None] & ~same
