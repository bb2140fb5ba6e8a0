"""Queries: pairs of ensemble and family united, and parts that must fit."""

import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.families.covariance_models import read_models
from rna_predict.families.infernal import make_program
from rna_predict.secondary.fold import make_adjacency
from rna_predict.templates.query import Query, make_query
from tests.unit.templates.conftest import HAIRPIN

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"


@pytest.fixture(scope="module")
def adjacency():
    return make_adjacency("viennarna", 0.01, 0)


def test_a_stem_pairs_up_and_down(adjacency):
    query = make_query("q", HAIRPIN, adjacency)
    assert query.pair_probability[0, 21] == query.pair_probability[21, 0] > 0.9
    assert query.pair_profile[0, 0] > 0.9 and query.pair_profile[21, 1] > 0.9
    assert query.pair_profile[10, 2] > 0.9
    np.testing.assert_allclose(query.pair_profile.sum(1), 1, atol=1e-5)


def test_the_family_adds_its_columns_and_pairs(root, adjacency):
    models = read_models([root / "config/example/rfam"])
    program = make_program("pyinfernal", 1.0, 1.0)
    query = make_query("q", TRNA, adjacency, models=models, program=program)
    assert query.families == ("RF00005",)
    (placement,) = query.placements
    assert len(placement.columns) == len(placement.posterior)
    assert query.pair_probability[0, 71] > 0.8  # the acceptor stem
    assert query.pair_probability.sum(1).max() <= 1 + 1e-5


def test_parts_of_another_length_are_refused():
    with pytest.raises(InputError, match="expected"):
        Query("q", "ACGU", np.zeros((3, 3)))
    with pytest.raises(InputError, match="alignment"):
        Query("q", "ACGU", np.zeros((4, 4)), msa=np.zeros((2, 5), dtype=np.uint8))


def test_models_without_a_program_are_refused(root, adjacency):
    models = read_models([root / "config/example/rfam"])
    with pytest.raises(InputError, match="program"):
        make_query("q", HAIRPIN, adjacency, models=models)
