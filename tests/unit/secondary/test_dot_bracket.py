from itertools import combinations

import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.secondary.dot_bracket import (
    CLOSING,
    OPENING,
    dot_bracket_table,
    drop_multiplets,
    from_dot_bracket,
    to_dot_bracket,
)
from rna_predict.secondary.pairs import annotate_pairs, canonical_pairs


@pytest.mark.parametrize(
    "text",
    ["", "....", "((..))", "((((..[[[[..))))..]]]]", "(((...[[[...{{{...)))...]]]...}}}", "(())()"],
)
def test_strings_survive_the_round_trip(text):
    assert to_dot_bracket(from_dot_bracket(text), len(text)) == text


def test_random_structures_survive_the_round_trip():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        length, n = int(rng.integers(2, 90)), int(rng.integers(0, 30))
        order = rng.permutation(length)[: 2 * min(n, length // 2)].reshape(-1, 2)
        pairs = sorted((int(min(pair)), int(max(pair))) for pair in order)
        assert from_dot_bracket(to_dot_bracket(pairs, length)) == pairs, f"seed {seed}"


def test_pairs_of_one_level_never_cross():
    rng = np.random.default_rng(0)
    pairs = [(int(min(pair)), int(max(pair))) for pair in rng.permutation(40).reshape(-1, 2)]
    text = to_dot_bracket(pairs, 40)
    for opening, closing in ("()", "[]", "{}", "<>", "Aa", "Bb"):
        level = [(i, j) for i, j in pairs if text[i] == opening]
        assert all(text[j] == closing for _, j in level)
        assert not any(a < c < b < d for a, b in level for c, d in level)


def crosses(first, second):
    (a, b), (c, d) = sorted((first, second))
    return a < c < b < d


def test_round_brackets_hold_as_many_pairs_as_can_go_without_crossing():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        pairs = [(int(min(p)), int(max(p))) for p in rng.permutation(24)[:20].reshape(-1, 2)]
        text = to_dot_bracket(pairs, 24)
        most = max(
            len(chosen)
            for n in range(1, 11)
            for chosen in combinations(pairs, n)
            if not any(crosses(*two) for two in combinations(chosen, 2))
        )
        assert text.count("(") == most, f"seed {seed}: {text}"


def test_two_short_stems_outweigh_a_longer_one_that_crosses_both():
    text = "((..[[[..))..((..]]]..))"
    assert to_dot_bracket(from_dot_bracket(text), 24) == text


def test_the_longest_stem_gets_round_brackets():
    stem = [(4, 20), (5, 19), (6, 18)]
    knot = [(0, 10), (1, 9)]
    assert to_dot_bracket(knot + stem, 21) == "[[..(((..]].......)))"


def test_of_equal_stems_the_one_that_closes_first_gets_round_brackets():
    assert to_dot_bracket([(0, 9), (1, 8), (4, 13), (5, 12)], 14) == "((..[[..))..]]"


def test_the_order_of_pairs_changes_nothing():
    rng = np.random.default_rng(1)
    pairs = np.sort(rng.permutation(80).reshape(-1, 2), axis=1)
    texts = {to_dot_bracket(rng.permutation(pairs), 80) for _ in range(10)}
    assert len(texts) == 1


def test_all_thirty_levels_are_written_and_read():
    crossing = [(k, k + 30) for k in range(30)]
    text = to_dot_bracket(crossing, 60)
    assert text == OPENING + CLOSING
    assert from_dot_bracket(text) == crossing


def test_of_pairs_that_share_a_residue_that_of_the_longest_stem_stays():
    stem = [(0, 12), (1, 11), (2, 10)]
    lone = [(2, 20), (5, 11), (4, 25)]
    pairs = np.array(lone + stem)
    assert pairs[drop_multiplets(pairs)].tolist() == [[4, 25], [0, 12], [1, 11], [2, 10]]


def test_of_equal_rivals_the_5_prime_one_stays():
    pairs = np.array([[3, 9], [0, 9], [3, 20]])
    assert drop_multiplets(pairs).tolist() == [False, True, True]


def test_what_is_left_of_multiplets_can_always_be_written():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        i = rng.integers(0, 30, size=60)
        pairs = np.unique(np.stack([i, i + rng.integers(1, 30, size=60)], axis=1), axis=0)
        kept = pairs[drop_multiplets(pairs)]
        text = to_dot_bracket(kept, 60)
        assert from_dot_bracket(text) == list(map(tuple, kept.tolist())), f"seed {seed}"
        taken = set(kept.ravel().tolist())
        dropped = pairs[~drop_multiplets(pairs)]
        assert all(set(pair) & taken for pair in dropped.tolist()), f"seed {seed}: one too many"


def test_the_table_has_the_canonical_pairs_of_every_chain(example_chains):
    pairs = annotate_pairs(example_chains)
    table = dot_bracket_table(example_chains, pairs)
    assert table["chain_id"].tolist() == [chain.name for chain in example_chains]
    canonical = canonical_pairs(pairs)
    for row, chain in zip(table.itertuples(), example_chains, strict=True):
        part = canonical[canonical["chain_id"] == row.chain_id]
        read = from_dot_bracket(row.dot_bracket)
        assert len(row.dot_bracket) == len(chain)
        assert set(read) <= set(zip(part["i"], part["j"], strict=True))
        assert len(read) == row.n_pairs
        knotted = any(crosses(*two) for two in combinations(read, 2))
        assert row.pseudoknotted == knotted
    rows = table.set_index("chain_id")
    assert rows.loc["1ehz_A", "pseudoknotted"]  # G19-C56 of the elbow


def test_a_chain_without_pairs_is_all_dots(example_chains):
    pairs = annotate_pairs(example_chains).iloc[:0]
    table = dot_bracket_table(example_chains[:1], pairs)
    assert table["dot_bracket"].tolist() == ["." * len(example_chains[0])]
    assert table["n_pairs"].tolist() == [0]
    assert dict(table.dtypes) == dict(dot_bracket_table([], pairs).dtypes)


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
