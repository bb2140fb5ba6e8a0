import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.families.similarity import align, candidates, similar_pairs

LETTERS = np.array(list("ACGU"))


def random_sequence(rng, length):
    return "".join(rng.choice(LETTERS, length))


def mutate(rng, sequence, substitutions, deletions=0):
    letters = list(sequence)
    for position in rng.choice(len(letters), substitutions, replace=False):
        letters[position] = rng.choice([letter for letter in "ACGU" if letter != letters[position]])
    for position in sorted(rng.choice(len(letters), deletions, replace=False), reverse=True):
        del letters[position]
    return "".join(letters)


def test_identity_and_coverage_of_a_known_alignment():
    text = random_sequence(np.random.default_rng(0), 100)
    assert align(text, text) == (1.0, 1.0)
    changed = text[:50] + ("A" if text[50] != "A" else "C") + text[51:]
    assert align(text, changed) == (pytest.approx(0.99), 1.0)
    assert align(text, text[10:90]) == (1.0, pytest.approx(0.8))
    assert align(text, text[:50] + text[52:]) == (pytest.approx(0.98), pytest.approx(0.98))


def test_unknown_residues_count_for_coverage_and_not_for_identity():
    text = random_sequence(np.random.default_rng(1), 50)
    assert align(text, text[:20] + "N" * 5 + text[25:]) == (1.0, 1.0)
    assert align("NNNN", "NNNN")[0] == 0.0


def test_the_filter_loses_no_similar_pair():
    for seed in range(2):
        rng = np.random.default_rng(seed)
        sequences = []
        for length in (4, 7, 12, 20, 35, 60, 120):
            for _ in range(3):
                parent = random_sequence(rng, length)
                sequences.append(parent)
                sequences.append(mutate(rng, parent, length // 12, length // 30))
                sequences.append(mutate(rng, parent, length // 6))
        sequences[1] = "N" + sequences[1][1:]
        for identity, coverage in ((0.9, 0.8), (0.8, 0.8), (0.7, 0.9)):
            every = {
                (i, j)
                for i in range(len(sequences))
                for j in range(i + 1, len(sequences))
                for same, covered in [align(sequences[i], sequences[j])]
                if same >= identity and covered >= coverage
            }
            found = similar_pairs(sequences, None, identity, coverage)
            assert {(pair.first, pair.second) for pair in found} == every, f"seed {seed}"
            assert len(every) >= 10


def test_the_filter_saves_most_alignments():
    rng = np.random.default_rng(0)
    sequences = [random_sequence(rng, 60) for _ in range(100)]
    assert len(list(candidates(sequences, None, 0.9, 0.8))) < 0.02 * 100 * 99 / 2


def test_pairs_of_two_lists_are_positions_in_each():
    rng = np.random.default_rng(0)
    first = [random_sequence(rng, 40) for _ in range(5)]
    second = [random_sequence(rng, 40), mutate(rng, first[3], 2), first[1]]
    found = [(pair.first, pair.second) for pair in similar_pairs(first, second, 0.9, 0.8)]
    assert found == [(1, 2), (3, 1)]


def test_empty_lists_have_no_pairs():
    assert similar_pairs([], None, 0.9, 0.8) == []
    assert similar_pairs(["ACGU"], [], 0.9, 0.8) == []


@pytest.mark.parametrize("thresholds", [(1.1, 0.8), (0.9, -0.1)])
def test_thresholds_out_of_range_are_refused(thresholds):
    with pytest.raises(InputError, match="expected 0 to 1"):
        similar_pairs(["ACGU"], None, *thresholds)
