"""Inputs of targets: pairs, families."""

import numpy as np
import pytest

from rna_predict.constants import ALPHABET
from rna_predict.data.features import PROBABILITY_FLOOR, sequence_inputs
from rna_predict.families.covariance_models import read_models
from rna_predict.families.infernal import make_program
from rna_predict.predict.inputs import family_inputs, target_features
from rna_predict.secondary.fold import make_adjacency

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"
STRANGER = "GGGAAACUUCGGUUUCCC"


@pytest.fixture(scope="module")
def families(root):
    folder = root / "config" / "example" / "rfam"
    return family_inputs(
        {"trna": TRNA, "stranger": STRANGER},
        read_models([folder]),
        make_program("pyinfernal", 1.0, 1.0),
        seeds=folder,
    )


def test_features_are_those_of_the_sequence_and_its_probabilities():
    features = target_features("stranger", STRANGER, 4, seed=0)
    folding = make_adjacency("viennarna", PROBABILITY_FLOOR, 0).fold(STRANGER)
    pairs = np.stack([folding.i, folding.j], axis=-1)
    wanted = sequence_inputs(STRANGER, pairs, folding.probability)
    for name, tensor in wanted.items():
        np.testing.assert_array_equal(getattr(features, name)[0].numpy(), tensor.numpy())
    assert features.pair_probability.max() > 0.5


def test_as_many_homologs_are_shown_as_the_network_looks_at(families):
    consensus, msa = families.of("trna", TRNA)
    features = target_features("trna", TRNA, 16, seed=3, consensus=consensus, msa=msa)
    assert features.msa.shape == (1, 16, len(TRNA))
    again = target_features("trna", TRNA, 16, seed=3, consensus=consensus, msa=msa)
    other = target_features("trna", TRNA, 16, seed=4, consensus=consensus, msa=msa)
    np.testing.assert_array_equal(features.msa.numpy(), again.msa.numpy())
    assert not np.array_equal(features.msa.numpy(), other.msa.numpy())


def test_a_trna_gets_the_pairs_of_its_cloverleaf_and_homologs(families):
    (pairs, probability), msa = families.of("trna", TRNA)
    found = set(map(tuple, pairs[probability > 0.5].tolist()))
    assert {(0, 71), (6, 65), (26, 42), (48, 64)} <= found
    assert msa.shape == (256, len(TRNA))
    # At a paired column of the acceptor stem most homologs have bases that pair.
    letters = np.array(list(ALPHABET + "-"))[msa]
    bases = np.char.add(letters[:, 0], letters[:, 71])
    assert np.isin(bases, ["GC", "CG", "AU", "UA", "GU", "UG"]).mean() > 0.7


def test_a_sequence_without_a_family_has_no_pairs_and_no_homologs(families):
    (pairs, probability), msa = families.of("stranger", STRANGER)
    assert len(pairs) == len(probability) == 0
    assert msa.shape == (0, len(STRANGER))


def test_a_seed_that_cannot_be_used_is_named(root, tmp_path, caplog):
    folder = root / "config" / "example" / "rfam"
    (tmp_path / "RF00005.sto").write_text("no alignment\n")
    tables = family_inputs(
        {"trna": TRNA},
        read_models([folder]),
        make_program("pyinfernal", 1.0, 1.0),
        seeds=tmp_path,
    )
    assert "RF00005.sto" in caplog.text
    assert tables.of("trna", TRNA)[1].shape == (0, len(TRNA))
