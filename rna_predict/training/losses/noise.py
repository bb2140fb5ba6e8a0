"""Noise levels of training and what each counts."""

import torch
from jaxtyping import Float
from torch import Tensor


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

    ``(sigma^2 + sigma_data^2) / (sigma sigma_data)^2``: Karras et al. (2022), table 1. The
    supplement of Abramson et al. prints a sum in the denominator; theirs is the product too.
    """
    return (sigma**2 + sigma_data**2) / (sigma * sigma_data) ** 2
