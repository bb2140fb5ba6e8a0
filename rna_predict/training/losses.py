"""Losses, each a function of plain tensors and masks; gradients stay finite on any finite input.

B chains, S samples of each, N residues, coordinates in angstrom. Every loss is the mean over what
its mask keeps, and 0 where it keeps nothing.
"""

from functools import cache

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from rna_predict.constants import (
    ALPHABET,
    BACKBONE_ATOMS,
    BASE_BONDS,
    BASE_FRAME,
    IDEAL_BOND,
    N_BACKBONE,
    SLOT_INDEX,
    SUGAR_BONDS,
    UNKNOWN,
)
from rna_predict.geometry.torch_superpose import apply_motion, superpose
from rna_predict.model.atoms import residue_frames

LDDT_THRESHOLDS = (0.5, 1.0, 2.0, 4.0)
C1 = BACKBONE_ATOMS.index("C1'")
FRAME_SLOTS = tuple(BACKBONE_ATOMS.index(name) for name in ("C4'", "C3'", "C1'"))
PARTNER_SLOTS = (BACKBONE_ATOMS.index("P"), BACKBONE_ATOMS.index("C4'"), N_BACKBONE)
"""P, C4' and the glycosidic nitrogen stand for their residue in the smooth lDDT."""


def sample_sigma(
    shape: tuple[int, ...],
    generator: torch.Generator,
    sigma_data: float = 16.0,
    mean: float = -1.2,
    spread: float = 1.5,
) -> Float[Tensor, "*shape"]:
    """Draw noise levels of training, ``sigma_data * exp(mean + spread * n)``.

    Abramson et al. (2024) Nature 630:493, supplement 3.7.1. On the device of the generator.
    """
    normal = torch.randn(shape, generator=generator, device=generator.device)
    return sigma_data * torch.exp(mean + spread * normal)


def edm_weight(sigma: Float[Tensor, "*batch"], sigma_data: float = 16.0) -> Float[Tensor, "*batch"]:
    """Give the weight that makes all noise levels count alike at the start.

    ``(sigma^2 + sigma_data^2) / (sigma sigma_data)^2``: Karras et al. (2022), table 1.
    """
    return (sigma**2 + sigma_data**2) / (sigma * sigma_data) ** 2


def masked_mean(
    values: Float[Tensor, "*batch"], mask: Bool[Tensor, "*#batch"]
) -> Float[Tensor, ""]:
    """Average over the mask; 0 where it is empty."""
    weight = mask.expand(values.shape)
    return values.masked_fill(~weight, 0.0).sum() / weight.sum().clamp_min(1)


def rigid_align(
    mobile: Float[Tensor, "*batch n 3"],
    fixed: Float[Tensor, "*batch n 3"],
    weight: Float[Tensor, "*#batch n"],
) -> Float[Tensor, "*batch n 3"]:
    """Superpose ``mobile`` onto ``fixed``; no gradient passes through the motion."""
    return apply_motion(mobile, *superpose(mobile, fixed, weight))


def aligned_mse(
    predicted: Float[Tensor, "B S N 23 3"],
    truth: Float[Tensor, "B N 23 3"],
    mask: Bool[Tensor, "B N 23"],
    weight: Float[Tensor, "B S"] | None = None,
) -> Float[Tensor, ""]:
    """Squared error after the truth was superposed onto each sample.

    Abramson et al. (2024), supplement 3.7.1, equation 3.

    Parameters
    ----------
    predicted, truth : float, angstrom
        Samples and the observed coordinates.
    mask : (B, N, 23) bool
        Observed atoms.
    weight : (B, S) float, optional
        Of each sample, see :func:`edm_weight`.

    Returns
    -------
    scalar, square angstrom per coordinate
        Mean over samples of chains with observed atoms.
    """
    kept = mask[:, None].expand(predicted.shape[:-1]).flatten(2)
    target = truth[:, None].expand_as(predicted).flatten(2, 3)
    flat = predicted.flatten(2, 3)
    target = rigid_align(target, flat.detach(), kept.to(flat))
    square = ((flat - target).square().mean(-1) * kept).sum(-1) / kept.sum(-1).clamp_min(1)
    if weight is not None:
        square = square * weight
    return masked_mean(square, kept.any(-1))


