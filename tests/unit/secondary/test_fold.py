import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.secondary.fold import WHOLE_LENGTH, fold_chains, fold_sequence
from rna_predict.structure.chain import model_chain

HAIRPIN = "GGGGCGAAAGCCCC"


def chain(name, sequence):
    return model_chain(name, sequence, np.full((len(sequence), 23, 3), np.nan, dtype=np.float32))


def test_a_hairpin_pairs_its_ends_with_certainty():
    i, j, probability = fold_sequence(HAIRPIN, 0.5, 0)
    assert list(zip(i, j, strict=True)) == [(0, 13), (1, 12), (2, 11), (3, 10), (4, 9)]
    assert probability.dtype == np.float32
    assert (probability > 0.9).all()


def test_probabilities_are_those_of_the_full_matrix():
    import RNA

    compound = RNA.fold_compound(HAIRPIN)
    compound.pf()
    matrix = np.array(compound.bpp())[1:, 1:]
    i, j, probability = fold_sequence(HAIRPIN, 0.0, 0)
    dense = np.zeros_like(matrix)
    dense[i, j] = probability
    np.testing.assert_allclose(dense, matrix, atol=1e-6)
    assert (dense + dense.T).sum(1).max() <= 1 + 1e-6


def test_unknown_residues_never_pair():
    i, j, _ = fold_sequence("NGGGCGAAAGCCCN", 0.001, 0)
    assert len(i) > 0
    assert not {0, 13} & {*i, *j}


def test_span_bounds_the_distance_of_paired_residues():
    i, j, _ = fold_sequence(HAIRPIN, 0.001, 9)
    assert (j - i).max() == 9


def test_weak_pairs_are_left_out():
    _, _, all_of_them = fold_sequence("GGGAAACCC", 0.001, 0)
    _, _, strong = fold_sequence("GGGAAACCC", 0.5, 0)
    assert 0 < len(strong) == (all_of_them >= 0.5).sum() < len(all_of_them)


@pytest.mark.parametrize("sequence", ["A", "AC", "NNNNN"])
def test_sequences_that_cannot_pair_have_no_pairs(sequence):
    assert [len(column) for column in fold_sequence(sequence, 0.01, 0)] == [0, 0, 0]


def test_long_sequences_are_folded_in_windows():
    rng = np.random.default_rng(0)
    spacer = "".join(rng.choice(list("AU"), WHOLE_LENGTH))
    i, j, probability = fold_sequence("GGGCGGCCGAAAGGCCGCCC" + spacer, 0.5, 50)
    assert (j - i).max() <= 50
    found = {(a, b) for a, b, p in zip(i, j, probability, strict=True) if p > 0.9}
    assert {(k, 19 - k) for k in range(6)} <= found


def test_equal_sequences_get_equal_rows_and_are_folded_once(monkeypatch):
    calls = []
    original = fold_sequence

    def counted(*arguments):
        calls.append(arguments[0])
        return original(*arguments)

    monkeypatch.setattr("rna_predict.secondary.fold.fold_sequence", counted)
    chains = [chain("x", HAIRPIN), chain("y", "AAAA"), chain("z", HAIRPIN)]
    table = fold_chains(chains, 0.5, 0)
    assert calls == [HAIRPIN, "AAAA"]
    assert list(table["chain_id"].unique()) == ["x_A", "z_A"]
    first, second = (table[table["chain_id"] == name] for name in ("x_A", "z_A"))
    assert first[["i", "j", "probability"]].to_numpy().tolist() == (
        second[["i", "j", "probability"]].to_numpy().tolist()
    )


def test_no_chains_give_an_empty_table_of_the_same_types():
    full, empty = fold_chains([chain("x", HAIRPIN)], 0.5, 0), fold_chains([], 0.5, 0)
    assert len(empty) == 0
    assert dict(empty.dtypes) == dict(full.dtypes)


@pytest.mark.parametrize(
    ("sequence", "probability", "span", "message"),
    [
        ("", 0.5, 0, "expected letters"),
        ("ACGT", 0.5, 0, "expected letters"),
        ("ACGU", 1.5, 0, "min_probability"),
        ("ACGU", 0.5, 3, "max_span"),
        ("ACGU", 0.5, -1, "max_span"),
    ],
)
def test_bad_arguments_are_refused(sequence, probability, span, message):
    with pytest.raises(InputError, match=message):
        fold_sequence(sequence, probability, span)
