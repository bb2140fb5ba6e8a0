import numpy as np

from rna_predict.secondary.matching import take_best


def test_links_are_those_that_a_loop_would_take():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        ends, rank = rng.integers(0, 20, size=(50, 2)), rng.permutation(50)
        used, taken = set(), np.zeros(50, dtype=bool)
        for row in np.argsort(rank):
            if not set(ends[row].tolist()) & used:
                taken[row] = True
                used |= set(ends[row].tolist())
        assert take_best(ends, rank).tolist() == taken.tolist(), f"seed {seed}"


def test_a_chain_of_rivals_is_settled_from_the_best_on():
    ends = np.array([[0, 1], [1, 2], [2, 3], [3, 4]])
    assert take_best(ends, np.array([0, 1, 2, 3])).tolist() == [True, False, True, False]
    assert take_best(ends, np.array([1, 0, 3, 2])).tolist() == [False, True, False, True]


def test_of_no_links_none_is_taken():
    assert take_best(np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.int64)).shape == (0,)
