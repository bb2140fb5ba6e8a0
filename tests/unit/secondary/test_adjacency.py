import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.secondary.adjacency import (
    paired_probability,
    scale_excess,
    summarize,
    unite_probabilities,
)


def pairs(*rows):
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2]


def as_dict(united):
    i, j, probability = united
    ends = zip(i.tolist(), j.tolist(), strict=True)
    return dict(zip(ends, probability.tolist(), strict=True))


def random_pairs(rng, n, count):
    i = rng.integers(0, n - 4, count)
    j = rng.integers(i + 1, n)
    key = np.unique(i * n + j)
    return *np.divmod(key, n), rng.random(len(key))


def test_one_structure_is_its_own_best_structure_pseudoknots_included():
    knot = pairs((0, 8, 1), (1, 7, 1), (4, 12, 1), (5, 11, 1))
    folding = summarize("GGAACCAACCAGG", knot, 0.5, 0)
    assert folding.mea == "((..[[.))..]]"
    assert folding.entropy == 0
    assert (folding.probability == 1).all()
    assert (folding.mfe, np.isnan(folding.mfe_energy)) == ("", True)


def test_the_best_structure_outweighs_unpaired_residues():
    # Expected accuracy of a pair is 2 p, of its residues alone 2 (1 - p): it pays above a half.
    assert summarize("GAAAAC", pairs((0, 5, 0.51)), 0.0, 0).mea == "(....)"
    assert summarize("GAAAAC", pairs((0, 5, 0.49)), 0.0, 0).mea == "......"


def test_entropy_of_a_fair_choice_is_one_bit_for_each_residue_that_has_it():
    assert summarize("GAAAAC", pairs((0, 5, 0.5)), 0.0, 0).entropy == pytest.approx(2 / 6)
    both = pairs((0, 5, 0.5), (0, 4, 0.5))
    assert summarize("GAAACC", both, 0.0, 0).entropy == pytest.approx(3 / 6)


def test_weak_pairs_are_left_out_after_and_wide_ones_before_the_best_structure():
    every = pairs((0, 11, 0.9), (2, 8, 0.6))
    folding = summarize("G" * 12, every, 0.7, 0)
    assert list(zip(folding.i, folding.j, strict=True)) == [(0, 11)]
    assert folding.mea == "(.(.....)..)"
    folding = summarize("G" * 12, every, 0.7, 6)
    assert len(folding.i) == 0
    assert folding.mea == "..(.....)..."


def test_only_pairs_of_overfull_residues_are_scaled_and_no_sum_is_above_one():
    for seed in range(20):
        i, j, p = random_pairs(np.random.default_rng(seed), 30, 40)
        total = paired_probability(30, i, j, p)
        scaled = scale_excess(30, i, j, p)
        assert paired_probability(30, i, j, scaled).max() <= 1 + 1e-12, f"seed {seed}"
        free = (total[i] <= 1) & (total[j] <= 1)
        assert (scaled[free] == p[free]).all(), f"seed {seed}"
        assert (scaled[~free] < p[~free]).all(), f"seed {seed}"


def test_united_sources_give_each_pair_the_greatest_probability():
    first, second = pairs((0, 9, 0.9), (2, 7, 0.2)), pairs((2, 7, 0.6), (3, 6, 0.1))
    assert as_dict(unite_probabilities(10, [first, second])) == pytest.approx(
        {(0, 9): 0.9, (2, 7): 0.6, (3, 6): 0.1}
    )


def test_sources_that_contradict_each_other_share_the_residue():
    united = as_dict(unite_probabilities(10, [pairs((0, 9, 1.0)), pairs((0, 8, 1.0))]))
    assert united == pytest.approx({(0, 9): 0.5, (0, 8): 0.5})


def test_uniting_is_symmetric_idempotent_and_knows_an_empty_source():
    rng = np.random.default_rng(1)
    first, second = (
        (i, j, scale_excess(30, i, j, p)) for i, j, p in (random_pairs(rng, 30, 25) for _ in "ab")
    )
    once = unite_probabilities(30, [first])
    np.testing.assert_allclose(once[2], first[2], rtol=1e-6)
    for other in ([first, first], [first, pairs()], [pairs(), first]):
        again = unite_probabilities(30, other)
        assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    there, back = (unite_probabilities(30, s) for s in ([first, second], [second, first]))
    assert all(np.array_equal(a, b) for a, b in zip(there, back, strict=True))
    assert [len(column) for column in unite_probabilities(5, [])] == [0, 0, 0]


@pytest.mark.parametrize("row", [(-1, 3, 0.5), (2, 10, 0.5), (4, 4, 0.5), (5, 2, 0.5)])
def test_positions_outside_the_sequence_cannot_be_united(row):
    with pytest.raises(InputError, match="expected 0 <= i < j < 10"):
        unite_probabilities(10, [pairs(row)])
