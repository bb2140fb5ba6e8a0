"""The objective: which losses a phase computes, and their weighted sum.

Every term is divided by its scale (``losses/scales.py``), so that 1 means an error one can name.
Losses are computed in single precision whatever the network works in.
"""

from collections.abc import Callable
from dataclasses import fields

import torch
from jaxtyping import Float
from torch import Tensor

from rna_predict.data.batch import Batch
from rna_predict.geometry.torch_superpose import random_rotations
from rna_predict.model.baselines.regressor import Regressor, RegressorTrunk
from rna_predict.model.build import AnyNetwork
from rna_predict.model.inputs import Features
from rna_predict.model.network import Trunk
from rna_predict.model.torsion_net import TorsionPrediction
from rna_predict.training.losses.alignment import aligned_mse, multiscale_loss
from rna_predict.training.losses.confidence import pae_loss, pde_loss, plddt_loss, resolved_loss
from rna_predict.training.losses.covalent import angle_loss, bond_loss, chirality_loss
from rna_predict.training.losses.frames import fape_loss
from rna_predict.training.losses.local import smooth_lddt_loss
from rna_predict.training.losses.noise import edm_weight, sample_sigma
from rna_predict.training.losses.pairs import contact_loss, distogram_loss
from rna_predict.training.losses.repulsion import clash_loss, minimum_distance_loss
from rna_predict.training.losses.scales import term_scales
from rna_predict.training.losses.torsions import mcq_loss, torsion_likelihood, torsion_loss
from rna_predict.training.regression import regressed_copies, regressed_torsion_loss
from rna_predict.training.settings import CONFIDENCE_TERMS, LossWeights, Phase, TrainingSettings

DENOISED = (
    "diffusion", "smooth_lddt", "multiscale", "fape", "bond", "angle", "chirality", "clash",
    "minimum_distance",
)  # fmt: skip
"""Terms of denoised copies, or of the structures of a regressor; all others are of the trunk."""
TORSION_TERMS = ("torsion", "torsion_mcq", "torsion_likelihood")
"""Terms of the torsion net, which needs no other part of the network."""
GEOMETRY_SIGMA = 4.0
"""Angstrom: copies with more noise do not show bonds, only their blurred mean."""


def loss_terms(
    network: AnyNetwork,
    batch: Batch,
    phase: Phase,
    settings: TrainingSettings,
    generator: torch.Generator,
) -> dict[str, Float[Tensor, ""]]:
    """Compute the loss terms of one batch, divided by their scales, without their weights.

    Parameters
    ----------
    network : RnaNetwork or Regressor
        Parts that do not learn are expected to be frozen.
    batch : Batch
        Inputs, and the truth, which enters the losses and, with noise, the denoiser.
    phase : Phase
        Copies, and weights: a term whose weight is 0 is not computed.
    settings : TrainingSettings
        Noise and sampler.
    generator : torch.Generator
        Source of all randomness, on the device of the batch.

    Returns
    -------
    dict of scalars
        By the names of :class:`LossWeights`, in their order.
    """
    features = Features(**batch.inputs)
    wanted = [field.name for field in fields(LossWeights) if getattr(phase.losses, field.name)]
    plain = not isinstance(network, Regressor)
    if plain and set(wanted) <= set(TORSION_TERMS):
        losses = _torsion_losses(network.torsion_net(features), batch)
    else:
        judged_only = set(wanted) <= set(CONFIDENCE_TERMS)
        with torch.set_grad_enabled(not (judged_only and phase.detach_confidence)):
            trunk = network.trunk(features, settings.recycles)
        losses = _trunk_losses(network, trunk, batch)
        if plain:
            torsions = TorsionPrediction(
                trunk.torsion_hidden,
                trunk.torsion_sin_cos,
                trunk.torsion_norm,
                trunk.torsion_log_kappa,
            )
            losses |= _torsion_losses(torsions, batch)
    if any(name in DENOISED for name in wanted):
        losses |= _denoised_losses(network, trunk, features, batch, phase, settings, generator)
    if any(name in CONFIDENCE_TERMS for name in wanted):
        losses |= _confidence_losses(network, trunk, features, batch, phase, settings, generator)
    scales = term_scales(network.dimensions)
    with torch.autocast(batch.truth.coords.device.type, enabled=False):
        return {name: losses[name]() / scales[name] for name in wanted}


