"""Stage B2: triangles against their definition, adjacency, recycling, chunks, precision."""

from dataclasses import replace

import pytest
import torch

from rna_predict.model.layers import Transition
from rna_predict.model.pairformer import (
    PairBiasAttention,
    PairformerBlock,
    TriangleAttention,
    TriangleMultiplication,
    run_blocks,
)


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


def run_part(module, single, pair, features):
    """Call a part of a block with what it takes."""
    if isinstance(module, TriangleMultiplication):
        return module(pair, features.pair_mask)
    if isinstance(module, TriangleAttention):
        return module(pair, features.residue_mask)
    if isinstance(module, PairBiasAttention):
        return module(single, pair, features)
    return module(pair)


@pytest.mark.parametrize("rows", [1, 2, 4])
@pytest.mark.parametrize(
    "module",
    [
        TriangleMultiplication(16, 8, outgoing=True),
        TriangleMultiplication(16, 8, outgoing=False),
        TriangleAttention(16, 2, starting=True),
        TriangleAttention(16, 2, starting=False),
        Transition(16, 4),
        PairBiasAttention(24, 16, 4),
    ],
    ids=["outgoing", "incoming", "starting", "ending", "transition", "pair_bias"],
)
def test_a_few_rows_at_a_time_give_the_same(features, pair, module, rows, monkeypatch):
    open_up(module)
    single = torch.randn(2, 9, 24, generator=torch.Generator().manual_seed(2))
    calls = 0

    def by_rows(function, *parts, width):
        nonlocal calls
        calls += 1
        chunks = zip(*(part.split(rows, dim=1) for part in parts), strict=True)
        return torch.cat([function(*chunk) for chunk in chunks], dim=1)

    with torch.no_grad():
        whole = run_part(module, single, pair, features)
        for name in ("pairformer", "layers"):
            monkeypatch.setattr(f"rna_predict.model.{name}.by_rows", by_rows)
        chunked = run_part(module, single, pair, features)
    torch.testing.assert_close(chunked, whole, atol=1e-5, rtol=1e-5)
    assert calls


def test_both_kinds_of_pairs_enter_both_tracks(network, features):
    block = network.pairformer.blocks[0].attention
    single = torch.randn(2, 9, 16, generator=torch.Generator().manual_seed(0))
    pair = torch.zeros(2, 9, 9, 16)
    for name in ("pair_probability", "consensus_probability"):
        probability = features.pair_probability
        paired = replace(features, **{name: probability.clone()})
        unpaired = replace(features, **{name: torch.zeros_like(probability)})
        first, second = (network.pairformer(f, 0) for f in (paired, unpaired))
        assert (first[1] - second[1]).abs().max() > 1e-2, name
        # as a bias of the attention, by itself
        difference = block(single, pair, paired) - block(single, pair, unpaired)
        assert difference.abs().max() > 1e-3, name


@pytest.fixture
def blocks():
    torch.manual_seed(3)
    made = [PairformerBlock(24, 16, 4, 16, 2, 2) for _ in range(3)]
    return torch.nn.ModuleList(open_up(block) for block in made)


def test_checkpointed_blocks_have_the_same_gradient(blocks, pair, features):
    single = torch.randn(2, 9, 24, generator=torch.Generator().manual_seed(2))
    gradients = []
    for checkpointed in (False, True):
        blocks.zero_grad()
        inputs = single.clone().requires_grad_(), pair.clone().requires_grad_()
        kept = 0

        def count(tensor):
            nonlocal kept
            kept += tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            outputs = run_blocks(blocks, *inputs, features, checkpointed=checkpointed)
        sum(output.square().mean() for output in outputs).backward()
        parameters = {name: part.grad for name, part in blocks.named_parameters()}
        gradients.append((kept, [part.grad for part in inputs], parameters))
    (kept, ours, weights), (kept_less, theirs, weights_again) = gradients
    assert kept_less < kept / 10
    torch.testing.assert_close(theirs, ours, atol=0, rtol=0)
    torch.testing.assert_close(weights_again, weights, atol=0, rtol=0)


def test_bf16_blocks_stay_near_fp32_and_give_fp32(blocks, pair, features):
    single = torch.randn(2, 9, 24, generator=torch.Generator().manual_seed(2))
    results = {}
    for precision in ("fp32", "bf16"):
        blocks.zero_grad()
        outputs = run_blocks(blocks, single, pair, features, precision)
        assert all(output.dtype == torch.float32 for output in outputs)
        sum(output.square().mean() for output in outputs).backward()
        gradient = torch.cat([part.grad.flatten() for part in blocks.parameters()])
        results[precision] = [*outputs, gradient]
    limits = 0.04, 0.04, 0.1  # single, pair, gradient; one number is rounded by 0.002
    for full, half, limit in zip(results["fp32"], results["bf16"], limits, strict=True):
        assert 0 < (half - full).norm() / full.norm() < limit


def test_weights_learn_in_bf16_after_a_round_without_gradient(network_maker, features):
    network = network_maker(trunk_precision="bf16", checkpoint_blocks=True)
    single, pair = network.pairformer(features, recycles=1)
    (single.square().mean() + pair.square().mean()).backward()
    idle = [
        name for name, part in network.pairformer.blocks.named_parameters() if part.grad is None
    ]
    assert idle == []


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
