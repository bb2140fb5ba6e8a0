"""Averaged weights, metrics, the alarm for collapse, resume points."""

import lightning.pytorch as pl
import pandas as pd
import pytest
import torch
from torch import nn

from rna_predict.training.callbacks import (
    CollapseAlarm,
    CollapseError,
    Ema,
    Metrics,
    ResumePoints,
    write_rows,
)
from rna_predict.training.settings import Collapse


class Trainer(pl.Trainer):
    """A trainer that stands at a step."""

    global_step = 0

    def __init__(self, step):
        self.global_step = step

    def save_checkpoint(self, filepath):
        filepath.write_text(str(self.global_step))


@pytest.fixture
def module():
    module = pl.LightningModule()
    module.network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.network.weight, 0.0)
    return module


def test_average_follows_the_weights_with_the_decay(module):
    ema = Ema(0.75)
    ema.on_fit_start(Trainer(0), module)
    nn.init.constant_(module.network.weight, 1.0)
    ema.on_train_batch_end(Trainer(1000), module)
    assert ema.average["weight"].item() == pytest.approx(0.25)
    ema.on_train_batch_end(Trainer(1001), module)
    assert ema.average["weight"].item() == pytest.approx(1 - 0.75**2)


def test_average_forgets_fast_at_first(module):
    ema = Ema(0.999)
    ema.on_fit_start(Trainer(0), module)
    nn.init.constant_(module.network.weight, 1.0)
    ema.on_train_batch_end(Trainer(1), module)
    assert ema.average["weight"].item() == pytest.approx(9 / 11)


def test_average_is_in_place_during_validation_only(module):
    ema = Ema(0.75)
    ema.on_fit_start(Trainer(0), module)
    nn.init.constant_(module.network.weight, 1.0)
    ema.on_train_batch_end(Trainer(1000), module)
    ema.on_validation_start(Trainer(1000), module)
    assert module.network.weight.item() == pytest.approx(0.25)
    ema.on_validation_end(Trainer(1000), module)
    assert module.network.weight.item() == 1.0


def test_average_goes_on_from_a_checkpoint(module):
    ema = Ema(0.75)
    ema.load_state_dict({"weight": torch.tensor([[0.5]])})
    ema.on_fit_start(Trainer(0), module)
    assert ema.average["weight"].item() == 0.5
    assert ema.state_dict()["weight"].item() == 0.5


def test_losses_are_noted_at_the_first_and_every_nth_step(module, tmp_path):
    metrics = Metrics(tmp_path / "m.csv", "pretrain", 5, [{"phase": "before"}])
    module.losses = {"total": torch.tensor(2.0)}
    for step in range(1, 13):
        metrics.on_train_batch_end(Trainer(step), module)
    assert [row.get("step") for row in metrics.rows] == [None, 1, 5, 10]
    assert metrics.rows[1] == {"phase": "pretrain", "step": 1, "kind": "train", "total": 2.0}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_loss_that_is_not_finite_stops_the_training(module, tmp_path, value):
    module.losses = {"total": torch.tensor(value)}
    with pytest.raises(FloatingPointError, match="step 5"):
        Metrics(tmp_path / "m.csv", "pretrain", 5, []).on_train_batch_end(Trainer(5), module)


def test_validation_writes_the_table(module, tmp_path):
    metrics = Metrics(tmp_path / "m.csv", "pretrain", 1, [])
    module.losses = {"total": torch.tensor(2.0)}
    module.validation = {"lddt": 0.5}
    metrics.on_train_batch_end(Trainer(1), module)
    metrics.on_validation_end(Trainer(1), module)
    table = pd.read_csv(tmp_path / "m.csv")
    assert table["kind"].tolist() == ["train", "validation"]
    assert table["total"].isna().tolist() == [False, True]
    assert table["lddt"].iloc[1] == 0.5


def test_rows_may_have_different_columns(tmp_path):
    write_rows(tmp_path / "m.csv", [{"a": 1}, {"b": 2, "a": 3}])
    assert (tmp_path / "m.csv").read_text().splitlines() == ["a,b", "1,", "3,2"]


LIMITS = Collapse(spread=0.5, neighbour=0.5, grace_steps=10, patience=2)
FINE, POINT, CLUMPS = (
    {"spread": 1.0, "neighbour": 0.9},
    {"spread": 0.1, "neighbour": 0.9},
    {"spread": 1.0, "neighbour": 0.1},
)


def validate(alarm, module, *results):
    for step, result in results:
        module.validation = result
        alarm.on_validation_end(Trainer(step), module)


@pytest.mark.parametrize("collapsed", [POINT, CLUMPS])
def test_lasting_collapse_stops_the_training(module, caplog, collapsed):
    with pytest.raises(CollapseError, match="2 validations in a row"):
        validate(CollapseAlarm(LIMITS), module, (20, collapsed), (30, collapsed))
    assert "samples collapse at step 20" in caplog.text


def test_passing_collapse_is_only_told(module, caplog):
    results = [(20, POINT), (30, FINE), (40, POINT), (50, FINE)]
    validate(CollapseAlarm(LIMITS), module, *results)
    assert caplog.text.count("collapse") == 2


def test_start_of_a_phase_has_grace(module, caplog):
    validate(CollapseAlarm(LIMITS), module, (3, POINT), (6, POINT), (9, POINT))
    assert caplog.text == ""


def test_sample_that_is_not_a_number_counts_as_collapse(module):
    lost = {"spread": float("nan"), "neighbour": 1.0}
    with pytest.raises(CollapseError):
        validate(CollapseAlarm(LIMITS), module, (20, lost), (30, lost))


def test_count_of_collapses_survives_a_checkpoint(module):
    first, second = CollapseAlarm(LIMITS), CollapseAlarm(LIMITS)
    validate(first, module, (20, POINT))
    second.load_state_dict(first.state_dict())
    with pytest.raises(CollapseError):
        validate(second, module, (30, POINT))


@pytest.mark.parametrize(
    ("select", "values", "best"),
    [("lddt", (0.2, 0.4, 0.3), 2), ("plddt_error", (0.2, 0.4, 0.1), 3), ("lddt", (0.2, 0.2), 2)],
)
def test_best_checkpoint_follows_the_rule_of_the_phase(module, tmp_path, select, values, best):
    points = ResumePoints(tmp_path, select)
    for step, value in enumerate(values, start=1):
        module.validation = {select: value}
        points.on_train_epoch_end(Trainer(step), module)
    assert (tmp_path / "best.ckpt").read_text() == str(best)
    assert (tmp_path / "last.ckpt").read_text() == str(len(values))
