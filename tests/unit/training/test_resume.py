"""A run that is killed comes back and ends as if nothing had been, with all that can carry state.

Batches that add up, a curriculum, ramps of losses, buckets by length, weights by cluster, noise on
the gradients, adapters, worker processes, files for TensorBoard, and checkpoints that are kept.
"""

import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rna_predict.data.draws import DrawSettings, Rung
from rna_predict.data.records import plain
from rna_predict.data.weights import read_weights
from rna_predict.model.adapters import AdapterSettings
from rna_predict.training import callbacks
from rna_predict.training.fit import train
from rna_predict.training.settings import Ramp, Rate

KILLED = """
import os, runpy, signal, sys
from rna_predict.training import callbacks

noted = callbacks.Metrics.on_train_batch_end

def note(self, trainer, *rest):
    noted(self, trainer, *rest)
    if (self.phase, trainer.global_step) == ({phase!r}, {step}):
        os.kill(os.getpid(), signal.SIGKILL)

callbacks.Metrics.on_train_batch_end = note
sys.argv = {argv!r}
runpy.run_path({script!r}, run_name="__main__")
"""


class KilledError(Exception):
    """Stands for an error amid a step."""


def stop_at(patch, phase, step):
    """Let the training stop at a step."""
    noted = callbacks.Metrics.on_train_batch_end

    def note(self, trainer, *rest):
        noted(self, trainer, *rest)
        if (self.phase, trainer.global_step) == (phase, step):
            raise KilledError

    patch.setattr(callbacks.Metrics, "on_train_batch_end", note)


@pytest.fixture(scope="module")
def model(small_model):
    """Give a phase of everything and one of adapters, two validations each."""
    first = replace(
        small_model.training.phases[0], batch=1, steps=4, validate_every=2, accumulate=2,
        gradient_noise=0.1, adaptive_clip=0.05, weight_decay=0.01, rates=(Rate("diffusion", 0.5),),
        curriculum=(Rung(until=2, longest=13),), ramps=(Ramp("bond", first=1, last=4),),
    )  # fmt: skip
    lora = replace(
        first, name="lora", steps=2, validate_every=1, curriculum=(), rates=(),
        parts=("torsion_net", "pairformer", "merger", "diffusion"), adapter=AdapterSettings(rank=2),
    )  # fmt: skip
    settings = replace(
        small_model.training, phases=(first, lora), workers=1, tensorboard=True, keep_every=2,
        draws=DrawSettings(weight="cluster", length_power=0.5, spatial=0.5, bucket=2),
        validation_length=30,
    )  # fmt: skip
    return replace(small_model, training=settings)


@pytest.fixture(scope="module")
def tables(trained, tmp_path_factory):
    """Give the tables with clusters."""
    paths = tmp_path_factory.mktemp("clusters") / "clusters.tsv"
    names = pd.read_csv(trained[0].splits, sep="\t")["chain_id"]
    clusters = [f"c{k // 2}" for k in range(len(names))]
    pd.DataFrame({"chain_id": names, "cluster": clusters}).to_csv(paths, sep="\t", index=False)
    return replace(trained[0], clusters=paths)


@pytest.fixture(scope="module")
def whole(tables, model, tmp_path_factory):
    """Train without a break."""
    folder = tmp_path_factory.mktemp("whole")
    train(tables, model, folder, seed=0, device="cpu", threads=1)
    return folder


@pytest.fixture(scope="module")
def broken(root, tables, model, tmp_path_factory):
    """Train, once killed without warning and once stopped by an error, amid both phases."""
    folder = tmp_path_factory.mktemp("broken")
    settings = folder.with_name("settings.yaml")
    settings.write_text(yaml.safe_dump(plain(model)))
    script = str(root / "scripts" / "train_model.py")
    argv = [script, "--model", str(settings), "--out-dir", str(folder), "--device", "cpu"]
    for name in ("chains", "angles", "pairs", "probabilities", "splits", "clusters"):
        argv += [f"--{name}", str(getattr(tables, name))]
    argv += ["--threads", "1"]
    program = KILLED.format(phase="pretrain", step=3, argv=argv, script=script)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (folder / "resume").exists()
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KilledError):
        stop_at(patch, "lora", 1)
        train(tables, model, folder, seed=0, device="cpu", threads=1)
    train(tables, model, folder, seed=0, device="cpu", threads=1)
    return folder


