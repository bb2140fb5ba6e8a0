"""The weights that come with the package."""

import numpy as np
import pytest

from rna_predict.constants import BACKBONE_ATOMS
from rna_predict.data.weights import read_weights
from rna_predict.predict.sampling import predict_target
from rna_predict.predict.weights import find_weights, load_predictor, shipped_weights

C1 = BACKBONE_ATOMS.index("C1'")
MOST_BYTES = 32e6


@pytest.fixture(scope="module")
def weights():
    (path,) = shipped_weights()
    return path


def test_shipped_weights_are_small_and_come_with_their_settings_and_card(weights):
    assert weights.stat().st_size < MOST_BYTES
    assert weights.with_name("model.yaml").is_file()
    card = weights.with_name("model_card.md").read_text()
    _, model = read_weights(weights)
    parameters = load_predictor(weights, "cpu").network.parameters()
    assert f"{sum(parameter.numel() for parameter in parameters):,} weights" in card
    assert [phase["name"] for phase in model["training"]["phases"]][0] == "torsions"


def test_shipped_weights_are_what_predicts_where_none_are_named(weights):
    assert find_weights() == weights


def test_shipped_weights_fold_a_hairpin_whose_ends_meet(weights):
    predictor = load_predictor(weights, "cpu")
    sequence = "GGGCGCAAGCCC"
    models = predict_target(predictor, "hairpin", sequence, 2, seed=0)
    apart = []
    for model in models:
        assert np.isfinite(model.chain.coords[1:, C1]).all()
        assert 0 < model.plddt.mean() < 100
        apart.append(float(np.linalg.norm(model.chain.coords[0, C1] - model.chain.coords[-1, C1])))
    stretched = 5.0 * (len(sequence) - 1)
    assert min(apart) < 0.5 * stretched
