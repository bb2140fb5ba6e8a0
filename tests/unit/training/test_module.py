"""The Lightning module: what a step of several batches draws and notes."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch.strategies import SingleDeviceStrategy

from rna_predict.data.datamodule import TrainingBatches
from rna_predict.data.dataset import load_examples
from rna_predict.model.build import build_network
from rna_predict.training.module import PhaseModule
from rna_predict.training.settings import LossWeights, Ramp

TORSIONS = LossWeights(
    **{**dict.fromkeys(vars(LossWeights()), 0.0), "torsion": 1.0, "contact": 2.0}
)


@pytest.fixture
def batches(trained):
    return TrainingBatches(load_examples(trained[0], "train"), 1, 16, 0.0, 0)


@pytest.fixture
def make_module(small_model):
    """Give a function that makes a module of two terms at a step of a process."""

    def make(step=0, rank=0, world=1, **changes):
        phase = replace(small_model.training.phases[0], losses=TORSIONS, **changes)
        torch.manual_seed(0)
        module = PhaseModule(build_network(small_model.dimensions), small_model, phase, 0)
        module.trainer = SimpleNamespace(
            global_step=step, global_rank=rank, world_size=world, loggers=[],
            strategy=SingleDeviceStrategy("cpu"),
        )  # fmt: skip
        return module

    return make


def run(module, batches, numbers):
    losses = []
    for number in numbers:
        module.on_train_batch_start(batches[number], number)
        losses.append(module.training_step(batches[number], number).item())
    return losses


def test_processes_draw_what_one_does_that_takes_all_their_batches(make_module):
    def draws(world, accumulate, steps):
        found = set()
        for step in range(steps):
            for rank in range(world):
                module = make_module(step, rank, world, accumulate=accumulate)
                for batch in range(accumulate):
                    module._batch = batch
                    found.add(module._draw())
        return found

    assert draws(1, 6, 2) == draws(2, 3, 2) == draws(3, 2, 2) == draws(1, 1, 12) == set(range(12))


def test_losses_are_means_over_the_batches_of_a_step(make_module, batches):
    module = make_module(accumulate=3)
    losses = run(module, batches, range(3))
    assert len(set(losses)) == 3
    assert module.losses["total"].item() == pytest.approx(sum(losses) / 3, rel=1e-6)
    (fourth,) = run(module, batches, [3])
    assert module.losses["total"].item() == fourth


def test_weighted_terms_add_up_to_the_loss_that_is_noted(make_module, batches):
    module = make_module(accumulate=2)
    run(module, batches, range(2))
    weighted = [value for name, value in module.losses.items() if name.endswith("_weighted")]
    assert sum(weighted).item() == pytest.approx(module.losses["total"].item(), rel=1e-6)
    assert module.losses["contact_weighted"].item() == pytest.approx(
        2 * module.losses["contact"].item()
    )


def test_ramp_is_followed(make_module, batches):
    ramp = Ramp("contact", first=0, last=4)
    for step, weight in ((0, None), (1, 0.5), (4, 2.0), (9, 2.0)):
        module = make_module(step, ramps=(ramp,))
        run(module, batches, [0])
        assert ("contact" in module.losses) == (weight is not None)
        if weight:
            ratio = module.losses["contact_weighted"] / module.losses["contact"]
            assert ratio.item() == pytest.approx(weight)


def test_gradient_is_scaled_down_and_its_length_noted(make_module, batches):
    module = make_module(clip=1e-3)
    module.on_train_batch_start(batches[0], 0)
    module.training_step(batches[0], 0).backward()
    module.configure_gradient_clipping(module.configure_optimizers()["optimizer"])
    whole = module.losses["gradient_norm"].item()
    gradients = [p.grad for p in module.network.parameters() if p.grad is not None]
    assert whole > 1e-3
    assert torch.cat([g.flatten() for g in gradients]).norm().item() == pytest.approx(
        1e-3, rel=1e-3
    )


def test_gradient_noise_is_a_function_of_the_step(make_module, batches):
    def gradient(step, noise):
        module = make_module(step, gradient_noise=noise)
        module.on_train_batch_start(batches[0], 0)
        module.training_step(batches[0], 0).backward()
        module.configure_gradient_clipping(module.configure_optimizers()["optimizer"])
        return module.network.torsion_net.embed.weight.grad

    first, again, other, none = (
        gradient(3, 1.0),
        gradient(3, 1.0),
        gradient(4, 1.0),
        gradient(3, 0.0),
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other) and not torch.equal(first, none)
