"""The first representations."""

from dataclasses import replace

import pytest
import torch

from rna_predict.model import chunks
from rna_predict.model.embedding import InputEmbedder, RelativePosition, profile


@pytest.fixture
def embedder():
    torch.manual_seed(0)
    return InputEmbedder(single=16, pair=8, relative_positions=4)


def test_residues_of_two_strands_share_one_position_of_their_own(features):
    torch.manual_seed(0)
    position = RelativePosition(last=4, width=8)
    breaks = features.chain_break.clone()
    breaks[0, 4] = True
    whole, broken = position(features), position(replace(features, chain_break=breaks))
    other = position.embed.weight[-1]
    assert torch.equal(broken[0, :4, 4:], other.expand(4, 5, 8))
    assert torch.equal(broken[0, 4:, :4], other.expand(5, 4, 8))
    assert torch.equal(broken[0, :4, :4], whole[0, :4, :4])
    assert torch.equal(broken[1], whole[1])
    assert not (whole == other).all(-1).any()


@pytest.mark.parametrize(
    ("name", "channel"), [("pair_probability", 0), ("consensus_probability", 1)]
)
def test_both_kinds_of_pairs_enter_the_pair_representation(embedder, feature_maker, name, channel):
    features = feature_maker((9, 6), rows=3)
    without = replace(features, **{name: torch.zeros_like(getattr(features, name))})
    expected = getattr(features, name)[..., None] * embedder.pairings.weight[:, channel]
    difference = embedder(features)[1] - embedder(without)[1]
    torch.testing.assert_close(difference, expected, atol=1e-5, rtol=0)
    assert torch.equal(embedder(features)[0], embedder(without)[0])


def test_profile_counts_the_letters_of_the_rows_that_are_there(feature_maker):
    features = feature_maker((9, 6), rows=4)
    shares = profile(features)
    for letter in range(6):
        expected = (features.msa[:, :3] == letter).float().mean(1)
        torch.testing.assert_close(shares[0, :, letter], expected[0])
    assert not shares[1, 6:].any()
    assert not profile(feature_maker((9, 6))).any()


def test_chunks_change_nothing(embedder, feature_maker, monkeypatch):
    features = feature_maker((9, 6), rows=3)
    with torch.no_grad():
        whole = embedder(features)
        monkeypatch.setitem(chunks.CHUNK, "cpu", 1)
        for before, after in zip(whole, embedder(features), strict=True):
            torch.testing.assert_close(after, before)
