"""Validation on sampled structures."""

import numpy as np
import pytest
import torch

from rna_predict.data.datamodule import WholeChains
from rna_predict.data.dataset import load_examples
from rna_predict.model.network import RnaNetwork
from rna_predict.training.validation import compare, judge_samples, mean_results


@pytest.fixture
def chain(example_chains):
    return next(chain for chain in example_chains if chain.name == "1q9a_A")


def test_native_compared_with_itself_is_perfect(chain):
    result = compare(chain.coords, np.nan_to_num(chain.coords), chain.atom_mask)
    perfect = {"lddt": 1, "tm": 1, "rmsd": 0, "spread": 1, "neighbour": 1}
    assert result == pytest.approx(perfect, abs=1e-4)


def test_point_has_no_spread(chain):
    native = np.nan_to_num(chain.coords)
    noise = np.random.default_rng(0).normal(scale=0.01, size=native.shape)
    result = compare(noise, native, chain.atom_mask)
    assert result["spread"] < 0.01
    assert result["neighbour"] < 0.01
    assert result["tm"] < 0.2


def test_swollen_structure_keeps_neither_distances_nor_spread(chain):
    result = compare(2 * chain.coords, np.nan_to_num(chain.coords), chain.atom_mask)
    assert result["spread"] == pytest.approx(2)
    assert result["neighbour"] == pytest.approx(2)
    assert result["lddt"] < 0.3


def test_samples_of_a_chain_are_the_same_at_every_validation(
    chain, tmp_path, make_tables, small_model
):
    paths = make_tables(tmp_path, {"validation": [chain]})
    batch = WholeChains(load_examples(paths, "validation"), limit=60, count=1)[0]
    torch.manual_seed(0)
    network = RnaNetwork(small_model.dimensions)
    first = judge_samples(network, batch, small_model.training, seed=0)
    torch.manual_seed(1)
    assert judge_samples(network, batch, small_model.training, seed=0) == first
    assert judge_samples(network, batch, small_model.training, seed=1) != first
    assert len(first) == small_model.training.validation_samples
    assert 0 <= first[0]["plddt"] <= 1
    assert first[0]["plddt_error"] == pytest.approx(abs(first[0]["plddt"] - first[0]["lddt"]))


def test_results_are_averaged():
    assert mean_results([{"tm": 0.2, "rmsd": 4.0}, {"tm": 0.4, "rmsd": 8.0}]) == pytest.approx(
        {"tm": 0.3, "rmsd": 6.0}
    )
