"""Optimiser, learning rates, and what is done to gradients before a step."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from rna_predict.model.adapters import trained_state
from rna_predict.training.settings import Phase

BETAS = (0.9, 0.95)
NOISE_DECAY = 0.55
"""Exponent with which the noise on gradients falls: Neelakantan et al. (2015), equation 1."""
LEAST_NORM = 1e-3
"""Rows of weights count as at least this long: Brock et al. (2021), so that zeros can grow."""


def make_optimizer(network: nn.Module, phase: Phase) -> torch.optim.Optimizer:
    """Make Adam with decoupled weight decay over what the phase trains.

    Parameters
    ----------
    network : Module
        Frozen where the phase does not train.
    phase : Phase
        Its ``rates`` are groups of their own.

    Raises
    ------
    ValueError
        If a rate fits no trained parameter.
    """
    factors = {"": 1.0} | {rate.of: rate.factor for rate in phase.rates}
    groups: dict[str, list[Tensor]] = {}
    for name, parameter in trained_state(network).items():
        fits = [start for start in factors if start and f"{name}.".startswith(f"{start}.")]
        groups.setdefault(max(fits, key=len, default=""), []).append(parameter)
    if stray := sorted(set(factors) - set(groups) - {""}):
        raise ValueError(f"phase {phase.name}: rate of {stray[0]}, which is not trained")
    return torch.optim.AdamW(
        [
            {"params": parameters, "lr": phase.learning_rate * factors[start]}
            for start, parameters in groups.items()
        ],
        lr=phase.learning_rate,
        betas=BETAS,
        weight_decay=phase.weight_decay,
    )


def learning_rate(phase: Phase, step: int) -> float:
    """Give the learning rate of a step as a fraction of the highest.

    Linear warm-up, then a cosine to ``final_rate``; both start anew at each step of the curriculum
    (warm restarts: Loshchilov & Hutter 2017, arXiv 1608.03983).
    """
    turns = [0, *(rung.until for rung in phase.curriculum), phase.steps]
    first = max(turn for turn in turns[:-1] if turn <= step)
    last = turns[turns.index(first) + 1]
    if step - first < phase.warmup_steps:
        return (step - first + 1) / phase.warmup_steps
    done = (step - first - phase.warmup_steps) / max(1, last - first - phase.warmup_steps)
    low = phase.final_rate
    return low + (1 - low) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


@torch.no_grad()
def add_gradient_noise(
    parameters: Iterable[Tensor], variance: float, step: int, generator: torch.Generator
) -> None:
    """Add noise to the gradients, of a variance that falls with the steps."""
    spread = math.sqrt(variance / (1 + step) ** NOISE_DECAY)
    for parameter in parameters:
        if parameter.grad is not None:
            noise = torch.randn(parameter.shape, generator=generator, device=generator.device)
            parameter.grad.add_(noise.to(parameter.grad), alpha=spread)


@torch.no_grad()
def clip_adaptively(parameters: Iterable[Tensor], fraction: float) -> None:
    """Shorten the gradient of each row of a weight to a fraction of the row's length.

    Brock et al. (2021), arXiv 2102.06171, equation 3; a vector counts as one row.
    """
    for parameter in parameters:
        if parameter.grad is None:
            continue
        over = tuple(range(1, parameter.ndim)) if parameter.ndim > 1 else None
        size, length = (
            torch.linalg.vector_norm(tensor, dim=over, keepdim=parameter.ndim > 1)
            for tensor in (parameter, parameter.grad)
        )
        longest = fraction * size.clamp_min(LEAST_NORM)
        parameter.grad.mul_((longest / length.clamp_min(1e-12)).clamp_max(1.0))
