"""Regressors under the objective: their terms, their torsions, and a training to the end."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from rna_predict.constants import TORSIONS
from rna_predict.data.datamodule import TrainingBatches
from rna_predict.data.dataset import load_examples
from rna_predict.data.seeds import torch_generator
from rna_predict.data.truth import Truth
from rna_predict.data.weights import read_weights
from rna_predict.geometry.nerf import build_atoms
from rna_predict.model.build import build_network
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.inputs import Features
from rna_predict.predict import weights
from rna_predict.predict.sampling import predict_target
from rna_predict.predict.weights import find_weights, load_predictor
from rna_predict.training.fit import train
from rna_predict.training.objective import loss_terms
from rna_predict.training.regression import regressed_torsion_loss, torsion_points
from rna_predict.training.settings import LossWeights, ModelFile


@pytest.fixture(params=["gnn", "ipa"])
def model(request, small_model) -> ModelFile:
    """Give the small settings for a small regressor of each architecture."""
    pretrain, confidence = small_model.training.phases
    losses = LossWeights(kinematics_fape=0.0, torsion_likelihood=0.0, fape=0.5)
    pretrain = replace(
        pretrain, parts=("tracks", "distogram_head", "contact_head", "structure"), losses=losses,
        terms="structure",
    )  # fmt: skip
    phases = (pretrain, replace(confidence, losses=losses, terms="confidence"))
    dimensions = Dimensions(
        architecture=request.param, single=16, pair=8, pairformer_blocks=1, pairformer_heads=2,
        triangle=8, triangle_heads=1, regressor_blocks=2, regressor_heads=2, regressor_points=2,
        regressor_vectors=4, distogram_bins=8, plddt_bins=10, error_bins=8,
    )  # fmt: skip
    training = replace(small_model.training, phases=phases)
    return replace(small_model, dimensions=dimensions, training=training)


def built_chain() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Give sequence, coordinates and torsions of a batch of one chain."""
    generator = torch.Generator().manual_seed(0)
    sequence = torch.randint(0, 4, (1, 12), generator=generator)
    torsions = torch.zeros(1, 12, 14).uniform_(-3, 3, generator=generator)
    torsions[..., TORSIONS.index("delta")] = 1.4
    coords = build_atoms(torsions, sequence)
    return sequence, coords, torsions


def plain_features(sequence) -> Features:
    """Give the features of chains without pairs."""
    batch, n = sequence.shape
    return Features(
        sequence=sequence,
        residue_mask=torch.ones(batch, n, dtype=torch.bool),
        residue_index=torch.arange(n).expand(batch, n),
        pair_probability=torch.zeros(batch, n, n),
    )


def whole_truth(coords, torsions, torsion_mask) -> Truth:
    """Give the truth of chains of which everything was observed."""
    pairs = torch.zeros(*coords.shape[:2], coords.shape[1], dtype=torch.bool)
    atoms = torch.ones(coords.shape[:3], dtype=torch.bool)
    return Truth(coords, atoms, torsions, torsion_mask, pairs, pairs)


def test_torsions_of_coordinates_are_those_they_were_built_from():
    sequence, coords, torsions = built_chain()
    points = torsion_points(coords[:, None], sequence)
    assert points.shape == (1, 1, 12, 14, 4, 3)
    built = [TORSIONS.index(name) for name in ("beta", "gamma", "chi")]
    mask = torch.zeros(1, 12, 14, dtype=torch.bool)
    mask[..., built] = True
    truth = whole_truth(coords, torsions, mask)
    features = plain_features(sequence)
    loss = regressed_torsion_loss(coords[:, None], features, truth)
    assert loss.item() == pytest.approx(0.0, abs=1e-4)
    turned = replace(truth, torsions=torsions + 0.5)
    assert float(regressed_torsion_loss(coords[:, None], features, turned)) == pytest.approx(
        0.4, abs=1e-3
    )


@pytest.mark.parametrize("scale", [0.0, 1e-6])
def test_collapsed_coordinates_have_no_torsion_and_a_finite_gradient(scale):
    sequence, coords, torsions = built_chain()
    truth = whole_truth(coords, torsions, torch.ones(1, 12, 14, dtype=torch.bool))
    flat = (scale * coords)[:, None].requires_grad_()
    features = plain_features(sequence)
    loss = regressed_torsion_loss(flat, features, truth)
    loss.backward()
    assert loss.item() == 0
    assert flat.grad.isfinite().all()


def test_objective_has_the_terms_of_coordinates(model, tmp_path, make_chain, make_tables):
    chains = [make_chain("1abc", "GGGAAACCC", 1), make_chain("2abc", "GCGCAAAAGCGC", 2)]
    examples = load_examples(make_tables(tmp_path, {"train": chains}), "train")
    batch = TrainingBatches(examples, size=2, crop=16, copied=0.0, seed=0)[0]
    torch.manual_seed(0)
    network = build_network(model.dimensions)
    phase = model.training.phases[0]
    found = [
        loss_terms(network, batch, phase, model.training, torch_generator("cpu", seed))
        for seed in (0, 0, 1)
    ]
    assert {"diffusion", "smooth_lddt", "fape", "bond", "torsion", "distogram"} <= set(found[0])
    assert not {"kinematics_fape", "torsion_likelihood", "plddt"} & set(found[0])
    assert all(term.isfinite() for term in found[0].values())
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
    assert not torch.equal(found[0]["diffusion"], found[2]["diffusion"])
    judged = loss_terms(
        network, batch, model.training.phases[1], model.training, torch_generator("cpu", 0)
    )
    assert set(judged) == {"plddt", "pae", "pde", "resolved"}


def test_settings_refuse_what_a_regressor_lacks(model):
    with pytest.raises(ValueError, match="recycles 0"):
        replace(model, training=replace(model.training, recycles=1))
    phase = replace(model.training.phases[0], losses=LossWeights())
    with pytest.raises(ValueError, match="has no stage C"):
        replace(model, training=replace(model.training, phases=(phase,)))


def test_a_regressor_is_trained_and_folds(
    model, tmp_path, example_chains, make_tables, monkeypatch
):
    chains = sorted(example_chains, key=len)[:5]
    tables = make_tables(tmp_path, {"train": chains[:4], "validation": chains[4:]})
    folder = tmp_path / "results/models/baseline"
    path = train(tables, model, folder, seed=0, device="cpu")
    assert read_weights(path)[1]["dimensions"]["architecture"] == model.dimensions.architecture
    predictor = load_predictor(path, "cpu")
    first, second = predict_target(predictor, "t", "GGGGAAAACCCC", 2, 0)
    assert first.plddt.shape == (12,)
    assert 0 <= first.ptm <= 1
    assert np.nanmax(np.abs(first.chain.coords - second.chain.coords)) > 0.1
    network = tmp_path / "results/models/network/model.safetensors"
    network.parent.mkdir()
    network.touch()
    later = network.stat().st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))
    monkeypatch.setattr(weights, "shipped_weights", list)
    assert find_weights((tmp_path,)) == network
