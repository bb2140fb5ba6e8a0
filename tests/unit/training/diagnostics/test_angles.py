"""Torsions of coordinates, of the torsion net and of the truth."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from rna_predict.data.datamodule import WholeChains
from rna_predict.evaluate.circular import circular_differences, mean_of_circular
from rna_predict.training.diagnostics.angles import AngleCheck, difference_vector
from rna_predict.training.diagnostics.recorder import Recorder
from rna_predict.training.diagnostics.settings import Angles

STRICT = Angles(limit=60.0, grace_steps=0, patience=2)


@pytest.fixture
def batch(sets):
    return WholeChains(sets["train"], limit=60, count=1)[0]


@pytest.fixture
def truthful(batch):
    """Give a recorder whose denoised and predicted torsions are the true ones."""
    recorder = Recorder(1)
    recorder._armed, recorder.step = True, 1
    torsions = batch.truth.torsions
    recorder.sin_cos = torch.stack([torsions.sin(), torsions.cos()], dim=-1)
    recorder.denoised = batch.truth.coords[:, None]
    recorder.sigma = torch.ones(1, 1)
    return recorder


@pytest.fixture
def look(rows, trainer_at):
    """Let a check look at what a recorder has; give the row."""

    def look(recorder, batch, check=None, step=1):
        recorder.step, rows.losses = step, {}
        check = check or AngleCheck(STRICT, recorder)
        check.on_train_batch_end(trainer_at(step), rows, None, batch, 0)
        return rows.losses

    return look


def test_mean_difference_is_that_of_the_mcq():
    generator = np.random.default_rng(0)
    ours, theirs = generator.uniform(-4, 4, (2, 50, 7))
    mask = generator.random((50, 7)) > 0.2
    vector = difference_vector(*(torch.from_numpy(x) for x in (ours, theirs, mask)))
    expected = mean_of_circular(circular_differences(ours[mask], theirs[mask]))
    assert float(torch.atan2(*vector)) == pytest.approx(float(expected))


def test_torsions_of_the_truth_agree_with_themselves(look, truthful, batch):
    row = look(truthful, batch)
    names = {"angles_predicted_true", "angles_denoised_predicted", "angles_denoised_true"}
    assert row.keys() == names
    assert max(row.values()) < 0.1


def test_difference_is_the_angle_by_which_the_torsion_net_is_wrong(look, truthful, batch):
    turned = batch.truth.torsions + 0.5
    truthful.sin_cos = torch.stack([turned.sin(), turned.cos()], dim=-1)
    row = look(truthful, batch)
    assert row["angles_predicted_true"] == pytest.approx(np.degrees(0.5), abs=0.1)
    assert row["angles_denoised_predicted"] == pytest.approx(np.degrees(0.5), abs=0.1)
    assert row["angles_denoised_true"] < 0.1


def test_noisy_copies_do_not_count(look, truthful, batch):
    truthful.sigma = torch.full((1, 1), 20.0)
    assert look(truthful, batch).keys() == {"angles_predicted_true"}


def test_lasting_inconsistency_is_said_once(look, truthful, batch, caplog):
    truthful.denoised = torch.randn(1, 1, 24, 23, 3, generator=torch.Generator().manual_seed(0))
    check = AngleCheck(STRICT, truthful)
    for step in (1, 2, 3, 4):
        row = look(truthful, batch, check, step)
    assert row["angles_denoised_predicted"] > 60
    assert caplog.text.count("torsions of denoised structures and of the torsion net differ") == 1
    assert "step 2" in caplog.text


def test_consistent_structures_and_the_start_of_a_phase_are_not_blamed(
    look, truthful, batch, caplog
):
    check = AngleCheck(STRICT, truthful)
    for step in (1, 2, 3):
        look(truthful, batch, check, step)
    truthful.denoised = torch.randn(1, 1, 24, 23, 3, generator=torch.Generator().manual_seed(0))
    patient = AngleCheck(replace(STRICT, grace_steps=9), truthful)
    for step in (1, 2, 3):
        look(truthful, batch, patient, step)
    assert not caplog.text


def test_counts_go_on_from_a_checkpoint(look, truthful, batch, caplog):
    truthful.denoised = torch.randn(1, 1, 24, 23, 3, generator=torch.Generator().manual_seed(0))
    first, second = AngleCheck(STRICT, truthful), AngleCheck(STRICT, truthful)
    look(truthful, batch, first)
    second.load_state_dict(first.state_dict())
    look(truthful, batch, second, 2)
    assert "2 looks in a row" in caplog.text


def test_run_notes_training_and_validation(run, phase, sets):
    run(phase, [recorder := Recorder(1), AngleCheck(replace(STRICT, limit=180.0), recorder)])
    rows = pd.DataFrame(run.rows).set_index("kind")
    assert rows["angles_predicted_true"].between(1, 90).all()
    assert rows.loc["train", "angles_denoised_predicted"].notna().sum() >= 3
    assert rows.loc["validation", "angles_sampled_predicted"].between(1, 179).all()
    assert rows.loc["validation", "angles_sampled_true"].between(1, 179).all()
