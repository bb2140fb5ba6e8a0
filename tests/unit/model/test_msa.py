"""The MSA module against its definition; rows that are not there, and their order."""

from dataclasses import replace

import pytest
import torch

from rna_predict.model import chunks
from rna_predict.model.msa import MsaModule, OuterProductMean, PairWeightedAveraging


def open_up(module):
    """Give every weight a value, so that zero-initialised outputs speak."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    return module


@pytest.fixture
def msa():
    return open_up(MsaModule(single=16, pair=8, width=12, hidden=4, blocks=2, heads=2, factor=2))


@pytest.fixture
def tracks():
    generator = torch.Generator().manual_seed(1)
    single = torch.randn(2, 9, 16, generator=generator)
    return single, torch.randn(2, 9, 9, 8, generator=generator)


def test_outer_product_mean_averages_over_the_rows_that_have_both_residues(feature_maker):
    features = feature_maker((9, 6), rows=4)
    mask = features.msa_mask.clone()
    mask[0, 1, 2] = False
    module = open_up(OuterProductMean(12, 4, 8))
    rows = torch.randn(2, 4, 9, 12, generator=torch.Generator().manual_seed(2))
    left, right = module.sides(module.norm(rows)).chunk(2, -1)
    expected = torch.zeros(2, 9, 9, 8)
    for b in range(2):
        for i in range(9):
            for j in range(9):
                both = [r for r in range(4) if mask[b, r, i] and mask[b, r, j]]
                products = [torch.outer(left[b, r, i], right[b, r, j]) for r in both]
                if both:
                    expected[b, i, j] = module.out(torch.stack(products).mean(0).flatten())
    torch.testing.assert_close(module(rows, mask), expected, atol=1e-5, rtol=1e-4)
    assert not expected[1, 6:].any()


def test_pair_weighted_averaging_weighs_columns_by_the_pair_track(feature_maker, tracks):
    features = feature_maker((9, 6), rows=3)
    module = open_up(PairWeightedAveraging(12, 8, 2))
    rows = torch.randn(2, 3, 9, 12, generator=torch.Generator().manual_seed(2))
    x = module.norm(rows)
    value = module.value(x).unflatten(-1, (2, 6)) * features.msa_mask[..., None, None]
    scores = module.bias(module.pair_norm(tracks[1]))
    expected = torch.zeros(2, 3, 9, 2, 6)
    for b, length in enumerate((9, 6)):
        for i in range(9):
            for head in range(2):
                weight = scores[b, i, :length, head].softmax(-1)
                for j in range(length):
                    expected[b, :, i, head] += weight[j] * value[b, :, j, head]
    expected = module.out(module.gate(x).sigmoid() * expected.flatten(-2))
    torch.testing.assert_close(module(rows, tracks[1], features), expected, atol=1e-5, rtol=1e-4)


def test_without_rows_the_pair_track_is_handed_on(msa, tracks, features):
    assert msa(features, *tracks) is tracks[1]


def test_a_chain_without_rows_gets_no_update_from_those_of_another(msa, tracks, feature_maker):
    features = feature_maker((9, 6), rows=3)
    mask = features.msa_mask.clone()
    mask[1] = False
    updated = msa(replace(features, msa_mask=mask), *tracks)
    assert torch.equal(updated[1], tracks[1][1])
    assert (updated[0] - tracks[1][0]).abs().max() > 1e-2


def test_rows_that_are_masked_do_not_exist(msa, tracks, feature_maker):
    features = feature_maker((9, 6), rows=3)
    fewer = replace(features, msa=features.msa[:, :2], msa_mask=features.msa_mask[:, :2])
    torch.testing.assert_close(msa(fewer, *tracks), msa(features, *tracks))


def test_order_of_the_rows_does_not_matter(msa, tracks, feature_maker):
    features = feature_maker((9, 6), rows=4)
    turned = replace(features, msa=features.msa.flip(1), msa_mask=features.msa_mask.flip(1))
    torch.testing.assert_close(msa(turned, *tracks), msa(features, *tracks), atol=1e-5, rtol=1e-4)


def test_covariation_is_seen_where_each_column_alone_tells_nothing(msa, tracks, feature_maker):
    """The same letters in every column, in one alignment paired, in the other shuffled."""
    features = feature_maker((9,), rows=5)
    column, shuffled = torch.tensor([0, 1, 2, 3]), torch.tensor([1, 0, 3, 2])
    letters = torch.zeros(1, 4, 9, dtype=torch.int64)
    letters[0, :, 1] = column
    updates = []
    for other in (column, shuffled):
        letters = letters.clone()
        letters[0, :, 7] = other
        seen = replace(features, msa=letters, msa_mask=torch.ones(1, 4, 9, dtype=torch.bool))
        updates.append(msa(seen, tracks[0][:1], tracks[1][:1]))
    assert (updates[0] - updates[1])[0, 1, 7].abs().max() > 1e-3


def test_padding_changes_nothing(msa, tracks, feature_maker, feature_cutter):
    features = feature_maker((9, 6), rows=3)
    alone = msa(feature_cutter(features, 1, 6), tracks[0][1:, :6], tracks[1][1:, :6, :6])
    padded = msa(features, *tracks)[1:, :6, :6]
    torch.testing.assert_close(alone, padded, atol=1e-5, rtol=1e-4)


def test_chunks_change_nothing(msa, tracks, feature_maker, monkeypatch):
    features = feature_maker((9, 6), rows=3)
    with torch.no_grad():
        whole = msa(features, *tracks)
        monkeypatch.setitem(chunks.CHUNK, "cpu", 1)
        torch.testing.assert_close(msa(features, *tracks), whole)


def test_gradient_reaches_every_tensor_after_five_steps(tracks, feature_maker):
    torch.manual_seed(0)
    module = MsaModule(single=16, pair=8, width=12, hidden=4, blocks=2, heads=2, factor=2)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    features, aim = feature_maker((9, 6), rows=3), torch.randn(2, 9, 9, 8)
    for step in range(6):
        optimizer.zero_grad()
        (module(features, *tracks) - aim).square().mean().backward()
        if step < 5:
            optimizer.step()
    assert [n for n, p in module.named_parameters() if not p.grad.abs().sum() > 0] == []
