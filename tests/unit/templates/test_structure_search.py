"""Alignment by sequence and pairs."""

import numpy as np

from rna_predict.templates.query import Query
from rna_predict.templates.structure_search import Anchors, Scoring, align_templates, scan
from tests.unit.templates.conftest import random_sequence


def fold_back(sequence, pairs):
    matrix = np.zeros((len(sequence), len(sequence)))
    for i, j in pairs:
        matrix[i, j] = matrix[j, i] = 0.95
    return matrix


def align(query, library, anchors=None, places=None):
    places = np.arange(len(library)) if places is None else places
    found = align_templates(query, library.templates, places, Scoring(), anchors or {})
    return {library.templates[aligned.template].entry: aligned for aligned in found}


def test_a_sequence_aligns_with_itself_on_the_diagonal(make_library, make_dated):
    sequence = random_sequence(80, 1)
    library = make_library([make_dated("1abc", sequence), make_dated("2abc", sequence[20:50])])
    query = Query("q", sequence, np.zeros((80, 80)))
    found = align(query, library)
    assert np.array_equal(found["1abc"].columns, np.arange(80)[:, None].repeat(2, 1))
    inner = found["2abc"].columns
    assert np.array_equal(inner, np.stack([np.arange(20, 50), np.arange(30)], axis=1))
    assert found["1abc"].confidence[5:-5].min() > 0.9


def test_pairs_alone_align_sequences_without_a_common_letter(make_library, make_dated):
    # The same two hairpins, every letter changed; the template has a longer linker.
    first = "GGCGCGAAAACGCGCC" + "AAAA" + "GCGGCCAAAAGGCCGC"
    second = "AAUAUAGGGGUAUAUU" + "GGGGGGG" + "AUAAUUGGGGAAUUAU"
    of_first = [(k, 15 - k) for k in range(6)] + [(20 + k, 35 - k) for k in range(6)]
    of_second = [(k, 15 - k) for k in range(6)] + [(23 + k, 38 - k) for k in range(6)]
    library = make_library([make_dated("1abc", second)], {"1abc_A": of_second})
    query = Query("q", first, fold_back(first, of_first))
    columns = dict(align(query, library)["1abc"].columns.tolist())
    truth = {k: k for k in range(16)} | {20 + k: 23 + k for k in range(16)}
    assert sum(columns.get(i) == j for i, j in truth.items()) >= 0.9 * len(truth)


def test_partners_decide_between_two_equal_stems(make_library, make_dated):
    # Opening strands alike on both sides; only the pairs tell which is which.
    sequence = "GGGGAAAAGGGGAAAACCCCAAAACCCC"
    nested = [(8, 19), (9, 18), (10, 17), (11, 16)]
    outer = [(0, 27), (1, 26), (2, 25), (3, 24)]
    library = make_library([make_dated("1abc", sequence)], {"1abc_A": nested + outer})
    query = Query("q", sequence, fold_back(sequence, nested + outer))
    aligned = align(query, library)["1abc"]
    assert (aligned.columns[:, 0] == aligned.columns[:, 1]).all()


def test_what_was_not_observed_is_in_no_column(make_library, make_dated):
    sequence = random_sequence(60, 2)
    chain = make_dated("1abc", sequence)
    coords = chain.coords.copy()
    coords[20:25] = np.nan
    library = make_library([chain.with_coords(coords)])
    columns = align(Query("q", sequence, np.zeros((60, 60))), library)["1abc"].columns
    assert not np.isin(columns[:, 1], np.arange(20, 25)).any()
    assert len(columns) >= 50


def test_anchors_move_an_alignment(make_library, make_dated):
    library = make_library([make_dated("1abc", random_sequence(60, 3))])
    query = Query("q", random_sequence(60, 4), np.zeros((60, 60)))
    rows = np.arange(10, 40)
    anchors = {0: Anchors(np.stack([rows, rows + 5], axis=1), np.full(30, 0.9))}
    found = {tuple(pair) for pair in align(query, library, anchors)["1abc"].columns.tolist()}
    assert {(k, k + 5) for k in range(10, 40)} <= found


def test_an_alignment_of_sequences_counts_where_the_query_alone_says_less(make_library, make_dated):
    template = random_sequence(60, 5)
    query = random_sequence(60, 6)
    library = make_library([make_dated("1abc", template)])
    kinds = np.array(["ACGU".index(letter) for letter in template], dtype=np.uint8)
    alone = Query("q", query, np.zeros((60, 60)))
    with_rows = Query("q", query, np.zeros((60, 60)), msa=np.stack([kinds, kinds]))
    scores = [scan(q, library.templates, np.array([0]), Scoring())[0] for q in (alone, with_rows)]
    assert scores[1] > scores[0] + 5


def test_columns_do_not_depend_on_the_company(make_library, make_dated):
    chains = [make_dated(f"{k:04d}", random_sequence(30 + 5 * k, k)) for k in range(20)]
    library = make_library(chains)
    query = Query("q", random_sequence(70, 99), np.zeros((70, 70)))
    together = align(query, library)
    for k in (0, 7, 19):
        alone = align(query, library, places=np.array([k]))[f"{k:04d}"]
        assert np.array_equal(alone.columns, together[f"{k:04d}"].columns)
        np.testing.assert_allclose(alone.confidence, together[f"{k:04d}"].confidence, atol=1e-4)
