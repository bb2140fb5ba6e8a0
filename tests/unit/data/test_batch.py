"""Padding."""

import numpy as np
import pytest
import torch

from rna_predict.data.batch import collate
from rna_predict.data.features import Templates, sequence_inputs
from rna_predict.data.truth import structure_truth


def crop(chain, rows=0, templates=0):
    n = len(chain)
    pairs = np.array([[0, n - 1]])
    frames = np.ones((templates, n, 3, 4), dtype=np.float32)
    shown = Templates(frames[..., 3], frames[..., :3], np.ones((templates, n), dtype=bool))
    torsions = np.full((n, 14), 0.25, dtype=np.float32)
    return (
        chain.name,
        sequence_inputs(
            chain.sequence,
            pairs,
            np.array([0.5], dtype=np.float32),
            msa=np.ones((rows, n), dtype=np.uint8),
            templates=shown,
        ),
        structure_truth(chain.coords, chain.atom_mask, torsions, pairs, np.arange(n)),
    )


@pytest.mark.parametrize("length", [14, 23])
def test_only_residue_dimensions_are_padded(make_chain, length):
    items = [crop(make_chain("1abc", "G" * length, 0)), crop(make_chain("2abc", "G" * 30, 1))]
    batch = collate(items)
    assert batch.names == ("1abc_A", "2abc_A")
    assert batch.inputs["sequence"].shape == (2, 30)
    assert batch.inputs["pair_probability"].shape == (2, 30, 30)
    assert batch.truth.coords.shape == (2, 30, 23, 3)
    assert batch.truth.atom_mask.shape == (2, 30, 23)
    assert batch.truth.torsions.shape == (2, 30, 14)
    assert batch.truth.torsion_mask.shape == (2, 30, 14)
    assert batch.truth.pair_contacts.shape == (2, 30, 30)
    for name, inputs, truth in items:
        row, n = batch.names.index(name), len(inputs["sequence"])
        assert torch.equal(batch.inputs["sequence"][row, :n], inputs["sequence"])
        assert torch.equal(
            batch.inputs["pair_probability"][row, :n, :n], inputs["pair_probability"]
        )
        assert torch.equal(batch.truth.coords[row, :n], truth.coords)
        assert torch.equal(batch.truth.pair_contacts[row, :n, :n], truth.pair_contacts)


def test_padding_is_unknown_and_masked(make_chain):
    batch = collate([crop(make_chain("1abc", "G" * 5, 0)), crop(make_chain("2abc", "G" * 9, 1))])
    assert batch.inputs["sequence"][0, 5:].tolist() == [4] * 4
    assert batch.inputs["residue_mask"].sum(1).tolist() == [5, 9]
    for mask in (batch.truth.atom_mask, batch.truth.torsion_mask, batch.truth.pair_mask):
        assert not mask[0, 5:].any()
        assert mask[0, :5].any()
    assert not batch.truth.pair_mask[0, :, 5:].any()


def test_batch_moves_with_all_its_parts(make_chain):
    batch = collate([crop(make_chain("1abc", "G" * 5, 0))]).to("meta")
    assert batch.inputs["sequence"].device.type == "meta"
    assert batch.truth.coords.device.type == "meta"


def test_rows_and_templates_are_padded_to_the_most_of_the_batch(make_chain):
    items = [
        crop(make_chain("1abc", "G" * 5, 0), rows=4),
        crop(make_chain("2abc", "G" * 9, 1), rows=2, templates=3),
        crop(make_chain("3abc", "G" * 7, 2)),
    ]
    inputs = collate(items).inputs
    assert inputs["msa"].shape == inputs["msa_mask"].shape == (3, 4, 9)
    assert inputs["template_origin"].shape == (3, 3, 9, 3)
    assert inputs["template_rotation"].shape == (3, 3, 9, 3, 3)
    assert inputs["template_mask"].shape == (3, 3, 9)
    assert inputs["msa_mask"].sum((1, 2)).tolist() == [20, 18, 0]
    assert inputs["msa_mask"][0, :, :5].all() and inputs["msa_mask"][1, :2].all()
    assert inputs["template_mask"].sum((1, 2)).tolist() == [0, 27, 0]
    for name, tensor in inputs.items():
        for row, (_, own, _) in enumerate(items):
            cut = tensor[row][tuple(slice(0, size) for size in own[name].shape)]
            assert torch.equal(cut, own[name]), name
