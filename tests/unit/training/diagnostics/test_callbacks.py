"""All diagnostics of a phase together."""

from dataclasses import replace

import lightning.pytorch as pl
import pandas as pd
import pytest
import torch

from rna_predict.data.datamodule import RnaData
from rna_predict.data.records import dump_record, parse_record, plain
from rna_predict.training.diagnostics.callbacks import diagnostic_callbacks
from rna_predict.training.diagnostics.settings import (
    Angles,
    Collapse,
    DeadParts,
    Diagnostics,
    Overfitting,
)

EVERYTHING = Diagnostics(
    every=2,
    collapse=Collapse(grace_steps=0, action="rewind"),
    angles=Angles(grace_steps=0),
    overfitting=Overfitting(chains=1, every=1),
)


@pytest.fixture
def diagnostics(sets, tmp_path):
    """Give a maker of all callbacks for a run."""
    data = RnaData(
        sets["train"], sets["validation"], size=1, crop=24, copied=0.0, seed=0, stretch=3,
        limit=60, count=1,
    )  # fmt: skip

    def make(run, phase, settings=EVERYTHING):
        return diagnostic_callbacks(
            settings, phase, tmp_path / "pages", run.folder, model=run.model, seed=0, data=data
        )

    return make


class KilledError(Exception):
    """Stands for a kill."""


class Kill(pl.Callback):
    """Dies after a step."""

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == 5:
            raise KilledError


def test_all_of_them_write_into_the_rows_of_a_healthy_run(run, phase, diagnostics, tmp_path):
    run(phase, diagnostics(run, phase))
    rows = pd.DataFrame(run.rows)
    training = rows[rows["kind"] == "train"].set_index("step")
    for column in ("gradient_diffusion", "share_torsion", "scale_kinematics_spread"):
        assert training[column].dropna().index.tolist() == [1, 2, 4, 6], column
    validation = rows[rows["kind"] == "validation"]
    columns = ["fit_gap", "scale_sampled_nearest", "angles_sampled_predicted"]
    assert validation[columns].notna().all(axis=None)
    assert len(list((tmp_path / "pages").glob("*.html"))) == 2


def test_killed_and_resumed_equals_uninterrupted(run, phase, diagnostics, sets, tmp_path):
    run(phase, diagnostics(run, phase))
    other = type(run)(run.model, sets, tmp_path / "other")
    with pytest.raises(KilledError):
        other(phase, diagnostics(other, phase), Kill())
    again = type(run)(run.model, sets, tmp_path / "other")
    again(phase, diagnostics(again, phase))
    frames = (pd.DataFrame(rows) for rows in (again.rows, run.rows))
    pd.testing.assert_frame_equal(*frames, check_exact=True)
    ours, theirs = again.network.state_dict(), run.network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_watching_changes_nothing_that_is_learned(run, phase, diagnostics, sets, tmp_path):
    run(phase, diagnostics(run, phase))
    other = type(run)(run.model, sets, tmp_path / "other")
    other(phase, [])
    ours, theirs = run.network.state_dict(), other.network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_sections_can_be_left_out(run, phase, diagnostics):
    names = ("collapse", "dead_parts", "overfitting", "angles", "structures")
    off = Diagnostics(**dict.fromkeys(names))
    kinds = [type(callback).__name__ for callback in diagnostics(run, phase, off)]
    assert kinds == ["Recorder", "GradientMonitor", "TermShares"]


def test_set_without_short_chains_is_said_to_be_no_measure_of_overfitting(
    run, phase, diagnostics, caplog
):
    run.model = replace(run.model, training=replace(run.model.training, validation_length=5))
    kinds = [type(callback).__name__ for callback in diagnostics(run, phase)]
    assert "OverfittingAlarm" not in kinds
    assert "no chains of at most 5 nt" in caplog.text


def test_settings_survive_a_file():
    changed = replace(EVERYTHING, structures=None, dead_parts=DeadParts(warn_after=1))
    assert parse_record(Diagnostics, plain(changed), "here") == changed
    assert "structures: null" in dump_record(changed)


@pytest.mark.parametrize(
    ("section", "wrong", "message"),
    [
        (Collapse, {"quantile": 2.0}, "fractions"),
        (Collapse, {"patience": 0}, "1 or more"),
        (DeadParts, {"warn_after": 9, "stop_after": 3}, "warn_after <= stop_after"),
        (Overfitting, {"chains": 0}, "1 or more"),
        (Diagnostics, {"every": 0}, "every >= 1"),
    ],
)
def test_settings_that_mean_nothing_are_refused(section, wrong, message):
    with pytest.raises(ValueError, match=message):
        section(**wrong)
