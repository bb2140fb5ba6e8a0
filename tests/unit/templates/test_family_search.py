"""Residues of one column of a covariance model belong together."""

import numpy as np

from rna_predict.templates.family_search import family_anchors
from rna_predict.templates.library import Placement
from rna_predict.templates.query import Query
from rna_predict.templates.search import find_templates
from tests.unit.templates.conftest import random_sequence


def placed(columns, start=0, posterior=None, model="m1"):
    columns = np.array(columns)
    return Placement("RF1", model, start, columns, posterior or "*" * len(columns))


def row(name, columns, start=0, model="m1"):
    return {
        "chain_id": name, "family": "RF1", "model": model, "start": start,
        "columns": columns, "posterior": "*" * len(columns),
    }  # fmt: skip


def test_shared_columns_pair_residues_and_the_lesser_posterior_counts(make_library, make_dated):
    library = make_library(
        [make_dated("1abc", random_sequence(12, 0))],
        alignments=[row("1abc_A", [5, 6, -1, 7, 9], start=2)],
    )
    query = Query(
        "q", "ACGUACGU", np.zeros((8, 8)), ("RF1",), (placed([4, 5, 6, 7, 8, 9], 1, "*94***"),)
    )
    anchors = family_anchors(query, library.templates, np.array([0]))[0]
    assert anchors.columns.tolist() == [[2, 2], [3, 3], [4, 5], [6, 6]]
    np.testing.assert_allclose(anchors.posterior, [0.9, 0.4, 0.975, 0.975])


def test_columns_of_another_model_or_a_forbidden_template_pair_nothing(make_library, make_dated):
    library = make_library(
        [make_dated("1abc", random_sequence(12, 0)), make_dated("2abc", random_sequence(12, 1))],
        alignments=[row("1abc_A", [5, 6, 7], model="m2"), row("2abc_A", [5, 6, 7])],
    )
    query = Query("q", "ACGU", np.zeros((4, 4)), ("RF1",), (placed([5, 6, 7]),))
    assert set(family_anchors(query, library.templates, np.array([0, 1]))) == {1}
    assert family_anchors(query, library.templates, np.array([0])) == {}


def test_two_domains_add_up_only_as_far_as_they_rise_together(make_library, make_dated):
    library = make_library(
        [make_dated("1abc", random_sequence(30, 0))],
        alignments=[row("1abc_A", [0, 1, 2, 3], start=0), row("1abc_A", [0, 1, 2], start=20)],
    )
    query = Query(
        "q", random_sequence(30, 1), np.zeros((30, 30)), ("RF1",),
        (placed([0, 1, 2, 3], 0), placed([0, 1, 2], 15)),
    )  # fmt: skip
    columns = family_anchors(query, library.templates, np.array([0]))[0].columns
    assert columns.tolist() == [[0, 0], [1, 1], [2, 2], [3, 3], [15, 20], [16, 21], [17, 22]]


def test_a_family_finds_what_letters_do_not(make_library, make_dated):
    # A member without a letter in common, among strangers that share more of them by chance.
    sequence = random_sequence(60, 2)
    member = sequence.translate(str.maketrans("ACGU", "GUAC"))
    strangers = [make_dated(f"{k:04d}", random_sequence(60, 10 + k)) for k in range(30)]
    library = make_library(
        [make_dated("1abc", member), *strangers], alignments=[row("1abc_A", list(range(60)))]
    )
    query = Query("q", sequence, np.zeros((60, 60)), ("RF1",), (placed(list(range(60))),))
    best = find_templates(query, library)[0]
    assert (library.templates[best.template].entry, best.method) == ("1abc", "family")
    assert (best.columns[:, 0] == best.columns[:, 1]).all() and best.coverage == 1
