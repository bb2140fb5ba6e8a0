from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from rna_predict.constants import SLOT_INDEX
from rna_predict.errors import InputError
from rna_predict.evaluate.ensembles import (
    ENSEMBLE_COLUMNS,
    Z_WEIGHTS,
    pairwise,
    with_ensemble,
    z_rna,
)
from rna_predict.evaluate.scores import score_models


def table(**columns):
    size = len(next(iter(columns.values())))
    return pd.DataFrame({name: columns.get(name, np.zeros(size)) for name in Z_WEIGHTS})


def c3(model):
    return model.coords[:, SLOT_INDEX["A"]["C3'"]]


def test_copies_do_not_differ_and_noise_does(chain, noisy):
    native = chain("1q9a_A")
    same = pairwise([c3(native)] * 3)
    assert same[:, 0] == pytest.approx(0, abs=1e-5)
    assert same[:, 1] == pytest.approx(1, abs=1e-6)
    shaken = pairwise([c3(noisy(native, 2.0, seed)) for seed in range(3)])
    assert ((shaken[:, 0] > 2.5) & (shaken[:, 0] < 6)).all()
    assert (shaken[:, 1] < 0.7).all()


def test_the_mean_over_models_is_the_mean_over_pairs(chain, noisy):
    models = [c3(noisy(chain("1q9a_A"), 2.0, seed)) for seed in range(4)]
    pairs = [pairwise([a, b])[0] for a, b in combinations(models, 2)]
    assert pairwise(models).mean(0) == pytest.approx(np.mean(pairs, 0))


def test_one_model_has_no_diversity(chain):
    assert np.isnan(pairwise([c3(chain("1q9a_A"))])).all()


def test_a_model_that_cannot_be_scored_stands_aside(chain, noisy):
    native = chain("1q9a_A")
    models = [native, InputError("x.cif", "broken"), noisy(native, 1.0, 0), native]
    scores = score_models(models, native)
    table = with_ensemble(scores, models, native)
    assert table[list(ENSEMBLE_COLUMNS)].isna().all(axis=1).tolist() == [False, True, False, False]
    assert table["pairwise_tm"][2] < table["pairwise_tm"][0] < 1
    assert table["pairwise_tm"][0] == pytest.approx(table["pairwise_tm"][3])
    assert table["z_rna"][0] == pytest.approx(table["z_rna"][3])
    assert table["z_rna"][0] > table["z_rna"][2]
    assert list(table.columns[:-3]) == list(scores.columns)


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
