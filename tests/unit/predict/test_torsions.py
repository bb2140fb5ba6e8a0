"""Torsions of a sequence."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rna_predict.errors import InputError
from rna_predict.model.baselines.gnn import GnnRegressor
from rna_predict.predict.inputs import target_features
from rna_predict.predict.torsions import predict_torsions
from rna_predict.predict.weights import load_predictor

SEQUENCE = "GGCGAAAGCNC"


@pytest.fixture(scope="module")
def predictor(trained):
    return load_predictor(trained[1] / "model.safetensors", "cpu")


@pytest.fixture(scope="module")
def prediction(predictor):
    return predict_torsions(predictor, "hairpin", SEQUENCE)


def test_every_residue_has_torsions_and_their_concentration(prediction):
    assert prediction.torsions.shape == prediction.concentration.shape == (11, 14)
    assert (np.abs(prediction.torsions) <= np.pi).all()
    assert (prediction.concentration > 0).all()


def test_torsions_are_those_that_the_trunk_builds_on(predictor, prediction):
    features = target_features("hairpin", SEQUENCE, predictor.network.dimensions.msa_rows, seed=0)
    trunk = predictor.network.trunk(features, predictor.recycles)
    vectors = trunk.torsion_sin_cos[0].numpy()
    np.testing.assert_allclose(np.sin(prediction.torsions), vectors[..., 0], atol=1e-5)
    np.testing.assert_allclose(np.cos(prediction.torsions), vectors[..., 1], atol=1e-5)
    kappa = trunk.torsion_log_kappa[0].exp().numpy()
    np.testing.assert_allclose(prediction.concentration, kappa, rtol=1e-5)


def test_pairs_of_the_family_reach_the_torsion_net(predictor, prediction):
    consensus = (np.array([[0, 10], [1, 8]]), np.ones(2, dtype=np.float32))
    given = predict_torsions(predictor, "hairpin", SEQUENCE, consensus=consensus)
    assert not np.array_equal(given.torsions, prediction.torsions)


def test_a_baseline_has_no_torsion_net(predictor, small_model):
    dimensions = replace(small_model.dimensions, architecture="gnn")
    torch.manual_seed(0)
    baseline = replace(predictor, network=GnnRegressor(dimensions).eval())
    with pytest.raises(InputError, match="a gnn regressor has no torsion net"):
        predict_torsions(baseline, "hairpin", SEQUENCE)
