"""A whole training: its files, its resumption, what it refuses, and what it does without."""

import runpy
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from rna_predict.data.chain_templates import Found, search_facts, write_chain_templates
from rna_predict.data.dataset import load_examples
from rna_predict.data.features import Templates
from rna_predict.data.records import plain, read_record
from rna_predict.data.weights import read_weights
from rna_predict.errors import InputError
from rna_predict.model.adapters import AdapterSettings
from rna_predict.predict.weights import load_predictor
from rna_predict.structure.store import write_chains
from rna_predict.training import callbacks
from rna_predict.training.checkpoints import averaged_weights, read_checkpoint
from rna_predict.training.external import read_encoder
from rna_predict.training.fit import train
from rna_predict.training.settings import ModelFile

BLOCKED = ("gemmi", "pydantic", "MDAnalysis", "RNA", "biotite", "snakemake", "openmm")


class KilledError(Exception):
    """Stands for a kill."""


def kill_at(monkeypatch, phase, step):
    """Let the training die at a step, as it would under a kill."""
    noted = callbacks.Metrics.on_train_batch_end

    def note(self, trainer, pl_module, *rest):
        noted(self, trainer, pl_module, *rest)
        if (self.phase, trainer.global_step) == (phase, step):
            raise KilledError

    monkeypatch.setattr(callbacks.Metrics, "on_train_batch_end", note)


def metrics(folder):
    return pd.read_csv(folder / "metrics.csv")


def test_training_leaves_its_files_and_no_resume_point(trained):
    _, folder = trained
    assert sorted(path.name for path in folder.iterdir()) == [
        "best.ckpt",
        "diagnostics",
        "last.ckpt",
        "metrics.csv",
        "model.safetensors",
        "model.yaml",
        "model_card.md",
        "throughput.csv",
        "validation",
    ]


def test_weights_are_the_averaged_ones_of_the_best_checkpoint(trained, small_model):
    _, folder = trained
    weights, model = read_weights(folder / "model.safetensors")
    best = averaged_weights(read_checkpoint(folder / "best.ckpt"))
    assert model == plain(small_model)
    assert weights.keys() == best.keys()
    assert all(torch.equal(weights[name], best[name]) for name in best)


def test_model_file_beside_the_weights_is_complete(trained, small_model):
    _, folder = trained
    assert read_record(ModelFile, folder / "model.yaml") == small_model


def test_every_term_is_logged_raw_and_weighted(trained):
    table = metrics(trained[1])
    steps = table[table["kind"] == "train"].groupby("phase")["step"].apply(list)
    assert steps["pretrain"] == [1, 2, 3, 4, 5, 6]
    assert steps["confidence"] == [1, 2, 3, 4]
    for phase, terms in (("pretrain", ["diffusion", "torsion"]), ("confidence", ["plddt", "pae"])):
        rows = table[(table["phase"] == phase) & (table["kind"] == "train")]
        columns = [*terms, *(f"{term}_weighted" for term in terms), "total", "gradient_norm"]
        assert rows[columns].notna().all(axis=None)
    validation = table[table["kind"] == "validation"]
    assert validation["step"].tolist() == [3, 6, 2, 4]
    assert validation[["lddt", "tm", "rmsd", "plddt"]].notna().all(axis=None)


def test_confidence_phase_leaves_the_rest_of_the_network_alone(trained):
    state = read_checkpoint(trained[1] / "last.ckpt")
    last, average = state["state_dict"], averaged_weights(state)
    same = {name for name in average if torch.equal(last[f"network.{name}"], average[name])}
    assert {name for name in average if not name.startswith("confidence_head")} <= same
    assert any(name.startswith("confidence_head") for name in average.keys() - same)


