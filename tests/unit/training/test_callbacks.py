"""Averaged weights, metrics, the alarm for collapse, resume points."""

import lightning.pytorch as pl
import pandas as pd
import pytest
import torch
from lightning.pytorch.loggers.logger import DummyLogger
from lightning.pytorch.strategies import SingleDeviceStrategy
from torch import nn

from rna_predict.training.callbacks import (
    Ema,
    Metrics,
    ResumePoints,
    write_rows,
)


class Trainer(pl.Trainer):
    """A trainer that stands at a step, alone."""

    global_step = 0
    strategy = SingleDeviceStrategy("cpu")
    loggers = ()
    is_global_zero = True
    accumulate_grad_batches = 1

    def __init__(self, step, accumulate=1):
        self.global_step, self.accumulate_grad_batches = step, accumulate

    def save_checkpoint(self, filepath):
        filepath.write_text(str(self.global_step))


class Logger(DummyLogger):
    """A logger that keeps what it is told."""

    def __init__(self):
        super().__init__()
        self.told = []

    def log_metrics(self, metrics, step):
        self.told.append((step, metrics))


def end_batch(callback, trainer, module, number=0):
    callback.on_train_batch_end(trainer, module, None, None, number)


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
    end_batch(ema, Trainer(1000), module)
    assert ema.average["weight"].item() == pytest.approx(0.25)
    end_batch(ema, Trainer(1001), module)
    assert ema.average["weight"].item() == pytest.approx(1 - 0.75**2)


def test_average_forgets_fast_at_first(module):
    ema = Ema(0.999)
    ema.on_fit_start(Trainer(0), module)
    nn.init.constant_(module.network.weight, 1.0)
    end_batch(ema, Trainer(1), module)
    assert ema.average["weight"].item() == pytest.approx(9 / 11)


def test_average_moves_and_losses_are_noted_once_a_step_of_several_batches(module, tmp_path):
    ema, metrics = Ema(0.75), Metrics(tmp_path / "m.csv", "pretrain", 1, [])
    ema.on_fit_start(Trainer(0), module)
    nn.init.constant_(module.network.weight, 1.0)
    module.losses = {"total": torch.tensor(2.0)}
    for number, step in enumerate((999, 999, 1000, 1000, 1000, 1001)):
        for callback in (ema, metrics):
            end_batch(callback, Trainer(step, accumulate=3), module, number)
    assert ema.average["weight"].item() == pytest.approx(1 - 0.75**2)
    assert [row["step"] for row in metrics.rows] == [1000, 1001]


def test_average_is_in_place_during_validation_only(module):
    ema = Ema(0.75)
    ema.on_fit_start(Trainer(0), module)
    nn.init.constant_(module.network.weight, 1.0)
    end_batch(ema, Trainer(1000), module)
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
        end_batch(metrics, Trainer(step), module)
    assert [row.get("step") for row in metrics.rows] == [None, 1, 5, 10]
    assert metrics.rows[1] == {"phase": "pretrain", "step": 1, "kind": "train", "total": 2.0}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_loss_that_is_not_finite_stops_the_training(module, tmp_path, value):
    module.losses = {"total": torch.tensor(value)}
    with pytest.raises(FloatingPointError, match="step 5"):
        end_batch(Metrics(tmp_path / "m.csv", "pretrain", 5, []), Trainer(5), module)


def test_validation_writes_the_table(module, tmp_path):
    metrics = Metrics(tmp_path / "m.csv", "pretrain", 1, [])
    module.losses = {"total": torch.tensor(2.0)}
    module.validation = {"lddt": 0.5}
    end_batch(metrics, Trainer(1), module)
    metrics.on_validation_end(Trainer(1), module)
    table = pd.read_csv(tmp_path / "m.csv")
    assert table["kind"].tolist() == ["train", "validation"]
    assert table["total"].isna().tolist() == [False, True]
    assert table["lddt"].iloc[1] == 0.5


def test_loggers_are_told_what_the_table_gets(module, tmp_path):
    metrics = Metrics(tmp_path / "m.csv", "pretrain", 1, [])
    module.losses, module.validation = {"total": torch.tensor(2.0)}, {"lddt": 0.5}
    trainer = Trainer(7)
    trainer.loggers = [Logger()]
    end_batch(metrics, trainer, module)
    metrics.on_validation_end(trainer, module)
    assert trainer.loggers[0].told == [(7, {"train/total": 2.0}), (7, {"validation/lddt": 0.5})]


def test_process_that_is_not_the_first_writes_no_table(module, tmp_path):
    metrics = Metrics(tmp_path / "m.csv", "pretrain", 1, [])
    module.validation = {"lddt": 0.5}
    trainer = Trainer(1)
    trainer.is_global_zero = False
    metrics.on_validation_end(trainer, module)
    assert len(metrics.rows) == 1
    assert not (tmp_path / "m.csv").exists()


def test_rows_may_have_different_columns(tmp_path):
    write_rows(tmp_path / "m.csv", [{"a": 1}, {"b": 2, "a": 3}])
    assert (tmp_path / "m.csv").read_text().splitlines() == ["a,b", "1,", "3,2"]


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


def test_some_checkpoints_are_kept(module, tmp_path):
    points = ResumePoints(tmp_path / "resume", "lddt", every=20, kept=tmp_path / "kept" / "first")
    module.validation = {"lddt": 0.5}
    for step in range(10, 60, 10):
        points.on_train_epoch_end(Trainer(step), module)
    files = sorted(path.name for path in (tmp_path / "kept").iterdir())
    assert files == ["first_20.ckpt", "first_40.ckpt"]
    assert (tmp_path / "kept" / "first_20.ckpt").read_text() == "20"


def test_best_and_kept_checkpoints_are_there_before_the_last_one_moves_on(module, tmp_path):
    """A run killed in between goes on from the step before and writes them again."""
    points = ResumePoints(tmp_path, "lddt", every=1)
    module.validation = {"lddt": 0.5}
    (tmp_path / "last.ckpt").mkdir()
    with pytest.raises(OSError, match="directory"):
        points.on_train_epoch_end(Trainer(3), module)
    assert (tmp_path / "best.ckpt").read_text() == (tmp_path / "kept_3.ckpt").read_text() == "3"
