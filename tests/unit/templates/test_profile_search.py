"""Templates found by nhmmer."""

import numpy as np

from rna_predict.templates.profile_search import profile_anchors
from rna_predict.templates.query import Query
from tests.unit.templates.conftest import random_sequence
from tests.unit.templates.test_guards import mutate

SEQUENCE = random_sequence(90, 11)


def library_of(make_library, make_dated, sequences):
    return make_library([make_dated(f"{k:04d}", text) for k, text in enumerate(sequences)])


def test_a_homolog_is_found_and_its_residues_paired(make_library, make_dated):
    homolog = random_sequence(15, 1) + mutate(SEQUENCE[10:80], 10, 2)
    strangers = [random_sequence(80, 20 + k) for k in range(20)]
    library = library_of(make_library, make_dated, [homolog, *strangers])
    query = Query("q", SEQUENCE, np.zeros((90, 90)))
    anchors = profile_anchors(query, library.templates, np.arange(len(library)))
    columns = anchors[0].columns
    assert len(columns) > 50
    assert (columns[:, 1] - columns[:, 0] == 5).mean() > 0.95
    assert anchors[0].posterior.max() <= 1


def test_only_allowed_templates_are_searched(make_library, make_dated):
    library = library_of(make_library, make_dated, [SEQUENCE, SEQUENCE])
    query = Query("q", SEQUENCE, np.zeros((90, 90)))
    assert set(profile_anchors(query, library.templates, np.array([1]))) == {1}
    assert profile_anchors(query, library.templates, np.array([], dtype=np.int64)) == {}


def test_the_columns_of_an_alignment_are_the_residues_of_the_query(make_library, make_dated):
    homolog = mutate(SEQUENCE, 35, 3)
    library = library_of(make_library, make_dated, [homolog])
    rows = [mutate(homolog, 12, k) for k in range(4, 12)]
    msa = np.array([["ACGU".index(x) for x in text] for text in rows], dtype=np.uint8)
    msa[2:4, 30:40] = 5  # gaps
    alone = Query("q", SEQUENCE, np.zeros((90, 90)))
    query = Query("q", SEQUENCE, np.zeros((90, 90)), msa=msa)
    (found,) = profile_anchors(query, library.templates, np.array([0])).values()
    assert (found.columns[:, 0] == found.columns[:, 1]).all() and len(found.columns) > 80
    before = profile_anchors(alone, library.templates, np.array([0]))
    assert sum(len(anchor.columns) for anchor in before.values()) < len(found.columns)


def test_a_very_short_query_makes_no_profile(make_library, make_dated):
    library = library_of(make_library, make_dated, [SEQUENCE])
    assert profile_anchors(Query("q", "GGCC", np.zeros((4, 4))), library.templates, np.array([0])) \
        == {}  # fmt: skip
