"""Loss terms and their sum."""

from dataclasses import fields, replace

import pytest
import torch

from rna_predict.data.datamodule import TrainingBatches
from rna_predict.data.dataset import load_examples
from rna_predict.data.seeds import torch_generator
from rna_predict.model.network import RnaNetwork
from rna_predict.training.objective import loss_terms, noised, weigh
from rna_predict.training.settings import CONFIDENCE_TERMS, LossWeights

JUDGED = set(CONFIDENCE_TERMS)
ALL = {field.name for field in fields(LossWeights)}


@pytest.fixture
def network(small_model):
    torch.manual_seed(0)
    return RnaNetwork(small_model.dimensions)


@pytest.fixture
def batch(tmp_path, make_chain, make_tables):
    chains = [make_chain("1abc", "GGGAAACCC", 1), make_chain("2abc", "GCGCAAAAGCGC", 2)]
    examples = load_examples(make_tables(tmp_path, {"train": chains}), "train")
    return TrainingBatches(examples, size=2, crop=16, copied=0.0, seed=0)[0]


def terms_of(network, batch, model, number, seed=0):
    phase, generator = model.training.phases[number], torch_generator("cpu", seed)
    return loss_terms(network, batch, phase, model.training, generator)


def weighted(model, **weights):
    """Give the first phase with these weights and no others."""
    zero = dict.fromkeys(ALL, 0.0)
    return replace(model.training.phases[0], losses=LossWeights(**{**zero, **weights}))


def test_each_phase_computes_the_terms_that_have_a_weight(network, batch, small_model):
    for number, phase in enumerate(small_model.training.phases):
        named = {name for name in ALL if getattr(phase.losses, name)}
        assert set(terms_of(network, batch, small_model, number)) == named


@pytest.mark.parametrize("group", ["structure", "confidence"])
def test_phase_of_one_group_has_no_weight_in_the_other(small_model, group):
    phase = replace(small_model.training.phases[0], losses=LossWeights(), terms=group)
    named = {name for name in ALL if getattr(phase.losses, name)}
    assert named == (
        JUDGED if group == "confidence" else ALL - JUDGED - {"multiscale", "fape", "torsion_mcq"}
    )


def test_every_term_can_be_trained_at_once_and_is_finite(network, batch, small_model):
    phase = weighted(small_model, **dict.fromkeys(ALL, 1.0))
    terms = loss_terms(network, batch, phase, small_model.training, torch_generator("cpu", 0))
    assert list(terms) == [field.name for field in fields(LossWeights)]
    assert all(term.isfinite() for term in terms.values())
    weigh(terms, phase.losses)[0].backward()
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    assert gradients and all(gradient.isfinite().all() for gradient in gradients)


def test_terms_of_the_trunk_need_no_denoising(network, batch, small_model, monkeypatch):
    monkeypatch.setattr(network, "denoise", None)
    weights = dict.fromkeys(("kinematics_fape", "torsion_likelihood", "contact"), 1.0)
    phase = weighted(small_model, **weights)
    terms = loss_terms(network, batch, phase, small_model.training, torch_generator("cpu", 0))
    assert set(terms) == set(weights)


def test_uniform_guesses_cost_one(network, batch, small_model):
    """Heads whose last layer is 0 know nothing."""
    for head in (network.distogram_head, network.contact_head):
        for parameter in head.parameters():
            torch.nn.init.zeros_(parameter)
    phase = weighted(small_model, distogram=1.0, contact=1.0)
    terms = loss_terms(network, batch, phase, small_model.training, torch_generator("cpu", 0))
    assert [term.item() for term in terms.values()] == pytest.approx([1.0, 1.0], abs=1e-5)


def test_losses_are_single_precision_under_autocast(network, batch, small_model):
    phase = weighted(small_model, diffusion=1.0, fape=1.0, distogram=1.0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        terms = loss_terms(network, batch, phase, small_model.training, torch_generator("cpu", 0))
    assert all(term.dtype == torch.float32 and term.isfinite() for term in terms.values())


def test_terms_are_finite_and_repeat_with_the_seed(network, batch, small_model):
    first = terms_of(network, batch, small_model, 0)
    again = terms_of(network, batch, small_model, 0)
    other = terms_of(network, batch, small_model, 0, seed=1)
    assert all(term.isfinite() for term in first.values())
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["diffusion"], other["diffusion"])


def test_sum_is_weighted(small_model):
    losses = replace(small_model.training.phases[0].losses, diffusion=4.0, bond=0.5)
    terms = {"diffusion": torch.tensor(2.0), "bond": torch.tensor(3.0)}
    total, weighted = weigh(terms, losses)
    assert total.item() == 9.5
    assert {name: term.item() for name, term in weighted.items()} == {"diffusion": 8, "bond": 1.5}


def test_confidence_phase_gives_its_head_alone_a_gradient(network, batch, small_model):
    terms = terms_of(network, batch, small_model, 1)
    weigh(terms, small_model.training.phases[1].losses)[0].backward()
    moved = {name for name, p in network.named_parameters() if p.grad is not None}
    assert moved
    assert {name.split(".")[0] for name in moved} == {"confidence_head"}


def test_copies_are_centred_turned_and_noised(batch):
    mask = batch.truth.atom_mask
    sigma = torch.tensor([[1e-3, 1e-3, 50.0]] * 2)
    noisy = noised(batch.truth.coords + 100, mask, sigma, torch_generator("cpu", 0))
    for chain in range(2):
        truth, copies = batch.truth.coords[chain][mask[chain]], noisy[chain][:, mask[chain]]
        assert torch.allclose(copies[0].mean(0), torch.zeros(3), atol=1e-3)
        assert torch.allclose(
            torch.cdist(copies[0], copies[0]), torch.cdist(truth, truth), atol=0.1
        )
        assert not torch.allclose(copies[0], copies[1], atol=1.0)
        centred = truth - truth.mean(0)
        assert copies[2].std().item() == pytest.approx(
            (50.0**2 + centred.var().item()) ** 0.5, rel=0.1
        )
        volume = torch.linalg.det(centred[[0, 7, 15]]) * torch.linalg.det(copies[0][[0, 7, 15]])
        assert volume > 0


def test_torsion_terms_alone_need_no_other_part_of_the_network(network, batch, small_model):
    phase = weighted(small_model, torsion=1.0, torsion_mcq=1.0, torsion_likelihood=1.0)
    settings = small_model.training
    alone = loss_terms(network, batch, phase, settings, torch_generator("cpu", 0))
    with_distogram = weighted(small_model, torsion=1.0, torsion_mcq=1.0, distogram=1.0)
    together = loss_terms(network, batch, with_distogram, settings, torch_generator("cpu", 0))
    assert torch.equal(alone["torsion"], together["torsion"])
    assert torch.equal(alone["torsion_mcq"], together["torsion_mcq"])
    sum(alone.values()).backward()
    learned = {n.partition(".")[0] for n, p in network.named_parameters() if p.grad is not None}
    assert learned == {"torsion_net"}
