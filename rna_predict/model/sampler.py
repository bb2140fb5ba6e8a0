"""Sampling structures from the denoiser: stochastic as in AlphaFold 3, or a few-step ODE."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SamplerSettings:
    """How samples are drawn. The defaults are the few-step ODE; AlphaFold 3: 200, 0.8, 1.5."""

    steps: int = 20
    """Denoising steps."""
    gamma0: float = 0.0
    """Noise added back at each step, as a fraction of the noise level; 0 makes it an ODE."""
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
