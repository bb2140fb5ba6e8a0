"""Fused triangle updates: what cuEquivariance is given, and that its answers are ours."""

from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional as F

from rna_predict.model import kernels
from rna_predict.model.pairformer import TriangleAttention, TriangleMultiplication

WIDTH, HEADS = 32, 2
MULTIPLICATIONS = pytest.mark.parametrize("outgoing", [True, False])
ATTENTIONS = pytest.mark.parametrize("starting", [True, False])


def triangle_multiplicative_update(
    x, direction, mask, norm_in_weight, norm_in_bias, p_in_weight, g_in_weight, g_in_bias,
    norm_out_weight, norm_out_bias, p_out_weight, g_out_weight, g_out_bias, eps,
):  # fmt: skip
    """Compute what the library documents; its arguments have no defaults here, so none is missed.

    docs.nvidia.com/cuda/cuequivariance, triangle_multiplicative_update: (B, N, N, D) pairs, a mask
    (B, N, N), weights (2D, D) into the product and (D, D) out of it.
    """
    width = x.shape[-1]
    assert mask.shape == x.shape[:-1] and mask.dtype == x.dtype
    assert p_in_weight.shape == g_in_weight.shape == (2 * width, width)
    assert p_out_weight.shape == g_out_weight.shape == (width, width)
    x = F.layer_norm(x, (width,), norm_in_weight, norm_in_bias, eps)
    sides = F.linear(x, p_in_weight) * F.linear(x, g_in_weight, g_in_bias).sigmoid()
    a, b = (sides * mask[..., None]).chunk(2, dim=-1)
    equation = {"outgoing": "bikd,bjkd->bijd", "incoming": "bkid,bkjd->bijd"}[direction]
    y = F.layer_norm(torch.einsum(equation, a, b), (width,), norm_out_weight, norm_out_bias, eps)
    return F.linear(y, p_out_weight) * F.linear(x, g_out_weight, g_out_bias).sigmoid()


def triangle_attention(q, k, v, bias, mask, scale):
    """Compute what the library documents.

    docs.nvidia.com/cuda/cuequivariance, triangle_attention: (B, N, H, Q, D) queries, keys, values,
    a bias (B, 1, H, Q, K) and a mask (B, N, 1, 1, K), where False makes a score -1e9.
    """
    b, n, h, rows, _ = q.shape
    assert bias.shape == (b, 1, h, rows, k.shape[-2])
    assert mask.shape == (b, n, 1, 1, k.shape[-2]) and mask.dtype == torch.bool
    scores = scale * q @ k.transpose(-1, -2) + bias
    return scores.masked_fill(~mask, -1e9).softmax(-1) @ v


@pytest.fixture
def calls(monkeypatch):
    """Put a library of plain torch in the place of cuEquivariance, and note the calls."""
    made = []

    def noted(function):
        def call(*args, **kwargs):
            made.append(function.__name__)
            return function(*args, **kwargs)

        return call

    library = SimpleNamespace(
        triangle_multiplicative_update=noted(triangle_multiplicative_update),
        triangle_attention=noted(triangle_attention),
    )
    monkeypatch.setattr(kernels, "fused_library", lambda like: library)
    return made


def open_up(module, device="cpu"):
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    return module.to(device)


@pytest.fixture
def pair():
    return torch.randn(2, 9, 9, WIDTH, generator=torch.Generator().manual_seed(1))


@MULTIPLICATIONS
def test_the_fused_multiplication_gets_our_weights_in_its_layout(
    features, pair, calls, monkeypatch, outgoing
):
    module = open_up(TriangleMultiplication(WIDTH, WIDTH, outgoing))
    fused = module(pair, features.pair_mask)
    assert calls == ["triangle_multiplicative_update"]
    monkeypatch.setattr(kernels, "fused_library", lambda like: None)
    torch.testing.assert_close(module(pair, features.pair_mask), fused, atol=1e-5, rtol=1e-5)
    assert len(calls) == 1


@ATTENTIONS
def test_the_fused_attention_gets_our_tensors_in_its_layout(
    features, pair, calls, monkeypatch, starting
):
    module = open_up(TriangleAttention(WIDTH, HEADS, starting))
    fused = module(pair, features.residue_mask)
    assert calls == ["triangle_attention"]
    monkeypatch.setattr(kernels, "fused_library", lambda like: None)
    torch.testing.assert_close(module(pair, features.residue_mask), fused, atol=1e-5, rtol=1e-5)
    assert len(calls) == 1


@pytest.mark.parametrize(("width", "hidden"), [(24, 24), (32, 16)])
def test_sizes_that_the_multiplication_does_not_support_are_left_to_torch(
    features, calls, width, hidden
):
    pair = torch.randn(2, 9, 9, width, generator=torch.Generator().manual_seed(1))
    TriangleMultiplication(width, hidden, outgoing=True)(pair, features.pair_mask)
    assert calls == []


@pytest.mark.parametrize(("heads", "precision", "fits"), [(1, "fp32", False), (1, "bf16", True)])
def test_heads_that_the_attention_does_not_support_are_left_to_torch(
    features, calls, heads, precision, fits
):
    pair = torch.randn(2, 9, 9, 64, generator=torch.Generator().manual_seed(1))
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        TriangleAttention(64, heads, starting=True)(pair, features.residue_mask)
    assert bool(calls) == fits


def test_maps_with_an_adapter_are_left_to_torch(features, pair, calls):
    class Adapted(torch.nn.Module):
        def __init__(self, base):
            super().__init__()
            self.base, self.out_features = base, base.out_features

        def forward(self, x):
            return 2 * self.base(x)

    module = open_up(TriangleMultiplication(WIDTH, WIDTH, outgoing=True))
    plain = module(pair, features.pair_mask)
    module.out = Adapted(module.out)
    calls.clear()
    torch.testing.assert_close(module(pair, features.pair_mask), 2 * plain, atol=1e-5, rtol=1e-5)
    assert calls == []


def test_a_cpu_needs_no_library(pair):
    assert kernels.fused_library(pair) is None


@pytest.mark.gpu
@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-3), ("bf16", 3e-2)])
@pytest.mark.parametrize("kind", ["outgoing", "incoming", "starting", "ending"])
def test_cuequivariance_agrees_with_torch(feature_maker, monkeypatch, kind, precision, tolerance):
    """Difference of values and gradients, as a share of their norm."""
    if kernels.installed() is None:
        pytest.skip("cuEquivariance is not installed")
    features = feature_maker((160, 130)).to("cuda")
    if kind in ("outgoing", "incoming"):
        module = TriangleMultiplication(WIDTH, WIDTH, kind == "outgoing")
        mask = features.pair_mask
    else:
        module = TriangleAttention(WIDTH, HEADS, kind == "starting")
        mask = features.residue_mask
    open_up(module, "cuda")
    pair = torch.randn(2, 160, 160, WIDTH, generator=torch.Generator().manual_seed(1)).to("cuda")
    results = []
    for fused in (True, False):
        if not fused:
            monkeypatch.setattr(kernels, "fused_library", lambda like: None)
        module.zero_grad()
        with torch.autocast("cuda", torch.bfloat16, enabled=precision == "bf16"):
            update = module(pair, mask)
        real = features.pair_mask[..., None]
        (update.float() * real).square().mean().backward()
        gradient = torch.cat([parameter.grad.flatten() for parameter in module.parameters()])
        results.append((update.float() * real, gradient))
    for ours, theirs in zip(*results, strict=True):
        assert (ours - theirs).norm() < tolerance * theirs.norm()
