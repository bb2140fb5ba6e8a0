"""Speed, and what is waited for, on a clock that the test sets."""

from types import SimpleNamespace

import lightning.pytorch as pl
import pandas as pd
import pytest
from lightning.pytorch.strategies import SingleDeviceStrategy

from rna_predict.data.datamodule import TrainingBatches
from rna_predict.data.dataset import load_examples
from rna_predict.training import throughput
from rna_predict.training.throughput import Throughput


@pytest.fixture
def clock(monkeypatch):
    """Give a clock that stands until it is moved."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(throughput, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    return clock


class Trainer(pl.Trainer):
    """A trainer that stands at a step, alone."""

    global_step = 7
    is_global_zero = True
    strategy = SingleDeviceStrategy("cpu")

    def __init__(self):
        """Do nothing."""


@pytest.fixture(scope="module")
def batch(trained):
    """Give a batch of two crops of seven residues."""
    return TrainingBatches(load_examples(trained[0], "train"), 2, 7, 0.0, 0)[0]


@pytest.fixture
def run(clock, batch):
    """Give a function that runs four batches and a validation of three seconds."""

    def run(callback, wait, work):
        trainer, module = Trainer(), pl.LightningModule()
        callback.on_train_epoch_start(trainer, module)
        for number in range(4):
            clock.now += wait
            callback.on_train_batch_start(trainer, module, batch, number)
            clock.now += work
            callback.on_train_batch_end(trainer, module, None, batch, number)
        callback.on_validation_start(trainer, module)
        clock.now += 3.0
        callback.on_validation_end(trainer, module)

    return run


def test_speed_and_share_of_waiting_are_those_of_the_clock(tmp_path, run):
    callback = Throughput(tmp_path / "t.csv", "first", [{"phase": "before"}])
    run(callback, wait=0.5, work=1.5)
    row = pd.read_csv(tmp_path / "t.csv").iloc[1]
    assert (row["phase"], row["step"]) == ("first", 7)
    assert row["samples_per_second"] == pytest.approx(1.0)
    assert row["residues_per_second"] == pytest.approx(7.0)
    assert row["waiting_share"] == pytest.approx(0.25)
    assert (row["training_seconds"], row["validation_seconds"]) == pytest.approx((8.0, 3.0))
    assert row["memory_mib"] > 10


def test_stretches_are_measured_apart_and_validation_is_no_waiting(tmp_path, run):
    callback = Throughput(tmp_path / "t.csv", "first", [])
    run(callback, wait=1.0, work=1.0)
    run(callback, wait=0.0, work=1.0)
    assert [row["waiting_share"] for row in callback.rows] == pytest.approx([0.5, 0.0])
    assert [row["training_seconds"] for row in callback.rows] == pytest.approx([8.0, 4.0])


@pytest.mark.parametrize(("wait", "warned"), [(0.04, False), (0.06, True)])
def test_waiting_for_more_than_a_twentieth_is_warned_of(tmp_path, run, caplog, wait, warned):
    with caplog.at_level("INFO"):
        run(Throughput(tmp_path / "t.csv", "first", []), wait=wait, work=1 - wait)
    (record,) = caplog.records
    assert (record.levelname == "WARNING") == warned
    assert f"{100 * wait:.1f} % of the time spent waiting for data" in record.message


def test_rows_go_on_from_a_checkpoint(tmp_path, run):
    first, second = (Throughput(tmp_path / "t.csv", "first", []) for _ in range(2))
    run(first, wait=0.5, work=1.0)
    second.load_state_dict(first.state_dict())
    run(second, wait=0.5, work=1.0)
    assert len(second.rows) == 2
