"""Parts that every block uses: linear maps, attention with bias, transitions, adaptive norms."""

from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rna_predict.model.chunks import by_rows

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


def for_products(x: Tensor) -> Tensor:
    """Round to the type that autocast multiplies in, once for all the maps that follow."""
    device = x.device.type
    return x.to(torch.get_autocast_dtype(device)) if torch.is_autocast_enabled(device) else x


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(..., n, c) to (..., heads, n, c / heads)."""
    return x.unflatten(-1, (heads, -1)).transpose(-2, -3)


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
    """Softmax attention of (..., heads, n, d) with a bias on the scores; gives (..., n, c).

    A row without keys averages all values. Fused kernels do not hold the scores. Those of a CPU
    cannot find the gradient of a bias, so there the scores are held where gradients are kept: it
    costs what torch's own way out of this costs.
    """
    if query.device.type == "cpu" and torch.is_grad_enabled():
        scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2) + bias
        return (scores.softmax(-1) @ value).transpose(-2, -3).flatten(-2)
    return fused_attention(query, key, value, bias).transpose(-2, -3).flatten(-2)


def fused_attention(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
    """Call torch's fused attention, whose kernels want (batch, heads, n, d).

    Leading axes along which the bias is one and the same become its batch, so that the bias is
    never copied; the other leading axes become heads. The gradient of a row without keys is finite,
    but means nothing.
    """
    lead = query.shape[:-3]
    bias = bias.reshape(*(1,) * (query.dim() - bias.dim()), *bias.shape)
    bias = bias.expand(*bias.shape[:-3], *query.shape[-3:-1], -1)
    order = sorted(range(len(lead)), key=lambda axis: bias.shape[axis] != 1)
    batch = prod(lead[axis] for axis in order if bias.shape[axis] == 1)

    def fold(x: Tensor, first: int) -> Tensor:
        x = x.permute(*order, *range(len(lead), x.dim()))
        return x.reshape(first, prod(x.shape[:-2]) // first, *x.shape[-2:])

    folded = F.scaled_dot_product_attention(
        fold(query, batch), fold(key, batch), fold(value, batch), fold(bias, 1).to(query.dtype)
    )
    shape = [lead[axis] for axis in order]
    back = [order.index(axis) for axis in range(len(lead))]
    return folded.reshape(*shape, *query.shape[-3:-1], value.shape[-1]).permute(
        *back, *range(len(lead), query.dim())
    )


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
        self.hidden = 2 * factor * width
        self.norm = nn.LayerNorm(width)
        self.up = linear(width, self.hidden)
        self.down = linear(factor * width, width, zero=True)

    def forward(self, x: Tensor) -> Tensor:
        """Give the update of ``x``, (B, n, ..., width)."""
        return by_rows(self._update, x, width=self.hidden)

    def _update(self, x: Tensor) -> Tensor:
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
