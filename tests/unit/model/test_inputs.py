"""Features: masks that follow from sequence and length, and the empty form of what is absent."""

from dataclasses import fields, replace

import torch

from rna_predict.constants import slot_mask


def test_slot_mask_follows_the_bases_and_stops_at_padding(features):
    expected = torch.tensor(slot_mask())[features.sequence]
    assert torch.equal(features.slot_mask[0], expected[0])
    assert torch.equal(features.slot_mask[1, :6], expected[1, :6])
    assert not features.slot_mask[1, 6:].any()


def test_pair_mask_holds_real_pairs_only(features):
    assert features.pair_mask.sum((1, 2)).tolist() == [81, 36]


def test_relative_position_is_second_minus_first(features):
    assert features.relative_position[0, 2, 7] == 5


def test_to_moves_every_tensor(features):
    moved = features.to("meta")
    assert {part.device.type for part in vars(moved).values()} == {"meta"}
    assert (moved.batch, moved.length) == (2, 9)


def test_what_is_left_out_is_empty(feature_maker):
    features = feature_maker((9, 6))
    assert features.msa.shape == features.msa_mask.shape == (2, 0, 9)
    assert features.template_origin.shape == (2, 0, 9, 3)
    assert features.template_rotation.shape == (2, 0, 9, 3, 3)
    assert features.template_mask.shape == (2, 0, 9)
    assert not features.chain_break.any()
    assert not features.consensus_probability.any()


def test_pairings_are_of_the_sequence_and_of_the_family(feature_maker):
    features = feature_maker((9, 6), rows=3)
    assert torch.equal(features.pairings[..., 0], features.pair_probability)
    assert torch.equal(features.pairings[..., 1], features.consensus_probability)


def test_strands_begin_at_chain_breaks(features):
    breaks = features.chain_break.clone()
    breaks[0, 4] = True
    same = replace(features, chain_break=breaks).same_strand
    assert same[0, :4, :4].all() and same[0, 4:, 4:].all()
    assert not same[0, :4, 4:].any() and not same[0, 4:, :4].any()
    assert same[1].all()


def test_repeat_keeps_the_copies_of_a_chain_together(feature_maker):
    features = feature_maker((9, 6), rows=3, templates=2)
    repeated = features.repeat(2)
    for part in fields(features):
        tensor = getattr(repeated, part.name)
        assert torch.equal(tensor[::2], getattr(features, part.name)), part.name
        assert torch.equal(tensor[1::2], getattr(features, part.name)), part.name
