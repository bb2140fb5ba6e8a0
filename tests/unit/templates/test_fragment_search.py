"""Loops: how they are read off pairs, and how they match."""

import numpy as np
import pytest

from rna_predict.secondary.dot_bracket import from_dot_bracket
from rna_predict.templates.fragment_search import find_fragments, find_loops
from rna_predict.templates.query import Query
from tests.unit.templates.conftest import random_sequence


def partner_of(text):
    partner = np.full(len(text), -1)
    for i, j in from_dot_bracket(text):
        partner[i], partner[j] = j, i
    return partner


def make_query(sequence, text):
    matrix = np.zeros((len(text), len(text)))
    for i, j in from_dot_bracket(text):
        matrix[i, j] = matrix[j, i] = 0.9
    return Query("q", sequence, matrix)


def paired_sequence(text, seed):
    letters = list(random_sequence(len(text), seed))
    for i, j in from_dot_bracket(text):
        letters[i], letters[j] = "G", "C"
    return "".join(letters)


@pytest.mark.parametrize(
    ("text", "strands"),
    [
        ("((((....))))", {((3, 8),)}),
        ("(((.((...))..)))", {((2, 4), (10, 13)), ((5, 9),)}),
        ("((.((...))((...)).))", {((1, 3), (9, 10), (16, 18)), ((4, 8),), ((11, 15),)}),
        ("....", set()),
        ("((((", set()),
    ],
)
def test_loops_are_hairpins_internal_loops_and_junctions(text, strands):
    if text.count("(") != text.count(")"):
        text = text.replace("(", ".")
    assert {loop.strands for loop in find_loops(partner_of(text))} == strands


def test_a_pseudoknot_counts_as_unpaired():
    text = "((((..[[[..))))...]]]"
    assert {loop.strands for loop in find_loops(partner_of(text))} == {((3, 11),)}


def test_each_helix_of_a_loop_comes_along_up_to_three_pairs():
    (internal, _) = find_loops(partner_of("(((((.((...))..)))))"))
    assert internal.strands == ((4, 6), (12, 15))
    assert internal.helices == (2, 3)  # past the inner strand's end two pairs, past the outer three


def library_of(make_library, make_dated, texts, sequences):
    chains = [make_dated(f"{k:04d}", sequence) for k, sequence in enumerate(sequences)]
    pairs = {chain.name: from_dot_bracket(text) for chain, text in zip(chains, texts, strict=True)}
    return make_library(chains, pairs)


def test_a_loop_is_found_inside_another_fold_with_its_helices(make_library, make_dated):
    text = "((((....))))"
    other = "...(((((....)))))..."
    sequence, template = paired_sequence(text, 1), paired_sequence(other, 2)
    library = library_of(make_library, make_dated, [other], [template])
    (hit,) = find_fragments(make_query(sequence, text), library, np.array([0]), 5)
    # Loop with its closing pair and two more pairs on each side.
    assert hit.columns.tolist() == [[k, k + 4] for k in range(1, 11)]
    assert hit.method == "fragment" and hit.coverage == pytest.approx(10 / 12)
    assert hit.satisfied == pytest.approx(3 / 4)


def test_equal_length_comes_before_another_and_much_else_is_left_out(make_library, make_dated):
    text, longer, longest = "((((....))))", "((((.....))))", "((((........))))"
    sequences = [paired_sequence(t, k) for k, t in enumerate((longer, text, longest))]
    library = library_of(make_library, make_dated, [longer, text, longest], sequences)
    query = make_query(paired_sequence(text, 1), text)
    hits = find_fragments(query, library, np.arange(3), 5)
    assert [hit.template for hit in hits] == [1, 0]
    assert hits[0].score > hits[1].score
    assert (np.diff(hits[1].columns, axis=0) > 0).all()
    assert 6 not in hits[1].columns[:, 1]  # the middle of the longer loop has no partner


def test_junctions_match_strand_by_strand(make_library, make_dated):
    text = "((.((...))((...)).))"
    same, turned = "((.((....))((....)).))", "((((...)).((...)).))"
    sequences = [paired_sequence(t, k) for k, t in enumerate((same, turned))]
    library = library_of(make_library, make_dated, [same, turned], sequences)
    hits = find_fragments(make_query(paired_sequence(text, 5), text), library, np.arange(2), 5)
    junctions = [hit for hit in hits if len(set(np.diff(hit.columns[:, 0]))) > 1]
    assert {hit.template for hit in junctions} == {0, 1}  # the second differs by 2 in its strands


def test_forbidden_and_unobserved_templates_give_no_fragment(make_library, make_dated):
    text = "((((....))))"
    chain = make_dated("1abc", paired_sequence(text, 1))
    coords = chain.coords.copy()
    coords[5] = np.nan
    library = make_library([chain.with_coords(coords)], {"1abc_A": from_dot_bracket(text)})
    query = make_query(paired_sequence(text, 2), text)
    assert find_fragments(query, library, np.array([0]), 5) == []
    whole = library_of(make_library, make_dated, [text], [paired_sequence(text, 1)])
    assert find_fragments(query, whole, np.array([], dtype=np.int64), 5) == []
