import numpy as np

from rna_predict.evaluate.elements import find_canonical_pairs, structural_elements
from rna_predict.evaluate.native import read_native
from rna_predict.secondary.dot_bracket import to_dot_bracket


def test_elements_of_a_hairpin_with_tails():
    pairs = np.array([[2, 9], [3, 8]])
    assert structural_elements(12, pairs) == [
        *["strand"] * 2, *["stem"] * 2, *["loop"] * 4, *["stem"] * 2, *["strand"] * 2,
    ]  # fmt: skip


def test_a_chain_without_pairs_is_a_single_strand():
    assert structural_elements(3, np.zeros((0, 2), dtype=np.int64)) == ["strand"] * 3


def test_canonical_pairs_are_those_that_a_native_counts_as_nested_or_crossing(chain):
    example = chain("1ehz_A")
    pairs = find_canonical_pairs(example)
    native = read_native(example)
    found = native.interactions.nested | native.interactions.crossing
    assert {(i, j) for i, j, _ in found} == set(map(tuple, pairs.tolist()))
    assert structural_elements(len(example), pairs) == list(native.elements)
    brackets = to_dot_bracket(map(tuple, pairs.tolist()), len(example))
    assert brackets.startswith("(((((((..((((") and brackets.endswith(")))))))....")
