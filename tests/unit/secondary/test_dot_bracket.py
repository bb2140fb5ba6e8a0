import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.secondary.dot_bracket import from_dot_bracket, to_dot_bracket


@pytest.mark.parametrize(
    "text",
    ["", "....", "((..))", "((((..[[[[..))))..]]]]", "(((...[[[...{{{...)))...]]]...}}}", "(())()"],
)
def test_strings_survive_the_round_trip(text):
    assert to_dot_bracket(from_dot_bracket(text), len(text)) == text


def test_random_structures_survive_the_round_trip():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        order = rng.permutation(60)[:30].reshape(-1, 2)
        pairs = sorted((int(min(pair)), int(max(pair))) for pair in order)
        assert from_dot_bracket(to_dot_bracket(pairs, 60)) == pairs, f"seed {seed}"


def test_pairs_of_one_level_never_cross():
    rng = np.random.default_rng(0)
    pairs = [(int(min(pair)), int(max(pair))) for pair in rng.permutation(40).reshape(-1, 2)]
    text = to_dot_bracket(pairs, 40)
    for opening, closing in ("()", "[]", "{}", "<>", "Aa", "Bb"):
        level = [(i, j) for i, j in pairs if text[i] == opening]
        assert all(text[j] == closing for _, j in level)
        assert not any(a < c < b < d for a, b in level for c, d in level)


def test_the_longest_stem_gets_round_brackets():
    stem = [(4, 20), (5, 19), (6, 18)]
    knot = [(0, 10), (1, 9)]
    assert to_dot_bracket(knot + stem, 21) == "[[..(((..]].......)))"


def test_pairs_may_be_given_in_any_order_and_twice():
    assert to_dot_bracket([(5, 0), (0, 5), (4, 1)], 6) == "((..))"


def test_other_marks_of_unpaired_residues_are_read():
    assert from_dot_bracket("(-_,:)") == [(0, 5)]


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([(0, 6)], "positions of 0 to 5"),
        ([(-1, 3)], "positions of 0 to 5"),
        ([(2, 2)], "positions of 0 to 5"),
        ([(0, 5), (0, 4)], "residue 0 is paired with 4 already"),
    ],
)
def test_impossible_pairs_are_refused(pairs, message):
    with pytest.raises(InputError, match=message):
        to_dot_bracket(pairs, 6)


def test_more_levels_than_brackets_are_refused():
    crossing = [(k, k + 31) for k in range(31)]
    with pytest.raises(InputError, match="pseudoknot levels"):
        to_dot_bracket(crossing, 62)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(.", "position 0: '\\(' is never closed"),
        ("..)", "position 2: '\\)' closes nothing"),
        ("(]", "position 1: '\\]' closes nothing"),
        ("(!)", "position 1: unknown character '!'"),
    ],
)
def test_unbalanced_strings_are_refused_with_the_position(text, message):
    with pytest.raises(InputError, match=message):
        from_dot_bracket(text)
