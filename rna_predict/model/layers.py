"""Parts that every block uses: linear maps, attention with bias, transitions, adaptive norms."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MASKED = -1e9
"""Added to the score of keys that do not exist; finite, so that a row without keys stays finite."""


def linear(inputs: int, outputs: int, bias: bool = False, zero: bool = False) -> nn.Linear:
    """Make a linear map: LeCun normal, or zero for maps that end a residual branch."""
    layer = nn.Linear(inputs, outputs, bias=bias)
    nn.init.normal_(layer.weight, std=0.0 if zero else inputs**-0.5)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


def gate(inputs: int, outputs: int, bias: float = 0.0) -> nn.Linear:
    """Make the map before a sigmoid: zero weights, so that every gate starts at one value."""
    layer = linear(inputs, outputs, bias=True, zero=True)
    nn.init.constant_(layer.bias, bias)
    return layer


def mask_bias(mask: Tensor) -> Tensor:
    """Turn a bool mask of keys into a bias: 0 where True, ``MASKED`` where False."""
    return torch.zeros(mask.shape, device=mask.device).masked_fill(~mask, MASKED)


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(..., n, c) to (..., heads, n, c / heads)."""
    return x.unflatten(-1, (heads, -1)).transpose(-2, -3)


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
    """Softmax attention of (..., heads, n, d) with a bias on the scores; gives (..., n, c)."""
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2) + bias
    return (scores.softmax(-1) @ value).transpose(-2, -3).flatten(-2)


class Attention(nn.Module):
    """Gated self-attention over (..., n, c) with a bias; the output starts at zero."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = linear(width, width, bias=True)
        self.key_value = linear(width, 2 * width)
        self.gate = gate(width, width)
        self.out = linear(width, width, zero=True)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """``bias``: broadcasts to (..., heads, n, n)."""
        key, value = self.key_value(x).chunk(2, -1)
        query, key, value = (split_heads(part, self.heads) for part in (self.query(x), key, value))
        return self.out(self.gate(x).sigmoid() * attend(query, key, value, bias))


class Transition(nn.Module):
    """Normalised two-layer SwiGLU network; the output starts at zero."""

    def __init__(self, width: int, factor: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = linear(width, 2 * factor * width)
        self.down = linear(factor * width, width, zero=True)

    def forward(self, x: Tensor) -> Tensor:
        """Give the update of ``x``."""
        a, b = self.up(self.norm(x)).chunk(2, -1)
        return self.down(F.silu(a) * b)


class AdaptiveNorm(nn.Module):
    """Layer norm whose scale and shift come from a condition (AlphaFold 3, algorithm 26)."""

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.condition_norm = nn.LayerNorm(condition, bias=False)
        self.scale = gate(condition, width)
        self.shift = linear(condition, width)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Normalise ``x``; the condition broadcasts to it."""
        condition = self.condition_norm(condition)
        return self.scale(condition).sigmoid() * self.norm(x) + self.shift(condition)


class ConditionedTransition(nn.Module):
    """SwiGLU network with an adaptive norm and a conditioned output gate (algorithm 25)."""

    def __init__(self, width: int, condition: int, factor: int) -> None:
        super().__init__()
        self.norm = AdaptiveNorm(width, condition)
        self.up = linear(width, 2 * factor * width)
        self.down = linear(factor * width, width)
        self.gate = gate(condition, width, bias=-2.0)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Give the update of ``x``."""
        a, b = self.up(self.norm(x, condition)).chunk(2, -1)
        return self.gate(condition).sigmoid() * self.down(F.silu(a) * b)


def radial_basis(distance: Tensor, last: float, count: int) -> Tensor:
    """Gaussians of a distance (angstrom), centred evenly from 0 to ``last``, as wide as spaced."""
    centres = torch.linspace(0.0, last, count, device=distance.device)
    return torch.exp(-0.5 * ((distance[..., None] - centres) * ((count - 1) / last)) ** 2)


def safe_norm(vector: Tensor) -> Tensor:
    """Length of vectors, with a finite gradient at zero length."""
    return (vector.square().sum(-1) + 1e-6).sqrt()
