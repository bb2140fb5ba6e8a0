"""The gap between chains that are trained on and others."""

from dataclasses import replace

import lightning.pytorch as pl
import pandas as pd
import pytest
import torch

from rna_predict.data.datamodule import WholeChains
from rna_predict.training.diagnostics.overfitting import OverfittingAlarm, probe_losses
from rna_predict.training.diagnostics.settings import Overfitting

QUICK = Overfitting(chains=1, every=1, patience=2, margin=0.02)


@pytest.fixture
def probes(sets):
    return [[WholeChains(part, limit=60, count=1)[0]] for part in sets.values()]


@pytest.fixture
def torsions(phase):
    """Give a phase of the torsion net alone, at a rate at which it learns one chain by heart."""
    only = dict.fromkeys(vars(phase.losses), 0.0)
    losses = replace(phase.losses, **{**only, "torsion": 1.0})
    return replace(
        phase, parts=("torsion_net",), losses=losses, select="mcq", steps=100, validate_every=10,
        learning_rate=2e-2, warmup_steps=1, final_rate=1.0,
    )  # fmt: skip


@pytest.fixture
def alarm(run, probes):
    def make(phase, settings=QUICK, probes=probes):
        return OverfittingAlarm(settings, phase, run.model.training, 0, *probes)

    return make


def test_probe_is_the_same_every_time_and_leaves_the_global_generator_alone(run, phase, probes):
    run.network.eval()
    torch.manual_seed(3)
    first = probe_losses(run.network, probes[0], phase, run.model.training, 0)
    drawn = torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(1))
    assert probe_losses(run.network, probes[0], phase, run.model.training, 0) == first
    assert probe_losses(run.network, probes[0], phase, run.model.training, 1) != first
    terms = ("diffusion", "smooth_lddt", "torsion", "distogram")
    assert first.keys() == {"total", *terms}
    assert first["total"] == pytest.approx(sum(first[term] for term in terms), rel=1e-5)


def test_net_that_learns_one_chain_by_heart_is_caught(run, torsions, alarm, caplog):
    run(torsions, [alarm(torsions)])
    assert "overfitting: in 2 measurements" in caplog.text
    rows = pd.DataFrame(run.rows)
    rows = rows[rows["kind"] == "validation"]
    gap = rows["fit_validation"] - rows["fit_training"]
    assert rows["fit_gap"].tolist() == pytest.approx(gap.tolist())
    assert rows["fit_gap_torsion"].tolist() == pytest.approx(gap.tolist(), rel=1e-5)
    assert rows["fit_training"].iloc[-1] < 0.5 * rows["fit_training"].iloc[0]
    assert rows["fit_gap"].iloc[-1] > rows["fit_gap"].iloc[0]


def test_run_judged_on_chains_it_learns_from_is_not_blamed(run, torsions, alarm, probes, caplog):
    run(replace(torsions, steps=60), [alarm(torsions, probes=[probes[0], probes[0]])])
    assert "overfitting" not in caplog.text


def test_measurements_keep_their_distance(run, torsions, alarm):
    run(replace(torsions, steps=50), [alarm(torsions, replace(QUICK, every=15))])
    rows = pd.DataFrame(run.rows)
    rows = rows[rows["kind"] == "validation"].set_index("step")
    assert rows["fit_gap"].dropna().index.tolist() == [10, 30, 50]


class KilledError(Exception):
    """Stands for a kill."""


class KillAfter(pl.Callback):
    """Dies when the phase is over."""

    def on_train_end(self, *_):
        raise KilledError


def test_stop_ends_the_phase_and_a_resumed_run_does_not_go_on(run, torsions, alarm, tmp_path):
    settings = replace(QUICK, stop=True)
    with pytest.raises(KilledError):
        run(torsions, [alarm(torsions, settings)], KillAfter())
    network = {name: p.clone() for name, p in run.network.state_dict().items()}
    again = type(run)(run.model, run.sets, run.folder)
    again(torsions, [alarm(torsions, settings)])
    assert 0 < again.rows[-1]["step"] < torsions.steps
    assert again.rows[-1]["kind"] == "validation"
    ours = again.network.state_dict()
    assert all(torch.equal(ours[name], network[name]) for name in network)


@pytest.mark.parametrize(
    ("history", "fires"),
    [
        ([(3.0, 3.0), (2.0, 2.5), (1.0, 2.6), (0.5, 2.7)], True),
        ([(3.0, 3.0), (2.0, 2.5), (1.0, 2.4), (0.5, 2.3)], False),  # still getting better
        ([(3.0, 3.0), (2.0, 2.5), (2.1, 2.6), (2.1, 2.6)], False),  # no wider gap
        ([(3.0, 3.0), (2.0, 2.5), (1.0, 2.6), (0.4, 2.4)], False),  # recovered
    ],
)
def test_only_a_wider_gap_without_a_better_validation_fires(
    torsions, alarm, caplog, trainer_at, rows, history, fires
):
    watch = alarm(torsions)
    for seen, unseen in history:
        row = {"fit_training": seen, "fit_validation": unseen, "fit_gap": float(unseen - seen)}
        watch._row = row
        watch.on_validation_end(trainer_at(7), rows)
    assert ("overfitting" in caplog.text) == fires