@pytest.mark.parametrize(("phase", "step"), [("pretrain", 2), ("confidence", 3)])
def test_killed_and_resumed_equals_uninterrupted(
    trained, small_model, tmp_path, monkeypatch, phase, step
):
    paths, whole = trained
    with monkeypatch.context() as patch:
        kill_at(patch, phase, step)
        with pytest.raises(KilledError):
            train(paths, small_model, tmp_path, seed=0, device="cpu")
    assert not (tmp_path / "model.safetensors").exists()
    train(paths, small_model, tmp_path, seed=0, device="cpu")
    pd.testing.assert_frame_equal(metrics(tmp_path), metrics(whole), check_exact=True)
    ours, _ = read_weights(tmp_path / "model.safetensors")
    theirs, _ = read_weights(whole / "model.safetensors")
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_resume_points_of_another_run_are_not_used(
    trained, small_model, tmp_path, monkeypatch, caplog
):
    paths, whole = trained
    with monkeypatch.context() as patch:
        kill_at(patch, "pretrain", 5)
        with pytest.raises(KilledError):
            train(paths, small_model, tmp_path, seed=1, device="cpu")
    train(paths, small_model, tmp_path, seed=0, device="cpu")
    assert "belong to another run" in caplog.text
    pd.testing.assert_frame_equal(metrics(tmp_path), metrics(whole), check_exact=True)


def test_seed_decides_the_training(trained, small_model, tmp_path):
    paths, whole = trained
    train(paths, small_model, tmp_path, seed=1, device="cpu")
    assert metrics(tmp_path)["total"].iloc[0] != metrics(whole)["total"].iloc[0]


@pytest.fixture(scope="module")
def adapted_model(small_model):
    """Give two steps of all, four of adapters, and two of the confidence head after them."""
    pretrain, confidence = (
        replace(phase, steps=2, validate_every=2) for phase in small_model.training.phases
    )
    lora = replace(
        pretrain, name="lora", steps=4, parts=("torsion_net", "pairformer", "merger", "diffusion"),
        learning_rate=1e-2, adapter=AdapterSettings(rank=2),
    )  # fmt: skip
    phases = (pretrain, lora, confidence)
    return replace(small_model, training=replace(small_model.training, phases=phases))


@pytest.fixture(scope="module")
def adapted(trained, adapted_model, tmp_path_factory):
    """Train through a phase of adapters; give the folder."""
    folder = tmp_path_factory.mktemp("adapted")
    train(trained[0], adapted_model, folder, seed=0, device="cpu")
    return folder


def test_lora_phase_leaves_its_adapter_its_base_and_plain_weights(adapted, adapted_model):
    weights, model = read_weights(adapted / "model.safetensors")
    base, _ = read_weights(adapted / "base_lora.safetensors")
    assert model == plain(adapted_model)
    assert weights.keys() == base.keys()
    changed = {name for name in base if not torch.equal(weights[name], base[name])}
    assert "diffusion.blocks.0.query.weight" in changed
    assert "diffusion.noise.weight" not in changed
    merged = load_predictor(
        adapted / "base_lora.safetensors", "cpu", adapter=adapted / "adapter_lora.safetensors"
    )
    for name, tensor in merged.network.state_dict().items():
        if not name.startswith("confidence_head"):
            torch.testing.assert_close(tensor, weights[name])


