"""Collapse: seen in any source, held against known structures, stopped or rewound."""

from dataclasses import replace

import lightning.pytorch as pl
import numpy as np
import pandas as pd
import pytest
import torch

from rna_predict.training.checkpoints import read_checkpoint
from rna_predict.training.diagnostics.collapse import CollapseDetector, CollapseError
from rna_predict.training.diagnostics.recorder import Recorder
from rna_predict.training.diagnostics.scales import scale_reference
from rna_predict.training.diagnostics.settings import Collapse

STRICT = Collapse(grace_steps=0, patience=2)
REWIND = replace(STRICT, action="rewind", rate_factor=0.5, rewinds=1)


@pytest.fixture
def detector(run, sets):
    """Give a maker of a recorder and a detector."""

    def make(settings=STRICT, every=1):
        recorder = Recorder(every)
        reference = scale_reference(
            sets["train"].examples, settings.quantile, np.random.default_rng(0), 9
        )
        return [recorder, CollapseDetector(settings, recorder, reference, 16.0, run.folder)]

    return make


def squeeze(network, when, factor=0.0):
    """Let the denoiser put all atoms of a copy near its centre while ``when`` says so."""

    def change(part, inputs, output):
        centre = output.mean((2, 3), keepdim=True)
        return centre + factor * (output - centre) if when() else output

    return network.diffusion.register_forward_hook(change)


class Steps(pl.Callback):
    """Knows the number of the step that is being made, and each step's learning rate."""

    def __init__(self):
        self.now, self.rates = 0, []

    def on_train_batch_start(self, trainer, *_):
        self.now = trainer.global_step + 1
        self.rates.append(trainer.optimizers[0].param_groups[0]["lr"])


def test_healthy_run_is_left_alone_and_its_scales_are_noted(run, phase, detector, caplog):
    run(phase, detector())
    assert "collapse" not in caplog.text
    rows = pd.DataFrame(run.rows)
    training = rows[rows["kind"] == "train"]
    for source in ("kinematics", "denoised"):
        assert (training[f"scale_{source}_spread"].dropna() > 0.3).all()
        assert training[f"scale_{source}_nearest"].notna().sum() >= 4
    validation = rows[rows["kind"] == "validation"]
    assert validation["scale_sampled_distance"].between(0.3, 5).all()


@pytest.mark.parametrize("factor", [0.0, 0.1])
def test_denoiser_that_answers_with_a_point_stops_the_run(run, phase, detector, caplog, factor):
    squeeze(run.network, lambda: True, factor)
    with pytest.raises(CollapseError, match="denoised structures collapse at step.*2 looks"):
        run(phase, detector())
    assert "spread 0.0" in caplog.text or "spread 0.1" in caplog.text


def test_samples_that_collapse_stop_the_run_at_validation(run, phase, detector):
    squeeze(run.network, lambda: True)
    with pytest.raises(CollapseError, match="sampled structures collapse at step 6"):
        run(phase, detector(every=100))


def test_torsions_that_curl_the_chain_up_are_seen_in_stage_c(run, phase, detector, caplog):
    recorder, detector = detector()
    recorder.kinematics = lambda batch: 0.05 * batch.truth.coords[:, None]
    with pytest.raises(CollapseError, match="kinematics structures collapse at step 2"):
        run(phase, [recorder, detector])


def test_passing_collapse_is_told_only(run, phase, detector, caplog):
    steps = Steps()
    squeeze(run.network, lambda: steps.now == 2)
    run(phase, [steps, *detector(replace(STRICT, patience=3))])
    assert "denoised structures collapse at step 2" in caplog.text
    assert "at step 5" not in caplog.text


def test_start_of_a_phase_has_grace(run, phase, detector, caplog):
    squeeze(run.network, lambda: True)
    run(phase, detector(replace(STRICT, grace_steps=7)))
    assert "collapse" not in caplog.text


def test_rewind_puts_weights_average_and_optimiser_back_and_lowers_the_rate(
    run, phase, detector, caplog, monkeypatch
):
    steps, back = Steps(), {}
    recorder, detector = detector(REWIND)
    rewind = detector._rewind

    def spy(trainer, pl_module):
        rewind(trainer, pl_module)
        network = pl_module.network
        back["weights"] = {name: p.detach().clone() for name, p in network.named_parameters()}
        back["moments"] = trainer.optimizers[0].state_dict()["state"][0]["exp_avg"].clone()
        ema = next(c for c in trainer.callbacks if type(c).__name__ == "Ema")
        back["average"] = {name: p.clone() for name, p in ema.average.items()}

    monkeypatch.setattr(detector, "_rewind", spy)
    squeeze(run.network, lambda: steps.now in (4, 5))
    flat = replace(phase, warmup_steps=0, final_rate=1.0)
    run(flat, [steps, recorder, detector])
    assert "went back to the weights of step 3" in caplog.text
    good = read_checkpoint(run.folder / "good_3.ckpt")
    state, average = good["state_dict"], good["callbacks"]["Ema"]
    assert all(torch.equal(back["weights"][n], state[f"network.{n}"]) for n in back["weights"])
    assert all(torch.equal(back["average"][name], average[name]) for name in average)
    assert torch.equal(back["moments"], good["optimizer_states"][0]["state"][0]["exp_avg"])
    rate = flat.learning_rate
    assert steps.rates == pytest.approx([rate] * 5 + [rate / 2])
    assert detector.rewinds == 1


def test_run_that_collapses_again_after_the_last_rewind_is_stopped(run, phase, detector):
    steps = Steps()
    squeeze(run.network, lambda: steps.now > 3)
    with pytest.raises(CollapseError, match="; 1 rewinds"):
        run(replace(phase, steps=9), [steps, *detector(REWIND)])


def test_collapse_before_anything_good_is_an_error(run, phase, detector):
    squeeze(run.network, lambda: True)
    with pytest.raises(CollapseError, match="nothing to go back to"):
        run(phase, detector(REWIND))


class KilledError(Exception):
    """Stands for a kill."""


class Kill(pl.Callback):
    """Dies after a step."""

    def __init__(self, step):
        self.step = step

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.step:
            raise KilledError


@pytest.mark.slow
def test_killed_and_resumed_run_with_a_rewind_equals_the_uninterrupted_one(
    run, phase, detector, sets, tmp_path
):
    def go(run, *more):
        steps = Steps()
        handle = squeeze(run.network, lambda: steps.now in (4, 5))
        recorder, watch = detector(REWIND)
        watch.folder = run.folder
        try:
            run(replace(phase, steps=9), [steps, recorder, watch], *more)
        finally:
            handle.remove()

    go(run)
    for step in (5, 8):  # in the stretch of the rewind, and in the one after it
        killed = type(run)(run.model, sets, tmp_path / str(step))
        with pytest.raises(KilledError):
            go(killed, Kill(step))
        again = type(run)(run.model, sets, tmp_path / str(step))
        go(again)
        frames = (pd.DataFrame(rows) for rows in (again.rows, run.rows))
        pd.testing.assert_frame_equal(*frames, check_exact=True)
        ours, theirs = again.network.state_dict(), run.network.state_dict()
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
