"""Several processes: the same weights as one, files written once; loggers; the progress bar."""

import os
import subprocess
import sys
from dataclasses import replace

import lightning.pytorch as pl
import pandas as pd
import pytest
import torch
import yaml

from rna_predict.data.records import plain
from rna_predict.data.weights import read_weights
from rna_predict.training.checkpoints import read_checkpoint
from rna_predict.training.fit import train
from rna_predict.training.trainer import Progress, make_trainer

TABLES = ("chains", "angles", "pairs", "probabilities", "splits")


def command(root, paths, model, folder):
    """Give the command that trains, and write its model file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.yaml").write_text(yaml.safe_dump(plain(model)))
    tables = [argument for name in TABLES for argument in (f"--{name}", str(getattr(paths, name)))]
    script = [sys.executable, str(root / "scripts" / "train_model.py"), *tables]
    return [*script, "--model", str(folder / "settings.yaml"), "--out-dir", str(folder / "out")]


def call(*arguments):
    """Run a command as a user does, with one thread a process."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(arguments, capture_output=True, text=True, env=environment, timeout=240)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def shared_model(small_model):
    """Give two phases of three steps and of one on two processes."""
    first, second = (
        replace(phase, batch=1, steps=steps, validate_every=steps)
        for phase, steps in zip(small_model.training.phases, (3, 1), strict=True)
    )
    settings = replace(small_model.training, phases=(first, second), processes=2, keep_every=1)
    return replace(small_model, training=settings)


@pytest.fixture(scope="module")
def alone(trained, shared_model, tmp_path_factory):
    """Train in one process, which takes twice as many batches a step."""
    folder = tmp_path_factory.mktemp("alone")
    settings = shared_model.training
    phases = tuple(replace(phase, accumulate=2) for phase in settings.phases)
    settings = replace(settings, phases=phases, processes=1)
    train(trained[0], replace(shared_model, training=settings), folder, seed=0, device="cpu")
    return folder


@pytest.fixture(scope="module", params=["ddp", pytest.param("fsdp", marks=pytest.mark.slow)])
def together(request, root, trained, shared_model, tmp_path_factory):
    """Train in two processes; give the folder and what was said."""
    folder = tmp_path_factory.mktemp(request.param)
    settings = replace(shared_model.training, strategy=request.param)
    model = replace(shared_model, training=settings)
    done = call(*command(root, trained[0], model, folder), "--device", "cpu")
    return folder / "out", done.stderr


def test_two_processes_train_the_weights_that_one_does_with_twice_the_batches(alone, together):
    ours, _ = read_weights(together[0] / "model.safetensors")
    theirs, _ = read_weights(alone / "model.safetensors")
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=0, atol=1e-5)


def test_losses_of_the_processes_are_averaged(alone, together):
    ours, theirs = (pd.read_csv(folder / "metrics.csv") for folder in (together[0], alone))
    assert list(ours) == list(theirs)
    judged = ["total", "gradient_norm", "learning_rate", "lddt", "tm", "rmsd", "plddt"]
    columns = ["step", *judged, *(name for name in theirs if name.endswith("_weighted"))]
    pd.testing.assert_frame_equal(ours[columns], theirs[columns], rtol=1e-3, atol=1e-5)


def test_files_are_written_once_and_the_first_process_alone_speaks(alone, together):
    folder, said = together
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        path.name for path in alone.iterdir()
    )
    names = sorted(path.name for path in (folder / "checkpoints").iterdir())
    assert names == ["confidence_1.ckpt", "pretrain_3.ckpt"]
    assert read_checkpoint(folder / "checkpoints" / "pretrain_3.ckpt")["global_step"] == 3
    assert said.count("pretrain: trainable") == 1


@pytest.mark.parametrize("watched", [True, False])
def test_progress_is_shown_where_someone_watches(small_model, tmp_path, monkeypatch, watched):
    monkeypatch.setattr("sys.stderr.isatty", lambda: watched, raising=False)
    phase = small_model.training.phases[0]
    trainer = make_trainer(small_model.training, phase, "cpu", tmp_path, [], tmp_path / "t", 0)
    assert any(isinstance(callback, Progress) for callback in trainer.callbacks) == watched
    assert trainer.logger is None


def test_progress_goes_to_the_standard_error(small_model, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    phase = small_model.training.phases[0]
    trainer = make_trainer(small_model.training, phase, "cpu", tmp_path, [], tmp_path / "t", 0)
    trainer.progress_bar_callback.setup(trainer, pl.LightningModule(), "fit")
    trainer.progress_bar_callback.init_train_tqdm().update()
    trainer.progress_bar_callback.init_validation_tqdm().update()
    said = capsys.readouterr()
    assert said.out == "" and said.err != ""


@pytest.mark.parametrize(
    "change", [{"gradient_noise": 0.1}, {"adaptive_clip": 0.1}, {"processes": 1}]
)
def test_what_cannot_be_divided_is_refused(shared_model, change):
    settings = shared_model.training
    phases = settings.phases
    if "processes" not in change:
        phases, change = tuple(replace(phase, **change) for phase in phases), {}
    with pytest.raises(ValueError, match="fsdp needs 2 or more processes"):
        replace(settings, phases=phases, strategy="fsdp", **change)
