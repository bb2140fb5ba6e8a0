"""Features: masks that follow from sequence and length."""

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
