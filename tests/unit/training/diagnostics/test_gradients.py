"""Gradients by part: their norms, and parts that get none."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from rna_predict.training.diagnostics.gradients import (
    DeadPartError,
    GradientMonitor,
    taught_parts,
    tensor_norms,
)
from rna_predict.training.diagnostics.recorder import Recorder
from rna_predict.training.diagnostics.settings import DeadParts

FAST = DeadParts(warn_after=4, stop_after=6)


def watch(phase, settings=FAST, every=1):
    return [recorder := Recorder(every), GradientMonitor(settings, recorder, phase)]


def test_norms_of_the_parts_make_up_the_norm_of_the_whole(run, phase):
    run(replace(phase, clip=1e9), watch(phase))
    rows = pd.DataFrame(run.rows)
    rows = rows[rows["kind"] == "train"]
    parts = rows[[f"gradient_{part}" for part in phase.parts]]
    assert (parts.iloc[2:] > 0).all(axis=None)  # layers that start at 0 hold it back before
    whole = (parts**2).sum(axis=1) ** 0.5
    assert whole.tolist() == pytest.approx(rows["gradient_norm"].tolist(), rel=1e-4)
    assert "gradient_confidence_head" not in rows


def test_healthy_run_has_no_dead_part(run, phase, caplog):
    phase = replace(phase, losses=replace(phase.losses, torsion_likelihood=1.0))
    recorder, monitor = watch(phase)
    run(phase, [recorder, monitor])
    assert "should learn" not in caplog.text
    # these chains have no homologs and no templates, and this phase does not recycle
    absent = ("msa", "profile", "template", "partial", "recycle")
    assert [name for name in monitor.idle if not any(word in name for word in absent)] == []
    assert "merger.partial.weight (are there any inputs for them?)" in caplog.text


def test_part_that_is_cut_off_is_named_and_stops_the_run(run, phase, caplog):
    run.network.merger.register_forward_hook(lambda part, i, out: tuple(x.detach() for x in out))
    with pytest.raises(DeadPartError, match="step 6: merger should learn.* 6 looks in a row"):
        run(phase, watch(phase))
    assert "step 4: merger should learn" in caplog.text


def test_gradient_that_is_zero_counts_as_none(run, phase):
    run.network.distogram_head.register_forward_hook(lambda part, i, out: 0.0 * out)
    with pytest.raises(DeadPartError, match="distogram_head should learn"):
        run(phase, watch(phase))


def test_tensor_that_is_cut_off_in_a_living_part_is_warned_of(run, phase, caplog):
    run.network.diffusion.token_norm.weight.register_hook(torch.zeros_like)
    run(phase, watch(phase))
    assert "in 4 looks in a row: diffusion.token_norm.weight" in caplog.text


def test_part_that_no_loss_reaches_is_not_expected_unless_it_is_named(run, phase):
    free = replace(phase, parts=())
    network = run.network
    assert taught_parts(network, free) == set(phase.parts)
    named = replace(phase, parts=("confidence_head", "torsion_net"))
    assert taught_parts(network, named) == {"confidence_head", "torsion_net"}
    with pytest.raises(DeadPartError, match="confidence_head"):
        run(replace(phase, parts=()), watch(named))


def test_alarm_can_be_switched_off(run, phase, caplog):
    run.network.distogram_head.register_forward_hook(lambda part, i, out: out.detach())
    run(phase, watch(phase, settings=None))
    assert "no gradient" not in caplog.text


def test_counts_go_on_from_a_checkpoint(phase):
    first, second = watch(phase)[1], watch(phase)[1]
    first.idle = {"merger": 5}
    second.load_state_dict(first.state_dict())
    network = torch.nn.ModuleDict({"merger": torch.nn.Linear(1, 1)})
    named = replace(phase, parts=("merger",))
    second.phase = named
    with pytest.raises(DeadPartError, match="6 looks"):
        second._judge(network, tensor_norms(network), {"merger": 0.0}, 8)
