"""The one place that chooses who computes the triangle updates: NVIDIA's cuEquivariance, or ours.

It is optional: ``pip install cuequivariance-torch cuequivariance-ops-torch-cu13`` (or ``-cu12``),
in a version whose multiplication takes the biases of its gates, as 0.13 does. Where it is installed
and the tensors are on a CUDA device, its fused kernels run the triangle updates of the sizes that
they support; everywhere else torch does. Both compute the same sums, in another order. Layouts
follow its documentation: https://docs.nvidia.com/cuda/cuequivariance/api/
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

PACKAGES = ("cuequivariance_torch", "cuequivariance_ops_torch")
"""The interface, and the compiled kernels behind it: neither works alone."""
WIDTH_MULTIPLE = 32
"""Widths that the kernel of the triangle multiplication supports are multiples of this."""
HEAD_WIDTHS = {torch.float32: (4, 32), torch.bfloat16: (8, 128), torch.float16: (8, 128)}
"""(multiple, greatest) width of a head that the kernel of the triangle attention supports."""


@cache
def installed() -> ModuleType | None:
    """Import cuEquivariance if it is installed; None if not."""
    if any(find_spec(name) is None for name in PACKAGES):
        return None
    return import_module(PACKAGES[0])


def fused_library(like: Tensor) -> ModuleType | None:
    """Give cuEquivariance where it can work on a tensor: on a CUDA device, when installed."""
    return installed() if like.is_cuda else None


def can_multiply_triangles(pair: Tensor, sides: nn.Module, parts: tuple[nn.Module, ...]) -> bool:
    """Whether the fused triangle multiplication applies.

    Parameters
    ----------
    pair : (B, N, N, width)
        Pair track.
    sides : Module
        Map to both operands.
    parts : modules
        The maps whose weights it takes. Maps wrapped by an adapter have more than one weight, and
        are left to torch.
    """
    return (
        fused_library(pair) is not None
        and all(type(part) is nn.Linear for part in parts)
        and pair.shape[-1] % WIDTH_MULTIPLE == 0
        and sides.out_features == 2 * pair.shape[-1]
    )


def multiply_triangles(
    pair: Float[Tensor, "B N N width"],
    pair_mask: Bool[Tensor, "B N N"],
    outgoing: bool,
    norm: nn.LayerNorm,
    sides: nn.Linear,
    side_gates: nn.Linear,
    hidden_norm: nn.LayerNorm,
    gate: nn.Linear,
    out: nn.Linear,
) -> Float[Tensor, "B N N width"]:
    """Run the fused triangle multiplication with the weights of ours.

    Its input projection and gate give the left operand first, then the right one, as ours do; its
    output gate sees the normed input.
    """
    return fused_library(pair).triangle_multiplicative_update(
        pair,
        direction="outgoing" if outgoing else "incoming",
        mask=pair_mask.to(pair.dtype),
        norm_in_weight=norm.weight,
        norm_in_bias=norm.bias,
        p_in_weight=sides.weight,
        g_in_weight=side_gates.weight,
        g_in_bias=side_gates.bias,
        norm_out_weight=hidden_norm.weight,
        norm_out_bias=hidden_norm.bias,
        p_out_weight=out.weight,
        g_out_weight=gate.weight,
        g_out_bias=gate.bias,
        eps=norm.eps,
    )


def can_attend_triangles(edges: Tensor, heads: int) -> bool:
    """Whether the fused triangle attention applies to (B, N, N, width) with ``heads`` heads."""
    multiple, greatest = HEAD_WIDTHS.get(edges.dtype, (1, 0))
    head = edges.shape[-1] // heads
    return fused_library(edges) is not None and head % multiple == 0 and head <= greatest


def attend_triangles(
    query: Float[Tensor, "B R heads N d"],
    key: Float[Tensor, "B R heads N d"],
    value: Float[Tensor, "B R heads N d"],
    bias: Float[Tensor, "B heads N N"],
    residue_mask: Bool[Tensor, "B N"],
) -> Float[Tensor, "B R N c"]:
    """Run the fused triangle attention.

    Parameters
    ----------
    query, key, value : (B, R, heads, N, d)
        Of all edges of R nodes.
    bias : (B, heads, N, N)
        Added to the scores of every node.
    residue_mask : (B, N) bool
        Keys that exist.

    Returns
    -------
    (B, R, N, heads * d)
    """
    batch, rows, _, length, width = query.shape
    attended = fused_library(query).triangle_attention(
        query,
        key,
        value,
        bias[:, None],
        mask=residue_mask[:, None, None, None].expand(batch, rows, 1, 1, length),
        scale=width**-0.5,
    )
    return attended.transpose(-2, -3).flatten(-2)