@pytest.mark.parametrize(
    "name",
    ["metrics.csv", "model.safetensors", "adapter_lora.safetensors", "base_lora.safetensors"],
)
def test_killed_and_resumed_gives_the_bytes_of_the_uninterrupted(whole, broken, name):
    assert (broken / name).read_bytes() == (whole / name).read_bytes()


def test_killed_and_resumed_leaves_the_same_files(whole, broken):
    listed = [
        sorted(str(path.relative_to(folder)) for path in folder.rglob("*.ckpt"))
        for folder in (whole, broken)
    ]
    assert listed[0] == listed[1]
    assert listed[0] == [
        "best.ckpt", "checkpoints/lora_2.ckpt", "checkpoints/pretrain_4.ckpt", "last.ckpt",
    ]  # fmt: skip


def test_speed_is_noted_once_a_validation_and_not_among_the_metrics(whole, broken):
    for folder in (whole, broken):
        table = pd.read_csv(folder / "throughput.csv")
        assert table["step"].tolist() == [2, 4, 1, 2]
        assert (table.drop(columns=["phase", "waiting_share"]) > 0).all(axis=None)
        assert table["waiting_share"].between(0, 1).all()
        metrics = pd.read_csv(folder / "metrics.csv")
        assert not {"samples_per_second", "memory_mib"} & set(metrics)


def test_events_are_those_of_the_table_also_after_a_kill(whole, broken):
    for folder in (whole, broken):
        table = pd.read_csv(folder / "metrics.csv")
        for phase, rows in table.groupby("phase"):
            events = EventAccumulator(str(folder / "tensorboard" / phase)).Reload()
            for kind, column in (
                ("train", "total"),
                ("train", "torsion_weighted"),
                ("validation", "lddt"),
            ):
                told = events.Scalars(f"{kind}/{column}")
                wanted = rows[rows["kind"] == kind]
                assert [event.step for event in told] == wanted["step"].tolist()
                np.testing.assert_allclose(
                    [event.value for event in told], wanted[column], rtol=1e-6
                )


def test_card_tells_what_was_trained_on_and_is_the_same_but_for_the_machine(whole, broken):
    cards = [
        (folder / "model_card.md").read_text().replace(folder.name, "run")
        for folder in (whole, broken)
    ]
    before, after = zip(*(card.split("## Hardware and time") for card in cards), strict=True)
    limits = [card.partition("## Limits")[2] for card in after]
    assert before[0] == before[1] and limits[0] == limits[1]
    assert "| train | 4 | 4 |" in before[0]
    assert "clusters by sequence in training: 2" in before[0]
    assert "| lora | torsion_net, pairformer, merger, diffusion | 2 | 2 | 16 |" in before[0]
    assert "lddt |" in before[0] and "nan" not in cards[0]


def test_training_starts_from_the_weights_it_is_given(trained, small_model, whole, tmp_path):
    first = replace(small_model.training.phases[0], steps=1, validate_every=1, learning_rate=1e-12)
    start = whole / "model.safetensors"
    settings = replace(small_model.training, phases=(first,), start=str(start))
    weights = train(
        trained[0], replace(small_model, training=settings), tmp_path, seed=5, device="cpu"
    )
    given, got = read_weights(start)[0], read_weights(weights)[0]
    assert all(np.allclose(got[name], given[name], atol=1e-9) for name in given)
    assert f"started from: {start}" in (tmp_path / "model_card.md").read_text()
