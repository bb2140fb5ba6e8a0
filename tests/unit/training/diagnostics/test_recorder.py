"""What is kept of a step, and that nothing is changed by it."""

from dataclasses import replace

import pytest
import torch

from rna_predict.training.diagnostics.recorder import Recorder


class Looks(Recorder):
    """A recorder that tells what it has after every step and validation chain."""

    def __init__(self, every):
        super().__init__(every)
        self.seen = []

    def _kept(self):
        names = ("sin_cos", "denoised", "sigma", "sampled")
        return {name for name in names if getattr(self, name) is not None}

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, *_):
        self.seen.append((trainer.global_step, self.ready(trainer), self._kept()))
        if self.ready(trainer):
            self.shapes = (self.sin_cos.shape, self.denoised.shape, self.sigma.shape)
            self.start = self.kinematics(batch)

    def on_validation_batch_end(self, *_):
        self.seen.append(("validation", self.sampled.shape, self._kept()))


@pytest.fixture
def looks(run, phase):
    looks = Looks(every=4)
    run(phase, [looks])
    return looks


def test_first_and_every_nth_step_and_all_validation_chains_are_looked_at(looks):
    training = {"sin_cos", "denoised", "sigma"}
    chain = ("validation", (1, 1, 26, 23, 3), {"sin_cos", "sampled"})
    assert looks.seen == [
        (1, True, training), (2, False, set()), (3, False, set()), chain,
        (4, True, training), (5, False, set()), (6, False, set()), chain,
    ]  # fmt: skip


def test_predictions_have_the_shapes_of_the_batch_and_no_gradient(looks):
    assert looks.shapes == ((1, 24, 14, 2), (1, 4, 24, 23, 3), (1, 4))
    assert looks.start.shape == (1, 1, 24, 23, 3)
    assert not looks.start.requires_grad


def test_structures_of_a_regressor_are_kept_as_copies_without_noise(run, phase, sets, tmp_path):
    dimensions = replace(run.model.dimensions, architecture="gnn")
    gnn = type(run)(replace(run.model, dimensions=dimensions), sets, tmp_path / "gnn")
    kept = {}

    class Look(Recorder):
        def on_train_batch_end(self, *_):
            kept.update(training=(self.denoised.shape, self.sigma.any(), self.sin_cos))

        def on_validation_batch_end(self, *_):
            kept.update(validation=(self.sampled.shape, self.sin_cos))

    gnn(replace(phase, parts=()), [Look(1)])
    assert kept["training"] == ((1, 4, 24, 23, 3), False, None)
    assert kept["validation"] == ((1, 1, 26, 23, 3), None)


def test_network_is_left_without_hooks(run, phase):
    run(phase, [Looks(1)])
    parts = dict(run.network.named_children()).values()
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in parts)


def test_network_is_left_without_hooks_after_an_error(run, phase):
    class Fault(Recorder):
        def on_train_batch_end(self, *_):
            raise KeyError("fault")

    with pytest.raises(KeyError):
        run(phase, [Fault(1)])
    parts = dict(run.network.named_children()).values()
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in parts)


def test_looking_changes_no_weight(run, phase, small_model, sets, tmp_path):
    run(phase, [Looks(1)])
    other = type(run)(run.model, sets, tmp_path / "other")
    other(phase, [])
    ours, theirs = run.network.state_dict(), other.network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
