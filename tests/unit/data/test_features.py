"""Inputs of the network: their form, and that no ground truth is among them."""

import inspect
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from rna_predict.data.dataset import load_examples
from rna_predict.data.features import MAX_TEMPLATES, PROBABILITY_FLOOR, Templates, sequence_inputs
from rna_predict.model.inputs import GAP, Features
from rna_predict.structure.store import write_chains

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


def test_there_is_no_argument_for_the_structure_of_the_chain():
    """Templates are frames of other structures, for their maker to choose."""
    assert list(inspect.signature(sequence_inputs).parameters) == [
        "sequence",
        "pairs",
        "probability",
        "positions",
        "consensus",
        "msa",
        "templates",
        "breaks",
    ]


def test_inputs_are_bit_identical_when_all_that_was_measured_is_replaced_by_garbage(
    tmp_path, make_chain, make_tables, make_family_tables
):
    """Coordinates, observed atoms, torsions, annotated pairs, resolution, numbers, names, dates."""
    sequence, other = "GGGCAAAAGCCC", np.random.default_rng(7)
    chain = make_chain("1abc", sequence, 0)
    mask = chain.atom_mask & (other.random(chain.atom_mask.shape) < 0.5)
    mask[3:6] = False
    coords = np.where(mask[..., None], 99 * other.normal(size=chain.coords.shape), np.nan)
    garbage = replace(
        chain,
        coords=coords.astype(np.float32),
        atom_mask=mask,
        auth_numbers=other.permutation(len(chain)).astype(np.int32) * 7,
        ins_codes=("Z",) * len(chain),
        residue_names=("PSU",) * len(chain),
        resolution=9.9,
        method="SOLUTION NMR",
        title="other",
        release_date="1999-01-01",
    )
    paths = make_family_tables(make_tables(tmp_path, {"train": [chain]}), {"1abc_A": sequence})
    (before,) = load_examples(paths, "train").examples
    write_chains([garbage], paths.chains)
    (loaded,) = load_examples(paths, "train").examples
    torsions = other.normal(size=before.torsions.shape).astype(np.float32)
    torsions[4:7] = np.nan
    after = replace(loaded, torsions=torsions, pairs=np.array([[1, 7], [2, 5], [4, 9]]))
    positions = np.arange(1, 11)
    (_, clean, truth), (_, dirty, other_truth) = (e.crop(positions) for e in (before, after))
    assert set(clean) == {part.name for part in fields(Features)}
    assert all(torch.equal(clean[name], dirty[name]) for name in clean)
    for part in fields(truth):
        assert not torch.equal(getattr(truth, part.name), getattr(other_truth, part.name))
    assert clean["consensus_probability"].any() and clean["msa_mask"].any()


def test_left_out_inputs_are_empty():
    inputs = sequence_inputs(SEQUENCE, PAIRS, PROBABILITY)
    assert set(inputs) == {part.name for part in fields(Features)}
    shapes = {name: tuple(tensor.shape) for name, tensor in inputs.items() if not tensor.numel()}
    assert shapes == {
        "msa": (0, 7),
        "msa_mask": (0, 7),
        "template_origin": (0, 7, 3),
        "template_rotation": (0, 7, 3, 3),
        "template_mask": (0, 7),
    }
    assert not inputs["consensus_probability"].any()
    assert not inputs["chain_break"].any()
    built = Features(**{name: tensor[None] for name, tensor in inputs.items()})
    plain = Features(*(inputs[part.name][None] for part in fields(Features)[:4]))
    assert all(
        torch.equal(getattr(plain, part.name), getattr(built, part.name))
        for part in fields(Features)
    )


