"""Rotary positions."""

import pytest
import torch

from rna_predict.model.rotary import rotary_turn, rotate


@pytest.fixture
def vectors():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 1, 3, 5, 8, generator=generator).unbind(0)


def test_scores_depend_on_the_difference_of_positions_only(vectors):
    query, key = vectors
    index = torch.arange(5)[None]
    scores = [
        rotate(query, rotary_turn(shifted, 8)) @ rotate(key, rotary_turn(shifted, 8)).mT
        for shifted in (index, index + 100)
    ]
    torch.testing.assert_close(scores[0], scores[1], atol=1e-4, rtol=0)
    assert not torch.allclose(scores[0], query @ key.mT)


def test_lengths_and_the_first_position_do_not_change(vectors):
    query, _ = vectors
    turned = rotate(query, rotary_turn(torch.arange(5)[None], 8))
    torch.testing.assert_close(turned.norm(dim=-1), query.norm(dim=-1))
    torch.testing.assert_close(turned[..., 0, :], query[..., 0, :])


def test_turns_are_those_of_the_definition():
    cosine, sine = rotary_turn(torch.tensor([[0, 7]]), 4)
    angles = torch.tensor([[0.0, 0.0], [7.0, 0.07]])
    torch.testing.assert_close(cosine[0, 0], angles.cos())
    torch.testing.assert_close(sine[0, 0], angles.sin())


def test_half_precision_stays_half_precision(vectors):
    assert rotate(vectors[0].bfloat16(), rotary_turn(torch.arange(5)[None], 8)).dtype == (
        torch.bfloat16
    )


def test_odd_widths_are_refused():
    with pytest.raises(ValueError, match="even number of channels"):
        rotary_turn(torch.arange(5)[None], 7)