def _distance(first: Tensor, second: Tensor) -> Tensor:
    """Distances of all of (..., n, 3) to all of (..., m, 3), with a finite gradient at zero."""
    return (first[..., :, None, :] - second[..., None, :, :]).square().sum(-1).add(1e-8).sqrt()


def _other_residues(n: int, first: int, second: int, device: torch.device) -> Tensor:
    """(n * first, n * second) bool: pairs of atoms of different residues."""
    residue = torch.arange(n, device=device)
    return residue.repeat_interleave(first)[:, None] != residue.repeat_interleave(second)


def smooth_lddt_loss(
    predicted: Float[Tensor, "B S N 23 3"],
    truth: Float[Tensor, "B N 23 3"],
    mask: Bool[Tensor, "B N 23"],
    radius: float = 30.0,
) -> Float[Tensor, ""]:
    """Give one minus a differentiable lDDT.

    Abramson et al. (2024), algorithm 27, with its radius for nucleotides; each atom is compared
    with the ``PARTNER_SLOTS`` of all other residues, which keeps the cost of long chains down.
    """
    slots = list(PARTNER_SLOTS)
    distance = _distance(predicted.flatten(2, 3), predicted[..., slots, :].flatten(2, 3))
    true = _distance(truth.flatten(1, 2), truth[..., slots, :].flatten(1, 2))
    pairs = mask.flatten(1)[:, :, None] & mask[..., slots].flatten(1)[:, None]
    pairs = pairs & (true < radius)
    pairs = pairs & _other_residues(mask.shape[1], mask.shape[2], len(slots), mask.device)
    error = (distance - true[:, None]).abs()
    score = torch.stack([torch.sigmoid(limit - error) for limit in LDDT_THRESHOLDS]).mean(0)
    return masked_mean(1 - score, pairs[:, None])


def bond_loss(
    coords: Float[Tensor, "B S N 23 3"],
    sequence: Int64[Tensor, "B N"],
    residue_index: Int64[Tensor, "B N"],
    mask: Bool[Tensor, "B N 23"],
) -> Float[Tensor, ""]:
    """Squared deviation from ideal length of the bonds within residues and of O3'-P.

    Parameters
    ----------
    coords : (B, S, N, 23, 3) float, angstrom
        Samples.
    sequence, residue_index : (B, N) int64
        As in ``Features``; residues whose indices follow each other are linked.
    mask : (B, N, 23) bool
        Atoms whose bonds count.

    Returns
    -------
    scalar, square angstrom
        Mean over bonds.
    """
    slots, ideal = (torch.as_tensor(table, device=coords.device) for table in _bond_tables())
    slots, ideal = slots[sequence], ideal.to(coords)[sequence]
    first, second = slots.unbind(-1)
    atoms = [
        coords.gather(3, end[:, None, :, :, None].expand(-1, coords.shape[1], -1, -1, 3))
        for end in (first, second)
    ]
    length = (atoms[0] - atoms[1]).square().sum(-1).add(1e-8).sqrt()
    present = mask.gather(2, first) & mask.gather(2, second) & (ideal > 0)

    o3, p = BACKBONE_ATOMS.index("O3'"), BACKBONE_ATOMS.index("P")
    link = (coords[:, :, :-1, o3] - coords[:, :, 1:, p]).square().sum(-1).add(1e-8).sqrt()
    linked = mask[:, :-1, o3] & mask[:, 1:, p] & (residue_index.diff(dim=1) == 1)

    error = torch.cat([(length - ideal[:, None]).flatten(2), link - IDEAL_BOND["O3'", "P+1"]], -1)
    kept = torch.cat([present.flatten(1), linked], dim=-1)[:, None]
    return masked_mean(error.square(), kept)


@cache
def _bond_tables() -> tuple[np.ndarray, np.ndarray]:
    """Give the slots of each bond by residue kind, (5, bonds, 2), and its length; 0 = no bond."""
    count = len(SUGAR_BONDS) + max(len(bonds) for bonds in BASE_BONDS.values())
    slots = np.zeros((len(ALPHABET), count, 2), dtype=np.int64)
    ideal = np.zeros((len(ALPHABET), count))
    for kind, base in enumerate(ALPHABET):
        for row, bond in enumerate(SUGAR_BONDS + BASE_BONDS[base]):
            slots[kind, row] = [SLOT_INDEX[base][name] for name in bond]
            ideal[kind, row] = (
                IDEAL_BOND[bond]
                if bond in IDEAL_BOND or base == UNKNOWN
                else np.linalg.norm(np.subtract(*(BASE_FRAME[base][name] for name in bond)))
            )
    return slots, ideal


