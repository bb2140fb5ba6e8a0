"""The objective: which losses a phase computes, and their weighted sum."""

from dataclasses import fields

import torch
from jaxtyping import Float
from torch import Tensor

from rna_predict.data.batch import Batch
from rna_predict.geometry.torch_superpose import random_rotations
from rna_predict.model.inputs import Features
from rna_predict.model.network import RnaNetwork, Trunk
from rna_predict.training import losses
from rna_predict.training.settings import LossWeights, Phase, TrainingSettings

CONFIDENCE = ("plddt", "pae", "pde", "resolved")
"""Terms of sampled structures; all others are of the trunk and the denoiser."""
BOND_SIGMA = 4.0
"""Angstrom: copies with more noise do not show bonds, only their blurred mean."""


def loss_terms(
    network: RnaNetwork,
    batch: Batch,
    phase: Phase,
    settings: TrainingSettings,
    generator: torch.Generator,
) -> dict[str, Float[Tensor, ""]]:
    """Compute the loss terms of one batch, without their weights.

    Parameters
    ----------
    network : RnaNetwork
        Parts that do not learn are expected to be frozen.
    batch : Batch
        Inputs, and the truth, which enters the losses and, with noise, the denoiser.
    phase : Phase
        Copies, and weights: a group of terms whose weights are all 0 is left out.
    settings : TrainingSettings
        Noise and sampler.
    generator : torch.Generator
        Source of all randomness, on the device of the batch.

    Returns
    -------
    dict of scalars
        By the names of :class:`LossWeights`.
    """
    features = Features(**batch.inputs)
    with_structure = any(
        getattr(phase.losses, field.name)
        for field in fields(LossWeights)
        if field.name not in CONFIDENCE
    )
    terms: dict[str, Tensor] = {}
    with torch.set_grad_enabled(with_structure):
        trunk = network.trunk(features, settings.recycles)
    if with_structure:
        terms |= _structure_terms(network, trunk, features, batch, phase, settings, generator)
    if any(getattr(phase.losses, name) for name in CONFIDENCE):
        terms |= _confidence_terms(network, trunk, features, batch, phase, settings, generator)
    return terms


def weigh(
    terms: dict[str, Float[Tensor, ""]], weights: LossWeights
) -> tuple[Float[Tensor, ""], dict[str, Float[Tensor, ""]]]:
    """Give the weighted sum of the terms, and each weighted term."""
    weighted = {name: getattr(weights, name) * term for name, term in terms.items()}
    return torch.stack(list(weighted.values())).sum(), weighted


def _structure_terms(
    network: RnaNetwork,
    trunk: Trunk,
    features: Features,
    batch: Batch,
    phase: Phase,
    settings: TrainingSettings,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """Compare denoised copies, torsions, distances and contacts with the truth."""
    truth, d = batch.truth, network.dimensions
    mask = truth.atom_mask
    copies = (features.batch, phase.noised_copies)
    sigma = losses.sample_sigma(
        copies, generator, d.sigma_data, settings.noise_mean, settings.noise_std
    )
    noisy = noised(truth.coords, mask, sigma, generator)
    denoised = network.denoise(trunk, features, noisy, sigma, mask)
    each = phase.noised_copies
    shown = mask.repeat_interleave(each, 0) & (sigma < BOND_SIGMA).flatten()[:, None, None]
    return {
        "diffusion": losses.aligned_mse(
            denoised, truth.coords, mask, losses.edm_weight(sigma, d.sigma_data)
        ),
        "smooth_lddt": losses.smooth_lddt_loss(denoised, truth.coords, mask),
        "bond": losses.bond_loss(
            denoised.flatten(0, 1)[:, None],
            features.sequence.repeat_interleave(each, 0),
            features.residue_index.repeat_interleave(each, 0),
            shown,
        ),
        "torsion": losses.torsion_loss(
            trunk.torsion_sin_cos, truth.torsions, truth.torsion_mask, trunk.torsion_norm
        ),
        "distogram": losses.distogram_loss(
            trunk.distogram_logits, truth.coords, mask, d.distogram_min, d.distogram_max
        ),
        "contact": losses.contact_loss(trunk.contact_logits, truth.pair_contacts, truth.pair_mask),
    }


def noised(
    coords: Float[Tensor, "B N 23 3"],
    mask: Tensor,
    sigma: Float[Tensor, "B S"],
    generator: torch.Generator,
) -> Float[Tensor, "B S N 23 3"]:
    """Centre each chain, turn each copy at random, add its noise.

    Parameters
    ----------
    coords : (B, N, 23, 3) float, angstrom
        Observed coordinates.
    mask : (B, N, 23) bool
        Observed atoms; the others become pure noise about the centre.
    sigma : (B, S) float, angstrom
        Noise level of each copy.
    generator : torch.Generator
        Source of all randomness.

    Returns
    -------
    (B, S, N, 23, 3) float, angstrom
    """
    weight = mask[..., None].to(coords)
    count = weight.sum((1, 2), keepdim=True).clamp_min(1)
    centred = (coords - (coords * weight).sum((1, 2), keepdim=True) / count) * weight
    turns = random_rotations(tuple(sigma.shape), generator, coords.device)
    turned = centred[:, None] @ turns[:, :, None].transpose(-1, -2)
    noise = torch.randn(turned.shape, generator=generator, device=generator.device)
    return turned + sigma[:, :, None, None, None] * noise.to(turned)


def _confidence_terms(
    network: RnaNetwork,
    trunk: Trunk,
    features: Features,
    batch: Batch,
    phase: Phase,
    settings: TrainingSettings,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """Sample structures with a few steps and compare the confidence in them with their errors."""
    coords, mask = batch.truth.coords, batch.truth.atom_mask
    samples = network.sample(trunk, features, phase.noised_copies, settings.rollout, generator)
    confidence = network.confidence(trunk, features, samples)
    last = confidence.error_max
    return {
        "plddt": losses.plddt_loss(confidence.plddt_logits, samples, coords, mask),
        "pae": losses.pae_loss(confidence.pae_logits, samples, coords, mask, last),
        "pde": losses.pde_loss(confidence.pde_logits, samples, coords, mask, last),
        "resolved": losses.resolved_loss(confidence.resolved_logits, mask, features.slot_mask),
    }
