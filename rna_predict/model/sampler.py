"""Sampling structures from the denoiser: stochastic as in AlphaFold 3, or a few-step ODE."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from rna_predict.geometry.torch_superpose import random_rotations
from rna_predict.model.kinematics import centre


@dataclass(frozen=True)
class SamplerSettings:
    """How samples are drawn. The defaults are a few-step ODE.

    AlphaFold 3's own sampler: 200 steps, gamma0 0.8, step_scale 1.5.
    """

    steps: int = 20
    """Denoising steps."""
    gamma0: float = 0.0
    """Noise added back before each step, as a fraction of the noise level; 0 makes it an ODE."""
    gamma_min: float = 1.0
    """No noise is added back at levels (angstrom) at or below this."""
    noise_scale: float = 1.003
    """Factor on the noise that is added back."""
    step_scale: float = 1.0
    """Factor on each step towards the denoised coordinates."""
    sigma_max: float = 160.0
    """First noise level (angstrom)."""
    sigma_min: float = 4e-4
    """Last noise level (angstrom)."""
    sigma_start: float = 16.0
    """First noise level (angstrom) of samples that start from stage C's coordinates."""
    rho: float = 7.0
    """Curvature of the schedule: greater means more steps at low noise."""


def noise_levels(settings: SamplerSettings, sigma_max: float) -> Float[Tensor, " levels"]:
    """Give the ``steps + 1`` falling noise levels (angstrom), from ``sigma_max``.

    Karras et al. (2022, arXiv:2206.00364), equation 5.
    """
    share = torch.linspace(0.0, 1.0, settings.steps + 1)
    first, last = sigma_max ** (1 / settings.rho), settings.sigma_min ** (1 / settings.rho)
    return (first + share * (last - first)) ** settings.rho


@torch.no_grad()
def draw_samples(
    denoise: Callable[[Tensor, Tensor], Tensor],
    start: Float[Tensor, "B S N 23 3"],
    atom_mask: Bool[Tensor, "B N 23"],
    settings: SamplerSettings,
    sigma_max: float,
    generator: torch.Generator,
) -> Float[Tensor, "B S N 23 3"]:
    """Follow the noise levels down (AlphaFold 3, algorithm 18).

    Parameters
    ----------
    denoise : callable
        Maps (B, S, N, 23, 3) noisy coordinates and (B, S) noise levels to clean coordinates.
    start : (B, S, N, 23, 3) float, angstrom
        Mean of the first noisy coordinates: zeros, or a guess.
    atom_mask : (B, N, 23) bool
        Atoms that exist.
    settings : SamplerSettings
        Schedule and steps.
    sigma_max : float, angstrom
        First noise level.
    generator : torch.Generator
        Source of all randomness.

    Returns
    -------
    (B, S, N, 23, 3) float, angstrom
        Centred; 0 outside the mask.
    """
    mask = atom_mask[:, None]

    def normal() -> Tensor:
        drawn = torch.randn(start.shape, generator=generator, device=generator.device)
        return drawn.to(start.device)

    levels = noise_levels(settings, sigma_max).tolist()
    x = start + levels[0] * normal()
    for now, following in zip(levels, levels[1:], strict=False):
        rotation = random_rotations(start.shape[:2], generator, start.device)
        x = centre(x, mask) @ rotation[:, :, None].transpose(-1, -2)
        raised = now * (1 + (settings.gamma0 if now > settings.gamma_min else 0.0))
        if raised > now:
            x = x + settings.noise_scale * (raised**2 - now**2) ** 0.5 * normal()
        clean = denoise(x, torch.full(start.shape[:2], raised, device=start.device))
        x = x + settings.step_scale * (following - raised) * (x - clean) / raised
    return centre(x, mask)
