"""Shares of the loss and of the gradient."""

import logging
from dataclasses import fields, replace

import pytest
import torch

from rna_predict.training.settings import LossWeights
from rna_predict.training.shares import loss_shares, share_table, warn_of_dominant_term


@pytest.fixture
def weights():
    zero = dict.fromkeys((field.name for field in fields(LossWeights)), 0.0)
    return LossWeights(**{**zero, "diffusion": 2.0, "bond": 1.0, "torsion_likelihood": 0.5})


@pytest.fixture
def network():
    """Two parts of one weight each."""
    parts = {"trunk": torch.nn.Linear(1, 1, bias=False), "head": torch.nn.Linear(1, 1, bias=False)}
    network = torch.nn.ModuleDict(parts)
    for part in network.values():
        torch.nn.init.ones_(part.weight)
    return network


def test_shares_are_of_magnitudes_and_add_up_to_one():
    shares = loss_shares({"diffusion": 3.0, "torsion_likelihood": -1.0})
    assert shares.to_dict() == {"diffusion": 0.75, "torsion_likelihood": 0.25}
    assert loss_shares({"diffusion": 0.0}).to_dict() == {"diffusion": 0.0}


def test_table_of_a_loss_made_by_hand(network, weights):
    trunk, head = network["trunk"].weight.sum(), network["head"].weight.sum()
    terms = {
        "diffusion": 3 * trunk + 4 * head,
        "bond": 3 * trunk,
        "torsion_likelihood": -1 * head,
    }
    table = share_table(network, terms, weights)
    assert table.index.tolist() == list(terms)
    assert table["value"].tolist() == [7.0, 3.0, -1.0]
    assert table["weighted"].tolist() == [14.0, 3.0, -0.5]
    assert table["share"].tolist() == pytest.approx([14 / 17.5, 3 / 17.5, 0.5 / 17.5])
    assert table["gradient"].tolist() == pytest.approx([10.0, 3.0, 0.5])
    assert table["gradient_share"].tolist() == pytest.approx([10 / 13.5, 3 / 13.5, 0.5 / 13.5])
    assert table["gradient_share_trunk"].tolist() == pytest.approx([6 / 9, 3 / 9, 0.0])
    assert table["gradient_share_head"].tolist() == pytest.approx([8 / 8.5, 0.0, 0.5 / 8.5])


def test_part_that_learns_from_no_term_has_no_column(network, weights):
    network["head"].requires_grad_(False)
    trunk = network["trunk"].weight.sum()
    table = share_table(network, {"diffusion": trunk, "bond": 2 * trunk}, weights)
    assert "gradient_share_head" not in table
    assert table["gradient_share_trunk"].tolist() == pytest.approx([0.5, 0.5])


def test_term_that_rules_the_loss_is_named(caplog):
    caplog.set_level(logging.WARNING)
    ruled = {"diffusion": 1.0, "bond": 6.6, "torsion": 2.4}
    assert warn_of_dominant_term(ruled, "phase pretrain step 10")
    assert "phase pretrain step 10: bond is 66 % of the loss, more than 50 %" in caplog.text


@pytest.mark.parametrize(
    "weighted",
    [
        {"diffusion": 4.0, "bond": 3.0, "torsion": 3.0},
        {"diffusion": 9.0, "bond": 1.0},  # of two terms one is always the greater
        {"diffusion": 9.0, "bond": 1.0, "torsion": 0.0},
        {},
    ],
)
def test_balanced_or_small_losses_are_not_blamed(weighted, caplog):
    assert not warn_of_dominant_term(weighted, "phase pretrain step 10")
    assert not caplog.text


def test_limit_can_be_set(caplog):
    weighted = {"diffusion": 4.0, "bond": 3.0, "torsion": 3.0}
    assert warn_of_dominant_term(weighted, "phase pretrain step 10", limit=0.3)


def test_shares_of_a_real_batch(small_model, example_chains, tmp_path, make_tables):
    from rna_predict.data.datamodule import TrainingBatches
    from rna_predict.data.dataset import load_examples
    from rna_predict.data.seeds import torch_generator
    from rna_predict.model.network import RnaNetwork
    from rna_predict.training.objective import loss_terms

    chain = next(chain for chain in example_chains if len(chain) == 26)
    examples = load_examples(make_tables(tmp_path, {"train": [chain]}), "train")
    batch = TrainingBatches(examples, size=1, crop=26, copied=0.0, seed=0)[0]
    torch.manual_seed(0)
    network = RnaNetwork(small_model.dimensions)
    phase = replace(small_model.training.phases[0], losses=LossWeights(), terms="structure")
    terms = loss_terms(network, batch, phase, small_model.training, torch_generator("cpu", 0))
    table = share_table(network, terms, phase.losses)
    assert table["share"].sum() == pytest.approx(1.0)
    assert table["gradient_share"].sum() == pytest.approx(1.0)
    assert table.loc["torsion", "gradient_share_torsion_net"] > 0
    assert table.loc["contact", "gradient_share_contact_head"] == pytest.approx(1.0)
    assert "gradient_share_confidence_head" not in table
