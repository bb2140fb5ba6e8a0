import numpy as np
import pandas as pd
import pytest

from rna_predict.evaluate.ensembles import Z_WEIGHTS, diversity, z_rna


def table(**columns):
    size = len(next(iter(columns.values())))
    return pd.DataFrame({name: columns.get(name, np.zeros(size)) for name in Z_WEIGHTS})


def test_copies_do_not_differ_and_noise_does(chain, noisy):
    native = chain("1q9a_A")
    same = diversity([native, native, native])
    assert same["pairwise_rmsd"] == pytest.approx(0, abs=1e-5)
    assert same["pairwise_tm"] == pytest.approx(1, abs=1e-6)
    shaken = diversity([noisy(native, 2.0, seed) for seed in range(3)])
    assert 2.5 < shaken["pairwise_rmsd"] < 6
    assert shaken["pairwise_tm"] < 0.7


def test_one_model_has_no_diversity(chain):
    assert np.isnan(diversity([chain("1q9a_A")])["pairwise_tm"])


def test_weights_are_those_of_casp15():
    assert sum(abs(weight) for weight in Z_WEIGHTS.values()) == pytest.approx(1.0)
    z = z_rna(table(tm_score=np.array([0.0, 1.0]), clash_score=np.array([10.0, 0.0])))
    assert z == pytest.approx([-(1 / 3 + 1 / 12), 1 / 3 + 1 / 12])


def test_an_outlier_does_not_set_the_scale():
    good = np.array([0.5, 0.6, 0.5, 0.6, 0.5, 0.6, 0.5, 0.6])
    z = z_rna(table(tm_score=np.append(good, -50.0)))
    assert z[1] - z[0] == pytest.approx(2 / 3)
    assert z[-1] < -100


def test_a_missing_score_leaves_no_rank_and_equal_ones_no_difference():
    z = z_rna(table(tm_score=np.array([0.2, 0.4, np.nan])))
    assert np.isnan(z[2])
    assert np.isfinite(z[:2]).all()
    assert z_rna(table(tm_score=np.array([0.3, 0.3]))) == pytest.approx([0, 0])