def test_all_inputs_follow_the_crop():
    generator = np.random.default_rng(0)
    frames = generator.normal(size=(2, 7, 3, 4)).astype(np.float32)
    rest = {
        "consensus": (np.array([[1, 6], [2, 5]]), np.array([0.9, 0.8], dtype=np.float32)),
        "msa": generator.integers(0, GAP + 1, (5, 7)).astype(np.uint8),
        "templates": Templates(frames[..., 3], frames[..., :3], generator.random((2, 7)) < 0.6),
    }
    positions = np.array([1, 2, 4, 6])
    whole = sequence_inputs(SEQUENCE, PAIRS, PROBABILITY, **rest)
    crop = sequence_inputs(SEQUENCE, PAIRS, PROBABILITY, positions, **rest)
    for name in ("msa", "msa_mask", "template_origin", "template_rotation", "template_mask"):
        assert torch.equal(crop[name], whole[name][:, positions]), name
    assert crop["consensus_probability"].nonzero().tolist() == [[0, 3], [3, 0]]
    absent = ~whole["template_mask"]
    assert not whole["template_origin"][absent].any()
    assert not whole["template_rotation"][absent].any()


def test_a_crop_knows_the_strands_even_where_their_first_residues_were_cut_off():
    def breaks(*positions):
        inputs = sequence_inputs(SEQUENCE, PAIRS, PROBABILITY, np.array(positions), breaks=(3, 5))
        return inputs["chain_break"].tolist()

    assert breaks(0, 1, 2, 3, 4, 5, 6) == [False] * 3 + [True, False, True, False]
    assert breaks(1, 2, 4, 6) == [False, False, True, True]
    assert breaks(3, 4) == [False, False]
    assert breaks(0, 2) == [False, False]


def test_of_a_pair_named_by_two_families_the_higher_probability_counts():
    pairs = np.array([[1, 5], [5, 1], [1, 5]])
    probability = np.array([0.3, 0.9, 0.2], dtype=np.float32)
    inputs = sequence_inputs(SEQUENCE, PAIRS, PROBABILITY, consensus=(pairs, probability))
    assert inputs["consensus_probability"][1, 5] == inputs["consensus_probability"][5, 1]
    assert inputs["consensus_probability"][1, 5] == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"msa": np.zeros((2, 6), dtype=np.uint8)}, "expected 7 columns"),
        ({"msa": np.full((2, 7), GAP + 1, dtype=np.uint8)}, "letters 0 to 5"),
        ({"breaks": (7,)}, "strands begin at residues 1 to 6"),
        ({"consensus": (np.array([[0, 9]]), np.ones(1, np.float32))}, "two different residues"),
        ({"templates": (MAX_TEMPLATES + 1, 7)}, "at most 4 templates of 7 residues, got 5 of 7"),
        ({"templates": (1, 8)}, "at most 4 templates of 7 residues, got 1 of 8"),
    ],
)
def test_what_does_not_fit_the_sequence_is_refused(bad, message):
    if "templates" in bad:
        shape = bad["templates"]
        frames = np.zeros((*shape, 3, 4), dtype=np.float32)
        bad = {"templates": Templates(frames[..., 3], frames[..., :3], np.ones(shape, dtype=bool))}
    with pytest.raises(ValueError, match=message):
        sequence_inputs(SEQUENCE, PAIRS, PROBABILITY, **bad)


def test_template_residue_without_a_frame_is_refused():
    frames = np.full((1, 7, 3, 4), np.nan, dtype=np.float32)
    templates = Templates(frames[..., 3], frames[..., :3], np.ones((1, 7), dtype=bool))
    with pytest.raises(ValueError, match="template_origin is not finite"):
        sequence_inputs(SEQUENCE, PAIRS, PROBABILITY, templates=templates)


@pytest.mark.parametrize("pair", [[0, 7], [-1, 3], [2, 2]])
def test_pairs_outside_the_sequence_are_refused(pair):
    with pytest.raises(ValueError, match="two different residues"):
        sequence_inputs(SEQUENCE, np.array([pair]), np.array([0.5], dtype=np.float32))


def test_probabilities_outside_their_range_are_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        sequence_inputs(SEQUENCE, PAIRS[:1], np.array([1.5], dtype=np.float32))
