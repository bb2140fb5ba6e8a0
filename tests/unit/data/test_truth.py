"""Targets of the losses."""

import numpy as np
import pytest

from rna_predict.data.truth import structure_truth


@pytest.fixture
def truth(make_chain):
    chain = make_chain("1abc", "GCAUNGC", 0)
    mask = chain.atom_mask.copy()
    mask[2] = False
    torsions = np.full((7, 14), np.nan, dtype=np.float32)
    torsions[1:, 3] = 0.5
    pairs = np.array([[0, 6], [1, 5]])
    return chain, structure_truth(chain.coords, mask, torsions, pairs, np.arange(1, 7))


def test_missing_truth_is_a_mask(truth):
    chain, cut = truth
    assert not cut.atom_mask[1].any()
    assert (cut.coords[1] == 0).all()
    assert cut.coords.isfinite().all()
    np.testing.assert_array_equal(cut.coords[0][cut.atom_mask[0]], chain.coords[1][:20])
    assert cut.torsion_mask.sum() == 6
    assert cut.torsion_mask[:, 3].all()
    assert (cut.torsions[cut.torsion_mask] == 0.5).all()


def test_pairs_with_a_residue_outside_the_crop_drop_out(truth):
    _, cut = truth
    assert cut.pair_contacts.nonzero().tolist() == [[0, 4], [4, 0]]


def test_pairs_count_only_where_both_bases_were_observed(truth):
    _, cut = truth
    unknown, missing = 3, 1
    assert not cut.pair_mask[unknown].any()
    assert not cut.pair_mask[:, missing].any()
    assert not cut.pair_mask.diagonal().any()
    assert int(cut.pair_mask.sum()) == 4 * 3
