"""Bootstrap intervals against distributions whose truth is known."""

import numpy as np
import pytest

from rna_predict.evaluate.bootstrap import mean_interval, paired_interval, resampled_means


def test_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        _, low, high = mean_interval(rng.normal(0.4, 0.2, size=40), 400, rng)
        covered += low <= 0.4 <= high
    assert 0.90 <= covered / 300 <= 0.98


def test_interval_has_the_width_of_the_standard_error():
    values = np.random.default_rng(1).normal(size=400)
    mean, low, high = mean_interval(values, 4000, np.random.default_rng(2))
    assert mean == pytest.approx(values.mean())
    assert (high - low) / 2 == pytest.approx(1.96 * values.std() / 20, rel=0.08)


def test_resampling_in_pieces_draws_as_many_means_as_asked(monkeypatch):
    monkeypatch.setattr("rna_predict.evaluate.bootstrap.CHUNK", 50)
    means = resampled_means(np.arange(10.0), 1003, np.random.default_rng(0))
    assert means.shape == (1003,)
    assert means.mean() == pytest.approx(4.5, abs=0.15)


def test_few_values_have_no_interval():
    assert np.isnan(mean_interval(np.zeros(0), 10, np.random.default_rng(0))).all()
    mean, low, high = mean_interval(np.array([0.3]), 10, np.random.default_rng(0))
    assert mean == 0.3
    assert np.isnan([low, high]).all()


def test_pairing_finds_a_small_difference_that_unpaired_spread_hides():
    rng = np.random.default_rng(3)
    hardness = rng.uniform(0.1, 0.9, size=30)
    better = hardness + 0.03 + rng.normal(0, 0.01, size=30)
    difference, low, high, p = paired_interval(better, hardness, 2000, rng)
    assert 0 < low < difference < high
    assert p == 1 / 2000
    _, first_low, _ = mean_interval(better, 2000, rng)
    assert first_low < mean_interval(hardness, 2000, rng)[2]  # apart they overlap


def test_difference_changes_sign_with_the_order_and_equals_have_none():
    rng = np.random.default_rng(4)
    a, b = rng.normal(0.5, 0.1, 20), rng.normal(0.3, 0.1, 20)
    forward = paired_interval(a, b, 1000, np.random.default_rng(0))
    back = paired_interval(b, a, 1000, np.random.default_rng(0))
    assert forward[0] == pytest.approx(-back[0])
    assert forward[1] == pytest.approx(-back[2])
    assert paired_interval(a, a, 100, rng)[3] == 1.0


def test_too_few_targets_have_no_p_value():
    ones, zeros = np.ones(5), np.zeros(5)
    assert np.isnan(paired_interval(ones, zeros, 100, np.random.default_rng(0))[3])
