"""Inputs of the network."""

import inspect

import numpy as np
import pytest
import torch

from rna_predict.data.features import PROBABILITY_FLOOR, sequence_inputs

SEQUENCE = "GCAUNGC"
PAIRS = np.array([[0, 6], [1, 5], [2, 3]])
PROBABILITY = np.array([0.9, 0.5, PROBABILITY_FLOOR / 2], dtype=np.float32)


def test_letters_become_their_position_in_the_alphabet():
    inputs = sequence_inputs(SEQUENCE, PAIRS, PROBABILITY)
    assert inputs["sequence"].tolist() == [2, 1, 0, 3, 4, 2, 1]
    assert inputs["residue_index"].tolist() == list(range(7))
    assert inputs["residue_mask"].all()


def test_probabilities_are_symmetric_and_weak_ones_drop_out():
    matrix = sequence_inputs(SEQUENCE, PAIRS, PROBABILITY)["pair_probability"]
    assert torch.equal(matrix, matrix.T)
    assert matrix[0, 6] == pytest.approx(0.9)
    assert matrix[2, 3] == 0
    assert int((matrix > 0).sum()) == 4


def test_crop_equals_the_same_residues_of_the_whole_chain():
    whole = sequence_inputs(SEQUENCE, PAIRS, PROBABILITY)
    positions = np.array([1, 2, 5, 6])
    crop = sequence_inputs(SEQUENCE, PAIRS, PROBABILITY, positions)
    assert crop["residue_index"].tolist() == [1, 2, 5, 6]
    assert torch.equal(crop["sequence"], whole["sequence"][positions])
    expected = whole["pair_probability"][positions][:, positions]
    assert torch.equal(crop["pair_probability"], expected)


def test_there_is_no_argument_for_a_structure():
    assert list(inspect.signature(sequence_inputs).parameters) == [
        "sequence",
        "pairs",
        "probability",
        "positions",
    ]


@pytest.mark.parametrize("pair", [[0, 7], [-1, 3], [2, 2]])
def test_pairs_outside_the_sequence_are_refused(pair):
    with pytest.raises(ValueError, match="two different residues"):
        sequence_inputs(SEQUENCE, np.array([pair]), np.array([0.5], dtype=np.float32))


def test_probabilities_outside_their_range_are_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        sequence_inputs(SEQUENCE, PAIRS[:1], np.array([1.5], dtype=np.float32))
