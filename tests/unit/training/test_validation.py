"""Validation on sampled structures and predicted torsions."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rna_predict.data.datamodule import WholeChains
from rna_predict.data.dataset import load_examples
from rna_predict.model.baselines.gnn import GnnRegressor
from rna_predict.model.inputs import Features
from rna_predict.model.network import RnaNetwork
from rna_predict.training.validation import judge_samples, judge_torsions, mean_results


@pytest.fixture
def batch(example_chains, tmp_path, make_tables):
    chain = next(chain for chain in example_chains if chain.name == "1q9a_A")
    paths = make_tables(tmp_path, {"validation": [chain]})
    return WholeChains(load_examples(paths, "validation"), limit=60, count=1)[0]


@pytest.fixture
def network(small_model):
    torch.manual_seed(0)
    return RnaNetwork(small_model.dimensions).eval()


def test_samples_of_a_chain_are_the_same_at_every_validation(batch, network, small_model):
    first = judge_samples(network, batch, small_model.training, seed=0)
    torch.manual_seed(1)
    again = judge_samples(network, batch, small_model.training, seed=0)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_equal(one, other)
    assert judge_samples(network, batch, small_model.training, seed=1)[0] != first[0]
    assert len(first) == small_model.training.validation_samples
    assert 0 <= first[0]["plddt"] <= 1
    assert first[0]["plddt_error"] == pytest.approx(abs(first[0]["plddt"] - first[0]["lddt"]))


def test_samples_are_judged_in_three_levels_and_torsions_with_them(batch, network, small_model):
    result = judge_samples(network, batch, small_model.training, seed=0)[0]
    wanted = {
        "lddt", "tm", "rmsd", "spread", "neighbour", "plddt", "plddt_error", "mcq", "lddt_stem",
        "lddt_loop", "lddt_strand", "rmsd_residue_stem", "rmsd_residue_loop",
        "rmsd_residue_strand", "pair_sensitivity", "pair_precision", "pair_f1", "bond_outliers",
        "angle_outliers", "clashes", "chirality_errors",
    }  # fmt: skip
    assert set(result) == wanted
    assert result["mcq"] == pytest.approx(judge_torsions(network, batch)["mcq"], abs=1e-4)


def test_a_network_without_a_torsion_net_has_no_mcq(batch, small_model):
    dimensions = replace(small_model.dimensions, architecture="gnn")
    torch.manual_seed(0)
    regressor = GnnRegressor(dimensions).eval()
    settings = replace(small_model.training, recycles=0)
    assert "mcq" not in judge_samples(regressor, batch, settings, seed=0)[0]


def test_torsions_equal_to_the_native_have_no_error(batch, network, monkeypatch):
    truth = batch.truth.torsions
    sin_cos = torch.stack([truth.sin(), truth.cos()], dim=-1)
    prediction = replace(network.torsion_net(Features(**batch.inputs)), sin_cos=sin_cos)
    monkeypatch.setattr(network.torsion_net, "forward", lambda features: prediction)
    assert judge_torsions(network, batch)["mcq"] == pytest.approx(0, abs=1e-3)
    turned = replace(prediction, sin_cos=-sin_cos)
    monkeypatch.setattr(network.torsion_net, "forward", lambda features: turned)
    assert judge_torsions(network, batch)["mcq"] == pytest.approx(180, abs=1e-3)


def test_a_chain_without_any_torsion_has_no_mcq(batch, network):
    nothing = replace(batch.truth, torsion_mask=torch.zeros_like(batch.truth.torsion_mask))
    assert np.isnan(judge_torsions(network, replace(batch, truth=nothing))["mcq"])


def test_results_are_averaged_and_counted():
    assert mean_results([{"tm": 0.2, "rmsd": 4.0}, {"tm": 0.4, "rmsd": 8.0}]) == pytest.approx(
        {"tm": 0.3, "rmsd": 6.0, "judged": 2}
    )


def test_a_chain_without_loops_leaves_the_mean_of_the_others():
    nan = float("nan")
    rows = [
        {"tm": 0.2, "lddt_loop": 0.5, "pair_f1": nan},
        {"tm": 0.4, "lddt_loop": nan, "pair_f1": nan},
        {"tm": 0.6, "lddt_loop": 0.7, "pair_f1": nan},
    ]
    means = mean_results(rows)
    assert np.isnan(means.pop("pair_f1"))
    assert means == pytest.approx(
        {"tm": 0.4, "lddt_loop": 0.6, "lddt_loop_judged": 2, "pair_f1_judged": 0, "judged": 3}
    )