def weigh(
    terms: dict[str, Float[Tensor, ""]], weights: LossWeights
) -> tuple[Float[Tensor, ""], dict[str, Float[Tensor, ""]]]:
    """Give the weighted sum of the terms, and each weighted term."""
    weighted = {name: getattr(weights, name) * term for name, term in terms.items()}
    return torch.stack(list(weighted.values())).sum(), weighted


def _trunk_losses(
    network: AnyNetwork, trunk: Trunk | RegressorTrunk, batch: Batch
) -> dict[str, Callable[[], Tensor]]:
    """Prepare the comparison of stage C, distances and contacts with the truth."""
    truth, d = batch.truth, network.dimensions
    mask = truth.atom_mask
    return {
        "kinematics_fape": lambda: fape_loss(
            trunk.start_coords[:, None].float(), truth.coords, mask
        ),
        "distogram": lambda: distogram_loss(
            trunk.distogram_logits.float(), truth.coords, mask, d.distogram_min, d.distogram_max
        ),
        "contact": lambda: contact_loss(
            trunk.contact_logits.float(), truth.pair_contacts, truth.pair_mask
        ),
    }


def _torsion_losses(torsions: TorsionPrediction, batch: Batch) -> dict[str, Callable[[], Tensor]]:
    """Prepare the comparison of the torsion net's torsions with the truth."""
    sin_cos, truth = torsions.sin_cos.float(), (batch.truth.torsions, batch.truth.torsion_mask)
    return {
        "torsion": lambda: torsion_loss(sin_cos, *truth, torsions.norm.float()),
        "torsion_mcq": lambda: mcq_loss(sin_cos, *truth, torsions.norm.float()),
        "torsion_likelihood": lambda: torsion_likelihood(
            sin_cos, torsions.log_kappa.float(), *truth
        ),
    }


def _denoised_losses(
    network: AnyNetwork,
    trunk: Trunk | RegressorTrunk,
    features: Features,
    batch: Batch,
    phase: Phase,
    settings: TrainingSettings,
    generator: torch.Generator,
) -> dict[str, Callable[[], Tensor]]:
    """Denoise copies of the truth, or regress structures, and prepare the comparison with it."""
    coords, mask = batch.truth.coords, batch.truth.atom_mask
    sequence, index = features.sequence, features.residue_index
    scale = network.dimensions.sigma_data
    shape = (features.batch, phase.noised_copies)
    others = {}
    if isinstance(network, Regressor):
        denoised, sigma, weight = regressed_copies(network, trunk, features, shape, generator)
        others["torsion"] = lambda: regressed_torsion_loss(denoised, features, batch.truth)
    else:
        sigma = sample_sigma(shape, generator, scale, settings.noise_mean, settings.noise_std)
        weight = edm_weight(sigma, scale)
        noisy = noised(coords, mask, sigma, generator)
        denoised = network.denoise(trunk, features, noisy, sigma, mask).float()
    chain = (denoised, sequence, index, mask, sigma < GEOMETRY_SIGMA)
    return others | {
        "diffusion": lambda: aligned_mse(denoised, coords, mask, weight),
        "smooth_lddt": lambda: smooth_lddt_loss(denoised, coords, mask),
        "multiscale": lambda: multiscale_loss(denoised, coords, mask, index),
        "fape": lambda: fape_loss(denoised, coords, mask),
        "bond": lambda: bond_loss(*chain),
        "angle": lambda: angle_loss(*chain),
        "chirality": lambda: chirality_loss(*chain),
        "clash": lambda: clash_loss(*chain),
        "minimum_distance": lambda: minimum_distance_loss(denoised, mask, sigma < scale),
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


def _confidence_losses(
    network: AnyNetwork,
    trunk: Trunk | RegressorTrunk,
    features: Features,
    batch: Batch,
    phase: Phase,
    settings: TrainingSettings,
    generator: torch.Generator,
) -> dict[str, Callable[[], Tensor]]:
    """Sample structures with a few steps and prepare the confidence's comparison with them."""
    coords, mask = batch.truth.coords, batch.truth.atom_mask
    samples = network.sample(trunk, features, phase.noised_copies, settings.rollout, generator)
    confidence = network.confidence(trunk, features, samples, phase.detach_confidence)
    samples, last = samples.float(), confidence.error_max
    return {
        "plddt": lambda: plddt_loss(confidence.plddt_logits.float(), samples, coords, mask),
        "pae": lambda: pae_loss(confidence.pae_logits.float(), samples, coords, mask, last),
        "pde": lambda: pde_loss(confidence.pde_logits.float(), samples, coords, mask, last),
        "resolved": lambda: resolved_loss(
            confidence.resolved_logits.float(), mask, features.slot_mask
        ),
    }
