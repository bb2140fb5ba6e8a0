"""Finding weights and building their network."""

import os
from dataclasses import replace

import pytest
import torch

from rna_predict.data.records import plain
from rna_predict.data.weights import file_sha256, read_weights, write_weights
from rna_predict.errors import InputError
from rna_predict.predict import weights as module
from rna_predict.predict.weights import find_weights, load_predictor


def test_network_is_that_of_the_training(trained, small_model):
    path = trained[1] / "model.safetensors"
    predictor = load_predictor(path, "cpu")
    stored, _ = read_weights(path)
    state = predictor.network.state_dict()
    assert all(torch.equal(state[name], stored[name]) for name in stored)
    assert predictor.network.dimensions == small_model.dimensions
    assert predictor.sampling == small_model.sampling
    assert predictor.recycles == small_model.training.recycles
    assert predictor.sha256 == file_sha256(path)
    assert not predictor.network.training
    assert not any(p.requires_grad for p in predictor.network.parameters())


def test_loading_draws_no_random_numbers(trained):
    torch.manual_seed(0)
    load_predictor(trained[1] / "model.safetensors", "cpu")
    drawn = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.rand(1))


def test_weights_of_other_dimensions_are_refused(trained, small_model, tmp_path):
    stored, _ = read_weights(trained[1] / "model.safetensors")
    other = replace(small_model, dimensions=replace(small_model.dimensions, pair=16))
    write_weights(tmp_path / "w", stored, plain(other), {})
    with pytest.raises(InputError, match="does not fit its own dimensions"):
        load_predictor(tmp_path / "w", "cpu")


def test_incomplete_model_file_is_refused(trained, tmp_path):
    stored, _ = read_weights(trained[1] / "model.safetensors")
    write_weights(tmp_path / "w", stored, {"dimensions": {}}, {})
    with pytest.raises(InputError, match="lacks sampling, training"):
        load_predictor(tmp_path / "w", "cpu")


@pytest.fixture
def nothing_shipped(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "PACKAGE", tmp_path / "package")


@pytest.mark.usefixtures("nothing_shipped")
def test_newest_trained_weights_are_found(tmp_path):
    for age, run in ((20, "old"), (10, "new"), (30, "oldest")):
        path = tmp_path / "results" / "models" / run / "model.safetensors"
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (1e9 - age, 1e9 - age))
    assert find_weights((tmp_path,)).parent.name == "new"


@pytest.mark.usefixtures("nothing_shipped")
def test_without_weights_there_is_no_prediction(tmp_path):
    with pytest.raises(InputError, match="weights: none found .*make run"):
        find_weights((tmp_path,))


@pytest.mark.usefixtures("nothing_shipped")
def test_shipped_weights_come_first(tmp_path):
    for path in ("results/models/run/model.safetensors", "package/weights/base.safetensors"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    assert find_weights((tmp_path,)).name == "base.safetensors"
