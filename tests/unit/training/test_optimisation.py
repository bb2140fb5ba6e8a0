"""Optimiser, learning rates, and what is done to gradients."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from rna_predict.data.draws import Rung
from rna_predict.training.optimisation import (
    add_gradient_noise,
    clip_adaptively,
    learning_rate,
    make_optimizer,
)
from rna_predict.training.settings import Ramp, Rate


@pytest.fixture
def phase(small_model):
    return replace(
        small_model.training.phases[0],
        steps=100, validate_every=50, warmup_steps=10, final_rate=0.1, learning_rate=1e-3,
    )  # fmt: skip


def test_rate_warms_up_and_falls_to_its_end(phase):
    rates = [learning_rate(phase, step) for step in range(101)]
    assert rates[:3] == pytest.approx([0.1, 0.2, 0.3])
    assert max(rates) == rates[10] == 1.0
    assert all(later <= earlier for earlier, later in zip(rates[10:], rates[11:], strict=False))
    assert rates[100] == pytest.approx(0.1)


def test_rate_starts_anew_at_each_step_of_the_curriculum(phase):
    phase = replace(phase, curriculum=(Rung(30, 20), Rung(60, 40)))
    rates = [learning_rate(phase, step) for step in range(100)]
    for first in (0, 30, 60):
        assert rates[first] == pytest.approx(0.1)
        assert rates[first + 10] == 1.0
    assert rates[29] < 0.15 and rates[59] < 0.15


def test_parts_and_layers_have_rates_of_their_own(phase):
    network = nn.ModuleDict(
        {"trunk": nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), "trunk_head": nn.Linear(2, 1)}
    )
    rates = (Rate("trunk", 0.5), Rate("trunk.0", 0.1))
    optimizer = make_optimizer(network, replace(phase, parts=(), rates=rates))
    of = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert of[id(network["trunk"][0].weight)] == pytest.approx(1e-4)
    assert of[id(network["trunk"][1].weight)] == pytest.approx(5e-4)
    assert of[id(network["trunk_head"].weight)] == pytest.approx(1e-3)
    assert len(of) == 6
    with pytest.raises(ValueError, match="rate of nowhere"):
        make_optimizer(network, replace(phase, rates=(Rate("nowhere", 0.5),)))


def test_long_rows_of_gradients_are_shortened_to_their_share_and_short_ones_kept():
    weight = nn.Parameter(torch.tensor([[3.0, 4.0], [3.0, 4.0], [0.0, 0.0]]))
    weight.grad = torch.tensor([[30.0, 40.0], [0.01, 0.0], [1.0, 0.0]])
    clip_adaptively([weight], 0.1)
    assert weight.grad.norm(dim=1).tolist() == pytest.approx([0.5, 0.01, 1e-4])
    assert torch.allclose(weight.grad[0], torch.tensor([0.3, 0.4]))
    bias = nn.Parameter(torch.tensor([3.0, 4.0]))
    bias.grad = torch.tensor([6.0, 8.0])
    clip_adaptively([bias], 0.1)
    assert bias.grad.norm().item() == pytest.approx(0.5)


def test_noise_on_gradients_falls_with_the_steps_and_comes_from_the_generator():
    def noise(step, seed=0):
        weight = nn.Parameter(torch.zeros(20000))
        weight.grad = torch.zeros(20000)
        add_gradient_noise([weight], 0.3, step, torch.Generator().manual_seed(seed))
        return weight.grad

    assert noise(0).var().item() == pytest.approx(0.3, rel=0.05)
    assert noise(99).var().item() == pytest.approx(0.3 / 100**0.55, rel=0.05)
    assert torch.equal(noise(5), noise(5)) and not torch.equal(noise(5), noise(5, seed=1))


def test_loss_weights_change_along_their_ramps(phase):
    losses = replace(phase.losses, bond=2.0)
    phase = replace(phase, losses=losses, ramps=(Ramp("bond", 20, 40, 1.0),))
    assert [phase.losses_at(step).bond for step in (0, 20, 30, 40, 99)] == [1.0, 1.0, 1.5, 2.0, 2.0]
    assert phase.losses_at(30).diffusion == losses.diffusion


def test_ramps_and_curricula_that_make_no_sense_are_refused(phase):
    with pytest.raises(ValueError, match="no loss term"):
        Ramp("bonds", 0, 10)
    with pytest.raises(ValueError, match="first < last"):
        Ramp("bond", 10, 10)
    with pytest.raises(ValueError, match="must rise"):
        replace(phase, curriculum=(Rung(60, 20), Rung(30, 40)))
    with pytest.raises(ValueError, match="must rise"):
        replace(phase, curriculum=(Rung(100, 20),))