def test_phase_after_a_lora_phase_killed_and_resumed_equals_uninterrupted(
    trained, adapted, adapted_model, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        kill_at(patch, "confidence", 1)
        with pytest.raises(KilledError):
            train(trained[0], adapted_model, tmp_path, seed=0, device="cpu")
    train(trained[0], adapted_model, tmp_path, seed=0, device="cpu")
    pd.testing.assert_frame_equal(metrics(tmp_path), metrics(adapted), check_exact=True)
    for name in ("model", "base_lora", "adapter_lora"):
        ours, theirs = (f / f"{name}.safetensors" for f in (tmp_path, adapted))
        assert ours.read_bytes() == theirs.read_bytes()


def test_resume_points_of_adapters_hold_no_base_and_count_what_trains(
    trained, adapted_model, tmp_path, caplog
):
    phases = adapted_model.training.phases[:2]
    model = replace(adapted_model, training=replace(adapted_model.training, phases=phases))
    with caplog.at_level("INFO"):
        train(trained[0], model, tmp_path, seed=0, device="cpu")
    state = read_checkpoint(tmp_path / "last.ckpt")["state_dict"]
    assert any(".lora_A." in name for name in state)
    assert not any(".base_layer." in name for name in state)
    lines = [line for line in caplog.messages if "trainable" in line]
    assert [line.split(":")[0] for line in lines] == ["pretrain", "lora"]
    assert "(100.0 %)" in lines[0] and "(100.0 %)" not in lines[1]


@pytest.mark.tool
@pytest.mark.slow
def test_lora_phase_on_four_bits_killed_and_resumed_equals_uninterrupted(
    trained, adapted_model, tmp_path, monkeypatch
):
    pytest.importorskip("bitsandbytes")
    phases = [
        phase
        if phase.adapter is None
        else replace(phase, adapter=replace(phase.adapter, quantise="nf4"))
        for phase in adapted_model.training.phases
    ]
    model = replace(adapted_model, training=replace(adapted_model.training, phases=tuple(phases)))
    train(trained[0], model, tmp_path / "whole", seed=0, device="cpu")
    with monkeypatch.context() as patch:
        kill_at(patch, "lora", 3)
        with pytest.raises(KilledError):
            train(trained[0], model, tmp_path / "killed", seed=0, device="cpu")
    train(trained[0], model, tmp_path / "killed", seed=0, device="cpu")
    ours, theirs = (tmp_path / name / "model.safetensors" for name in ("killed", "whole"))
    assert ours.read_bytes() == theirs.read_bytes()


def test_published_encoder_takes_the_place_of_the_torsion_net(
    trained, small_model, published_encoder, tmp_path
):
    phase = replace(small_model.training.phases[0], steps=1, validate_every=1)
    training = replace(
        small_model.training, phases=(phase,), torsion_encoder=str(published_encoder)
    )
    model = replace(small_model, training=training)
    weights = train(trained[0], model, tmp_path, seed=0, device="cpu")
    encoder = read_encoder(published_encoder)
    net = load_predictor(weights, "cpu").network.torsion_net
    assert net.dimensions == encoder.dimensions
    started = encoder.weights["blocks.1.query.weight"]
    moved = (net.blocks[1].query.weight - started).abs().max()
    assert 0 < moved < 2 * phase.learning_rate


def test_test_chain_planted_among_the_copies_is_refused(
    tmp_path, make_chain, make_tables, make_annotations, small_model
):
    chains = [make_chain(f"{k}abc", "GGGAAACCC", k) for k in range(1, 4)]
    parts = dict(zip(("train", "validation", "test"), ([chain] for chain in chains), strict=True))
    paths = make_tables(tmp_path, parts)
    planted = replace(chains[2], chain="A~swap1", parent=chains[2].name, tier="pair_swap")
    files = [tmp_path / f"augmented_{name}" for name in ("angles", "pairs", "probabilities")]
    write_chains([planted], tmp_path / "augmented")
    make_annotations([planted], *files)
    paths = replace(
        paths,
        augmented=tmp_path / "augmented",
        augmented_angles=files[0],
        augmented_probabilities=files[2],
    )
    with pytest.raises(InputError, match="expected 3abc_A in the split 'train', it is in 'test'"):
        train(paths, small_model, tmp_path / "out", seed=0)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("date", "told"), [("2020-01-01", "2020-01-01"), ("", "no date")])
def test_young_and_undated_chains_planted_among_the_training_chains_are_refused(
    tmp_path, make_chain, make_tables, small_model, date, told
):
    dates = ("2010-01-01", date, "2010-01-01")
    chains = [
        replace(make_chain(f"{k}abc", "GGGAAACCC", k), release_date=released)
        for k, released in enumerate(dates, start=1)
    ]
    paths = make_tables(tmp_path, {"train": chains[:2], "validation": chains[2:]})
    with pytest.raises(InputError, match=f"2abc_A: .* before the cut-off 2020-01-01, got {told}"):
        train(paths, small_model, tmp_path / "out", seed=0, cutoff="2020-01-01")
    assert not (tmp_path / "out").exists()


@pytest.fixture
def template_file(trained, tmp_path):
    """Give a function that writes a file that shows all chains one of the training split."""

    def write(source=None, left_out=""):
        paths = trained[0]
        chains = [
            example.chain
            for split in ("train", "validation")
            for example in load_examples(paths, split).examples
        ]
        found = []
        for chain in chains:
            n = len(chain)
            shown = source or next(c.name for c in chains[:4] if c.entry != chain.entry)
            rotation = np.tile(np.eye(3, dtype=np.float32), (1, n, 1, 1))
            frames = Templates(rotation[..., 0], rotation, np.ones((1, n), dtype=bool))
            if chain.name != left_out:
                found.append(Found(chain.name, n, (shown,), frames))
        facts = search_facts(paths.splits, None, "")
        write_chain_templates(tmp_path / "templates", found, facts)
        return replace(paths, templates=tmp_path / "templates"), [chain.name for chain in chains]

    return write


