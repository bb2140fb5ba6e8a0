from itertools import combinations, product

import numpy as np
import pytest

from rna_predict.families.solver import closest_subset, deal

SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}


def totals(sizes, dealt, filled=None):
    sums = dict.fromkeys(SHARES, 0) | (filled or {})
    for group, side in dealt.items():
        sums[side] += sizes[group]
    return sums


@pytest.mark.parametrize("seed", range(20))
def test_no_subset_comes_closer(seed):
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 60, size=9)
    target = float(rng.uniform(0, weights.sum()))
    found = closest_subset(weights, target)
    assert len(set(found.tolist())) == len(found)
    every = [
        abs(sum(part) - target)
        for size in range(10)
        for part in combinations(weights.tolist(), size)
    ]
    assert abs(weights[found].sum() - target) == pytest.approx(min(every)), f"seed {seed}"


def test_an_empty_target_takes_nothing():
    assert closest_subset(np.array([3, 4]), 0.0).size == 0
    assert closest_subset(np.array([], dtype=np.int64), 5.0).size == 0


@pytest.mark.parametrize("seed", range(5))
def test_few_groups_are_dealt_in_the_best_of_all_ways(seed):
    rng = np.random.default_rng(seed)
    sizes = {f"g{k}": int(n) for k, n in enumerate(rng.integers(1, 50, size=6))}
    whole = sum(sizes.values())

    def deviation(sums):
        return sum(abs(sums[side] - share * whole) for side, share in SHARES.items())

    best = min(
        deviation(sums)
        for way in product(SHARES, repeat=6)
        if all((sums := totals(sizes, dict(zip(sizes, way, strict=True)))).values())
    )
    sums = totals(sizes, deal(sizes, {}, SHARES, rng))
    assert min(sums.values()) > 0
    assert deviation(sums) == pytest.approx(best), f"seed {seed}"


@pytest.mark.parametrize("seed", range(10))
def test_many_groups_meet_the_shares_to_the_residue(seed):
    rng = np.random.default_rng(seed)
    drawn = np.r_[rng.integers(10, 100, size=300), 5_000, 9_000]
    sizes = {f"g{k}": int(n) for k, n in enumerate(drawn)}
    whole = sum(sizes.values())
    sums = totals(sizes, deal(sizes, {}, SHARES, rng))
    for side, share in SHARES.items():
        assert abs(sums[side] - share * whole) <= 1, f"seed {seed}"


def test_what_sides_have_already_counts():
    rng = np.random.default_rng(0)
    sizes = {f"g{k}": 10 for k in range(100)}
    filled = {"train": 500, "test": 400}
    sums = totals(sizes, deal(sizes, filled, SHARES, rng), filled)
    assert sums["test"] == 400  # more than its share: the others share the rest in proportion
    assert sums["train"] / sums["validation"] == pytest.approx(0.7 / 0.15, rel=0.05)


def test_sides_of_no_share_get_nothing():
    sizes = {f"g{k}": 10 for k in range(30)}
    dealt = deal(
        sizes, {}, {"train": 0.8, "validation": 0.2, "test": 0.0}, np.random.default_rng(0)
    )
    assert set(dealt.values()) == {"train", "validation"}
    assert deal({}, {}, SHARES, np.random.default_rng(0)) == {}


@pytest.mark.parametrize("sizes", [[1000, *[1] * 9], [500, 400, *[100] * 10], [7] * 9])
def test_no_side_stays_empty(sizes):
    groups = {f"g{k}": size for k, size in enumerate(sizes)}
    assert set(deal(groups, {}, SHARES, np.random.default_rng(0)).values()) == set(SHARES)


def test_large_groups_stay_out_of_small_sides():
    sizes = {f"g{k}": 10 for k in range(200)} | {"large": 200}
    for seed in range(10):
        assert deal(sizes, {}, SHARES, np.random.default_rng(seed))["large"] == "train"


def test_the_seed_draws_the_groups_and_their_order_does_not_matter():
    sizes = {f"g{k}": 10 + k % 7 for k in range(100)}
    backwards = dict(reversed(sizes.items()))
    one = deal(sizes, {}, SHARES, np.random.default_rng(1))
    assert deal(backwards, {}, SHARES, np.random.default_rng(1)) == one
    assert deal(sizes, {}, SHARES, np.random.default_rng(2)) != one
