"""Attention: the fused kernels against the softmax written out."""

import pytest
import torch

from rna_predict.model.layers import MASKED, attend, fused_attention, mask_bias


def written_out(query, key, value, bias):
    scores = torch.einsum("...qd,...kd->...qk", query, key) / query.shape[-1] ** 0.5 + bias
    exponent = (scores - scores.amax(-1, keepdim=True)).exp()
    weights = exponent / exponent.sum(-1, keepdim=True)
    return torch.einsum("...qk,...kd->...qd", weights, value).transpose(-2, -3).flatten(-2)


LAYOUTS = {  # leading axes and heads of query, key and value; the same of the bias; queries, keys
    "residues": ((2, 4), (2, 4), 7, 7),
    "one bias for all heads": ((2, 4), (2, 1), 7, 7),
    "one bias for all chains": ((2, 4), (4,), 7, 7),
    "triangles": ((2, 5, 3), (2, 1, 3), 5, 5),
    "copies of tokens": ((2, 3, 4), (2, 1, 4), 7, 7),
    "copies of atoms": ((2, 3, 5, 2), (2, 1, 5, 2), 6, 9),
    "one chain's atoms": ((1, 1, 5, 2), (1, 1, 5, 2), 6, 9),
}


@pytest.fixture(params=LAYOUTS)
def tensors(request):
    lead, bias_lead, queries, keys = LAYOUTS[request.param]
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(*lead, queries, 8, generator=generator)
    key, value = torch.randn(2, *lead, keys, 8, generator=generator)
    bias = torch.randn(*bias_lead, queries, keys, generator=generator)
    bias[..., -2:] += MASKED  # keys that do not exist
    bias[..., 0, :] = MASKED  # a row without keys
    return query, key, value, bias


def test_fused_attention_is_softmax_attention(tensors):
    with torch.no_grad():
        torch.testing.assert_close(attend(*tensors), written_out(*tensors), atol=1e-5, rtol=1e-5)


def fused(query, key, value, bias):
    return fused_attention(query, key, value, bias).transpose(-2, -3).flatten(-2)


@pytest.mark.parametrize("attention", [attend, fused])
@pytest.mark.parametrize("learned", [3, 4], ids=["bias fixed", "bias learned"])
def test_attention_has_the_gradient_of_softmax_attention(tensors, attention, learned):
    tensors[3][..., 0, :] = 0.0  # every row has keys
    gradients = []
    for function in (attention, written_out):
        copies = [tensor.clone().requires_grad_(i < learned) for i, tensor in enumerate(tensors)]
        function(*copies).square().sum().backward()
        gradients.append([tensor.grad for tensor in copies[:learned]])
    torch.testing.assert_close(*gradients, atol=1e-4, rtol=1e-4)


def test_a_bias_in_another_memory_order_is_the_same():
    generator = torch.Generator().manual_seed(0)
    query, key, value = torch.randn(3, 1, 5, 4, 6, 8, generator=generator)
    bias = torch.randn(1, 1, 6, 6, 4, generator=generator).permute(0, 1, 4, 2, 3)
    with torch.no_grad():
        ours, again = (attend(query, key, value, b) for b in (bias, bias.contiguous()))
    torch.testing.assert_close(ours, again, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(ours, written_out(query, key, value, bias), atol=1e-5, rtol=1e-5)


def test_a_row_without_keys_averages_all_of_them():
    value = torch.randn(1, 2, 4, 8, generator=torch.Generator().manual_seed(0))
    nobody = mask_bias(torch.zeros(4, dtype=torch.bool))
    for keeps_gradient in (True, False):
        with torch.set_grad_enabled(keeps_gradient):
            bias = torch.zeros(1, 2, 4, 4, requires_grad=keeps_gradient) + nobody
            result = attend(torch.zeros_like(value), torch.zeros_like(value), value, bias)
        mean = value.mean(2, keepdim=True).expand_as(value).transpose(1, 2).flatten(-2)
        torch.testing.assert_close(result, mean, atol=1e-6, rtol=1e-6)
