"""Sizes are configurations: each model file is whole, and as large as its name says."""

from pathlib import Path

import pytest
import torch

from rna_predict.config import load_model_file
from rna_predict.data.records import read_record
from rna_predict.model.network import RnaNetwork
from rna_predict.training.settings import ModelFile

MODELS = Path(__file__).resolve().parents[3] / "config" / "model"
MILLIONS = {
    "test": (0, 0.1),
    "tiny": (0.3, 2),
    "small": (7, 9),
    "base": (23, 28),
    "large": (370, 490),
}


@pytest.fixture(params=MILLIONS)
def size(request):
    return request.param


def build(size):
    """Build a network without storage: only its shapes."""
    with torch.device("meta"):
        return RnaNetwork(read_record(ModelFile, MODELS / f"{size}.yaml").dimensions)


def test_a_size_has_as_many_parameters_as_it_says(size):
    low, high = MILLIONS[size]
    assert low < sum(part.numel() for part in build(size).parameters()) / 1e6 < high


def test_phases_train_parts_that_there_are_and_end_with_all_of_them_trained(size):
    model = read_record(ModelFile, MODELS / f"{size}.yaml")
    parts = {name for name, _ in build(size).named_children()}
    trained = {part for phase in model.training.phases for part in phase.parts}
    assert trained == parts


def test_a_model_file_is_checked_as_a_run_checks_it(size):
    assert set(load_model_file(MODELS / f"{size}.yaml")) == {"dimensions", "training", "sampling"}


def test_large_has_the_sizes_of_alphafold_3():
    d = read_record(ModelFile, MODELS / "large.yaml").dimensions
    assert (d.single, d.pair, d.pairformer_blocks) == (384, 128, 48)
    assert (d.token, d.token_blocks, d.atom_blocks) == (768, 24, 3)


@pytest.mark.parametrize("name", ["small", "base"])
def test_widths_and_heads_of_a_size_fit_together(feature_maker, name):
    network = RnaNetwork(read_record(ModelFile, MODELS / f"{name}.yaml").dimensions)
    features = feature_maker((7,), rows=3, templates=1)
    trunk = network.trunk(features, recycles=1)
    noisy = torch.randn(1, 2, 7, 23, 3)
    denoised = network.denoise(trunk, features, noisy, torch.full((1, 2), 4.0))
    judged = network.confidence(trunk, features, denoised)
    for result in (trunk.single, trunk.pair, denoised, judged.pae_logits):
        assert result.isfinite().all() and result.dtype == torch.float32