def torsion_loss(
    sin_cos: Float[Tensor, "B N torsions 2"],
    target: Float[Tensor, "B N torsions"],
    mask: Bool[Tensor, "B N torsions"],
    norm: Float[Tensor, "B N torsions"] | None = None,
    threshold: float = 0.2,
    norm_weight: float = 0.02,
) -> Float[Tensor, ""]:
    """Huber loss of the wrapped angle, and a pull of the vectors to unit length.

    On the angle and not on its cosine, whose gradient vanishes near the target.

    Parameters
    ----------
    sin_cos : (B, N, 14, 2) float
        Predicted unit vectors.
    target : (B, N, 14) float, radians
        Anything finite outside the mask.
    mask : (B, N, 14) bool
        Torsions that are defined.
    norm : (B, N, 14) float, optional
        Length of the vectors before normalisation.
    threshold : float, radians
        Quadratic below, linear above.
    norm_weight : float
        Weight of ``|norm - 1|``.

    Returns
    -------
    scalar
        Radians where errors are large.
    """
    sine, cosine = sin_cos.unbind(-1)
    true_sine, true_cosine = target.sin(), target.cos()
    difference = torch.atan2(
        sine * true_cosine - cosine * true_sine, cosine * true_cosine + sine * true_sine
    )
    zero = torch.zeros_like(difference)
    loss = F.smooth_l1_loss(difference, zero, reduction="none", beta=threshold)
    loss = masked_mean(loss, mask)
    if norm is not None:
        loss = loss + norm_weight * masked_mean((norm - 1).abs(), mask)
    return loss


def distogram_loss(
    logits: Float[Tensor, "B N N bins"],
    coords: Float[Tensor, "B N 23 3"],
    mask: Bool[Tensor, "B N 23"],
    first: float,
    last: float,
) -> Float[Tensor, ""]:
    """Cross-entropy of the binned C1'-C1' distance; ``first`` and ``last``: the outer edges."""
    edges = torch.linspace(first, last, logits.shape[-1] - 1, device=logits.device)
    target = torch.bucketize(_distance(coords[:, :, C1], coords[:, :, C1]), edges)
    loss = F.cross_entropy(logits.permute(0, 3, 1, 2), target, reduction="none")
    return masked_mean(loss, _different(mask[:, :, C1]))


def contact_loss(
    logits: Float[Tensor, "B N N"], contacts: Bool[Tensor, "B N N"], mask: Bool[Tensor, "B N N"]
) -> Float[Tensor, ""]:
    """Cross-entropy of base pairs."""
    loss = F.binary_cross_entropy_with_logits(logits, contacts.to(logits), reduction="none")
    return masked_mean(loss, mask)


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
    true = _distance(truth.flatten(1, 2), truth.flatten(1, 2))
    pairs = mask.flatten(1)[:, :, None] & mask.flatten(1)[:, None] & (true < radius)
    pairs = pairs & _other_residues(n, slots, slots, mask.device)
    count = pairs.sum(-1).unflatten(1, (n, slots)).sum(-1)
    limits = torch.tensor(LDDT_THRESHOLDS, device=mask.device)
    scores = []
    for sample in predicted.flatten(2, 3).unbind(1):
        error = (_distance(sample, sample) - true).abs()
        kept = sum(((error < limit) & pairs).sum(-1) for limit in limits) / len(LDDT_THRESHOLDS)
        scores.append(kept.unflatten(1, (n, slots)).sum(-1) / count.clamp_min(1))
    return torch.stack(scores, dim=1), count > 0


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
    error = (_distance(points, points) - _distance(true, true)[:, None]).abs()
    return masked_mean(_bin_loss(logits, error, last), _different(mask[:, :, C1])[:, None])


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


def _different(present: Tensor) -> Tensor:
    """(B, N, N) bool: pairs of two different residues, both present."""
    same = torch.eye(present.shape[1], dtype=torch.bool, device=present.device)
    return present[:, :, None] & present[:, None] & ~same