def test_network_learns_from_the_templates_it_is_shown(
    trained, small_model, tmp_path, template_file
):
    phase = replace(small_model.training.phases[0], steps=2, validate_every=2)
    settings = replace(small_model.training, phases=(phase,), workers=1)
    model = replace(small_model, training=settings)
    with_templates, _ = template_file()
    weights = [
        read_weights(train(paths, model, tmp_path / name, seed=0, device="cpu"))[0]
        for name, paths in (("with", with_templates), ("without", trained[0]))
    ]
    changed = {
        name for name, tensor in weights[0].items() if not torch.equal(tensor, weights[1][name])
    }
    assert any(name.startswith("pairformer.templates.") for name in changed)


def test_templates_outside_the_training_split_or_not_searched_for_are_refused(
    small_model, tmp_path, template_file
):
    paths, names = template_file(source="9val_A")
    with pytest.raises(InputError, match="is shown 9val_A, of the split ''"):
        train(paths, small_model, tmp_path / "out", seed=0)
    paths, _ = template_file(source=names[-1])
    with pytest.raises(InputError, match=f"is shown {names[-1]}, of the split 'validation'"):
        train(paths, small_model, tmp_path / "out", seed=0)
    paths, _ = template_file(left_out=names[2])
    with pytest.raises(InputError, match=f"no search for templates of chain {names[2]}"):
        train(paths, small_model, tmp_path / "out", seed=0)
    assert not (tmp_path / "out").exists()


def test_export_holds_weights_in_half_the_bytes_that_predict(trained, root, tmp_path):
    folder = trained[1]
    files = {"--weights": "model.safetensors", "--model": "model.yaml", "--card": "model_card.md"}
    given = [text for option, name in files.items() for text in (option, str(folder / name))]
    runpy.run_path(str(root / "scripts" / "export_weights.py"))["main"](
        [*given, "--out-dir", str(tmp_path / "export")]
    )
    assert sorted(path.name for path in (tmp_path / "export").iterdir()) == sorted(files.values())
    sizes = [(f / "model.safetensors").stat().st_size for f in (tmp_path / "export", folder)]
    assert sizes[0] < 0.65 * sizes[1]
    whole = load_predictor(folder / "model.safetensors", "cpu").network.state_dict()
    half = load_predictor(tmp_path / "export" / "model.safetensors", "cpu").network.state_dict()
    for name, tensor in whole.items():
        torch.testing.assert_close(half[name], tensor, rtol=2**-8, atol=0)


def test_part_that_does_not_exist_is_refused(trained, small_model, tmp_path):
    phase = replace(small_model.training.phases[0], parts=("torso_net",))
    model = replace(small_model, training=replace(small_model.training, phases=(phase,)))
    with pytest.raises(InputError, match="no part torso_net; parts: .*'torsion_net'"):
        train(trained[0], model, tmp_path, seed=0, device="cpu")


def test_no_validation_chain_short_enough_is_refused(trained, small_model, tmp_path):
    model = replace(small_model, training=replace(small_model.training, validation_length=5))
    with pytest.raises(InputError, match="no validation chain of at most 5 nt"):
        train(trained[0], model, tmp_path, seed=0, device="cpu")


def test_training_does_without_the_packages_that_gpu_machines_lack(
    trained, small_model, tmp_path, root
):
    paths, _ = trained
    phase = replace(small_model.training.phases[0], steps=1, validate_every=1)
    model = replace(small_model, training=replace(small_model.training, phases=(phase,)))
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(plain(model)))
    tables = [
        argument
        for name in ("chains", "angles", "pairs", "probabilities", "splits")
        for argument in (f"--{name}", str(getattr(paths, name)))
    ]
    command = [*tables, "--model", str(tmp_path / "model.yaml"), "--out-dir", str(tmp_path / "out")]
    program = (
        "import sys, runpy\n"
        f"for name in {BLOCKED}: sys.modules[name] = None\n"
        f"sys.argv = ['train_model.py', *{command}]\n"
        f"runpy.run_path({str(root / 'scripts' / 'train_model.py')!r}, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "model.safetensors").exists()


def test_checkpoint_that_runs_code_is_refused(tmp_path):
    torch.save({"callbacks": print}, tmp_path / "evil.ckpt")
    with pytest.raises(InputError, match="no checkpoint that can be trusted"):
        read_checkpoint(tmp_path / "evil.ckpt")
