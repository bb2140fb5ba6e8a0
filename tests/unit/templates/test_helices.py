"""A-form helices have the geometry of A-RNA, and come from likely pairs."""

import numpy as np
import pytest

from rna_predict.constants import ALPHABET, IDEAL_BOND, SLOT_INDEX
from rna_predict.secondary.pairs import find_pairs
from rna_predict.templates.helices import find_helices, place_stack, stack_helices

SLOT = SLOT_INDEX["N"]


def kinds(sequence):
    return np.array([ALPHABET.index(letter) for letter in sequence])


def duplex(first, second):
    """Place two strands, both 5' to 3'."""
    level = np.concatenate([np.arange(len(first)), np.arange(len(second))[::-1]])
    strand = np.repeat([0, 1], [len(first), len(second)])
    return place_stack(kinds(first + second), level, strand)


def probability(n, *pairs):
    matrix = np.zeros((n, n))
    for i, j, value in pairs:
        matrix[i, j] = matrix[j, i] = value
    return matrix


def test_residues_of_a_strand_are_bonded():
    atoms = duplex("GGACUCAGGC", "GCCUGAGUCC")
    reach = np.linalg.norm(atoms[1:, SLOT["P"]] - atoms[:-1, SLOT["O3'"]], axis=-1)
    inside = np.delete(reach, 9)
    np.testing.assert_allclose(inside, IDEAL_BOND["O3'", "P+1"], atol=0.05)


def test_all_pairs_are_canonical_and_annotated_as_such():
    sequence = "GGACUCAGGC" + "GCCUGAGUCC"
    i, j, lw = find_pairs(kinds(sequence), duplex("GGACUCAGGC", "GCCUGAGUCC").astype(np.float32))
    assert set(zip(i.tolist(), j.tolist(), strict=True)) >= {(k, 19 - k) for k in range(10)}
    assert set(lw) == {"cWW"}


def test_a_turn_has_eleven_pairs_and_28_angstrom():
    atoms = place_stack(kinds("G" * 23), np.arange(23), np.zeros(23, dtype=int))[:, SLOT["P"]]
    motion = np.linalg.norm(atoms[11:] - atoms[:-11], axis=-1)
    np.testing.assert_allclose(motion, 11 * 2.8, atol=2.5)


def test_levels_count_from_the_lowest():
    rows = kinds("GAC"), np.array([4, 5, 6]), np.zeros(3, dtype=int)
    np.testing.assert_allclose(place_stack(*rows), place_stack(rows[0], rows[1] - 4, rows[2]))


def test_no_residues_are_no_stack():
    assert place_stack(*(np.zeros(0, dtype=int),) * 3).shape == (0, 23, 3)


def test_helices_are_stacked_likely_pairs():
    matrix = probability(
        20, (0, 19, 0.9), (1, 18, 0.9), (2, 17, 0.8), (5, 12, 0.9), (6, 11, 0.95), (4, 13, 0.3)
    )
    (helix,) = find_helices(matrix)
    assert helix.tolist() == [[0, 19], [1, 18], [2, 17]]


def test_of_two_likely_partners_the_likelier_stands():
    matrix = probability(20, (0, 19, 0.9), (1, 18, 0.9), (2, 17, 0.9), (2, 12, 0.6))
    (helix,) = find_helices(matrix)
    assert helix.tolist() == [[0, 19], [1, 18], [2, 17]]


def test_nothing_likely_is_no_helix():
    assert find_helices(np.zeros((8, 8))) == []


def test_helices_stack_across_an_internal_loop_as_long_as_its_shorter_side():
    outer = np.array([[0, 30], [1, 29], [2, 28]])
    inner = np.array([[5, 24], [6, 23], [7, 22]])
    (stack,) = stack_helices([outer, inner])
    assert stack.level[stack.strand == 0].tolist() == list(range(8))
    assert dict(zip(stack.residue.tolist(), stack.level.tolist(), strict=True))[24] == 5
    assert stack.paired[:8].tolist() == [True] * 3 + [False] * 2 + [True] * 3
    assert 25 not in stack.residue


@pytest.mark.parametrize("inner", [[[14, 22], [15, 21], [16, 20]], [[40, 50], [41, 49], [42, 48]]])
def test_far_and_neighbouring_helices_stay_apart(inner):
    outer = np.array([[0, 30], [1, 29], [2, 28]])
    assert len(stack_helices([outer, np.array(inner)])) == 2
