"""Stage B2: triangles against their definition, adjacency, recycling, chunks."""

from dataclasses import replace

import pytest
import torch

from rna_predict.model import pairformer
from rna_predict.model.pairformer import TriangleAttention, TriangleMultiplication


def open_up(module):
    """Give every weight a value, so that zero-initialised outputs speak."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    return module


@pytest.fixture
def pair():
    return torch.randn(2, 9, 9, 16, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("outgoing", [True, False])
def test_triangle_multiplication_sums_over_the_third_residue(features, pair, outgoing):
    module = open_up(TriangleMultiplication(16, 8, outgoing))
    x = module.norm(pair)
    sides = module.sides(x) * module.side_gates(x).sigmoid() * features.pair_mask[..., None]
    left, right = sides.chunk(2, -1)
    expected = torch.zeros(2, 9, 9, 8)
    for i in range(9):
        for j in range(9):
            for k in range(9):
                expected[:, i, j] += (
                    left[:, i, k] * right[:, j, k] if outgoing else left[:, k, i] * right[:, k, j]
                )
    expected = module.gate(x).sigmoid() * module.out(module.hidden_norm(expected))
    actual = module(pair, features.pair_mask)
    torch.testing.assert_close(actual, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("starting", [True, False])
def test_triangle_attention_mixes_edges_of_one_node_only(features, pair, starting):
    module = open_up(TriangleAttention(16, 2, starting))
    changed = pair.clone()
    changed[0, 2, 5] = changed[0, 2, 5].flip(0)  # a constant would vanish in the norm
    difference = module(changed, features.residue_mask) - module(pair, features.residue_mask)
    moved = difference[0].abs().amax(-1) > 1e-6
    own = moved[2] if starting else moved[:, 5]
    assert own.all()
    biased = moved[:, 2] if starting else moved[5]  # the edge is also a bias of all other nodes
    assert biased.all()
    moved[2 if starting else slice(None), slice(None) if starting else 5] = False
    moved[slice(None) if starting else 5, 2 if starting else slice(None)] = False
    assert not moved.any()


def test_chunked_triangle_attention_is_the_same(features, pair, monkeypatch):
    module = open_up(TriangleAttention(16, 2, starting=True))
    with torch.no_grad():
        whole = module(pair, features.residue_mask)
        monkeypatch.setattr(pairformer, "CHUNK_SCORES", 1)
        torch.testing.assert_close(module(pair, features.residue_mask), whole)


def test_pair_probability_enters_both_tracks(network, features):
    unpaired = replace(features, pair_probability=torch.zeros_like(features.pair_probability))
    first, second = (network.pairformer(f, 0) for f in (features, unpaired))
    assert (first[1] - second[1]).abs().max() > 1e-2

    block = network.pairformer.blocks[0].attention  # as a bias of the attention, by itself
    single = torch.randn(2, 9, 16, generator=torch.Generator().manual_seed(0))
    pair = torch.zeros(2, 9, 9, 16)
    difference = block(single, pair, features) - block(single, pair, unpaired)
    assert difference.abs().max() > 1e-3


def test_recycling_changes_the_result_and_keeps_one_gradient(network, features):
    single, _ = network.pairformer(features, 1)
    assert (single - network.pairformer(features, 0)[0]).abs().max() > 1e-3
    assert single.requires_grad


def test_far_residues_share_one_position(network, features):
    far = replace(features, residue_index=features.residue_index * 1000)
    farther = replace(features, residue_index=features.residue_index * 2000)
    for before, after in zip(
        network.pairformer(far, 0), network.pairformer(farther, 0), strict=True
    ):
        torch.testing.assert_close(before, after)
