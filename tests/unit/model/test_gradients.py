"""Gradient in every part: tensor by tensor, phase by phase, term by term.

Weights that end a residual branch start at zero and hide what lies before them, so a few optimiser
steps come first. One round of recycling is on, and the batch has homologs and templates: whatever
a phase can train is in use.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rna_predict.data.batch import Batch
from rna_predict.data.records import read_record
from rna_predict.data.truth import Truth
from rna_predict.geometry.nerf import build_atoms
from rna_predict.model.inputs import Features
from rna_predict.model.network import RnaNetwork
from rna_predict.training.gradients import gradient_norms, idle_tensors
from rna_predict.training.module import PhaseModule
from rna_predict.training.objective import loss_terms, noised, weigh
from rna_predict.training.settings import LossWeights, ModelFile

TINY = read_record(ModelFile, Path(__file__).parents[3] / "config" / "model" / "tiny.yaml")
STRUCTURE_PARTS = {"torsion_net", "pairformer", "merger", "diffusion"}
CONFIDENCE_TERMS = {"plddt", "pae", "pde", "resolved"}
STEPS = 5


@pytest.fixture(scope="module")
def batch(feature_maker):
    """Give two chains of 12 and 9 residues with homologs, templates and a structure to learn."""
    features = feature_maker((12, 9), rows=4, templates=2)
    generator = torch.Generator().manual_seed(4)
    torsions = torch.randn(2, 12, 14, generator=generator)
    coords, mask = build_atoms(torsions, features.sequence), features.slot_mask.clone()
    mask[0, 3, 15:] = False  # atoms that were not observed
    apart = features.pair_mask & ~torch.eye(12, dtype=torch.bool)
    truth = Truth(
        coords=coords * mask[..., None],
        atom_mask=mask,
        torsions=torsions,
        torsion_mask=features.residue_mask[..., None].expand(2, 12, 14).clone(),
        pair_contacts=(torch.rand(2, 12, 12, generator=generator) > 0.8) & apart,
        pair_mask=apart,
    )
    return Batch(("1abc_A", "2abc_A"), dict(vars(features)), truth)


@pytest.fixture(scope="module")
def settings():
    """Give the settings of `tiny` with a round of recycling."""
    return replace(TINY.training, recycles=1, rollout=replace(TINY.training.rollout, steps=2))


def fresh():
    torch.manual_seed(0)
    return RnaNetwork(TINY.dimensions)


def train(network, batch, phase, settings, steps=STEPS):
    """Take a few steps, and leave the gradient of one more."""
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(learning, lr=1e-3)
    generator = torch.Generator().manual_seed(0)
    for step in range(steps + 1):
        optimizer.zero_grad()
        weigh(loss_terms(network, batch, phase, settings, generator), phase.losses)[0].backward()
        if step < steps:
            optimizer.step()


def only(**weights):
    """Give weights that are 0 but for those named."""
    return LossWeights(**{**dict.fromkeys(vars(LossWeights()), 0.0), **weights})


@pytest.mark.parametrize("number", range(len(TINY.training.phases)))
def test_gradient_reaches_every_trainable_tensor_of_each_phase(batch, settings, number):
    phase = TINY.training.phases[number]
    network = fresh()
    PhaseModule(network, TINY, phase, seed=0)  # freezes what the phase does not train
    train(network, batch, phase, settings)
    assert idle_tensors(network) == []
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    assert learning and all(parameter.grad.isfinite().all() for parameter in learning)
    assert all(p.grad is None for p in network.parameters() if not p.requires_grad)


def test_the_diffusion_loss_alone_reaches_every_structure_part(batch, settings):
    network = fresh()
    phase = replace(TINY.training.phases[0], parts=(), losses=only(diffusion=1.0))
    train(network, batch, phase, settings)
    idle = idle_tensors(network)
    heads = ("distogram_head", "contact_head", "confidence_head", "torsion_net.heads.concentration")
    assert [name for name in idle if not name.startswith(heads)] == []
    assert {name.split(".")[0] for name in idle} == {*heads[:3], "torsion_net"}


def test_the_diffusion_loss_reaches_the_atoms_of_stage_c(batch, settings):
    network = fresh()
    features = Features(**batch.inputs)
    trunk = network.trunk(features, 0)
    trunk.start_coords.retain_grad()
    generator = torch.Generator().manual_seed(0)
    coords, mask = batch.truth.coords, batch.truth.atom_mask
    sigma = torch.full((2, 2), 8.0)
    noisy = noised(coords, mask, sigma, generator)
    with torch.no_grad():
        network.diffusion.decoder.out.weight.normal_(generator=generator)  # it starts at zero
    network.denoise(trunk, features, noisy, sigma, mask).square().mean().backward()
    gradient = trunk.start_coords.grad
    assert gradient.isfinite().all()
    assert (gradient[features.slot_mask].abs().sum(-1) > 0).float().mean() > 0.9


@pytest.mark.parametrize("detached", [True, False])
def test_table_of_terms_shows_which_parts_each_teaches(batch, settings, detached):
    network = fresh()
    weights = LossWeights(**dict.fromkeys(vars(LossWeights()), 1.0))
    phase = replace(
        TINY.training.phases[0], parts=(), terms="all", losses=weights, detach_confidence=detached
    )
    train(network, batch, phase, settings, steps=2)
    generator = torch.Generator().manual_seed(1)
    table = gradient_norms(network, loss_terms(network, batch, phase, settings, generator))
    assert list(table.columns) == list(vars(LossWeights()))
    assert np.isfinite(table).all(axis=None)
    reached = {term: set(table.index[table[term] > 0]) for term in table}
    expected = {
        "kinematics_fape": {"torsion_net"},
        "torsion": {"torsion_net"},
        "torsion_mcq": {"torsion_net"},
        "torsion_likelihood": {"torsion_net"},
        "distogram": {"pairformer", "distogram_head"},
        "contact": {"pairformer", "contact_head"},
    }
    judged = {"confidence_head"} if detached else {"confidence_head", "pairformer"}
    for term, parts in reached.items():
        default = judged if term in CONFIDENCE_TERMS else STRUCTURE_PARTS
        quiet = {"minimum_distance", "clash"}  # 0 where nothing overlaps
        assert parts == expected.get(term, default) or (term in quiet and not parts), term


def test_norms_are_those_of_the_gradients_and_leave_them_alone():
    network = torch.nn.ModuleDict({"a": torch.nn.Linear(2, 1), "b": torch.nn.Linear(2, 1)})
    network["b"].bias.requires_grad_(False)
    x = torch.tensor([[3.0, 4.0]])
    terms = {"one": network["a"](x).sum(), "both": (network["a"](x) + 2 * network["b"](x)).sum()}
    table = gradient_norms(network, {**terms, "none": torch.tensor(1.0)})
    np.testing.assert_allclose(table.loc["a"], [26**0.5, 26**0.5, 0])
    np.testing.assert_allclose(table.loc["b"], [0, 10, 0])
    assert all(parameter.grad is None for parameter in network.parameters())
    assert idle_tensors(network) == ["a.weight", "a.bias", "b.weight"]
    terms["one"].backward()
    assert idle_tensors(network) == ["b.weight"]
