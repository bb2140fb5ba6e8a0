"""The workflow as a user runs it: it finishes, it stands still, it says no, it comes back."""

import os
import shutil
import signal
import sys
import time

import pandas as pd
import pytest


def test_example_goes_through_every_stage(finished):
    results = finished.folder / "results"
    chains = pd.read_parquet(results / "structures/chains.parquet")
    assert len(chains) > 15
    assert set(pd.read_table(results / "splits/splits.tsv")["split"]) == {
        "train", "validation", "test",
    }  # fmt: skip
    assert pd.read_table(results / "splits/leakage.tsv").empty
    augmented = pd.read_parquet(results / "augment/augmented.parquet")
    assert set(augmented["tier"]) == {"coordinates", "pair_swap", "loop", "homolog"}
    for target in ("1y26_X",):
        ranking = pd.read_table(results / f"ranked/test/{target}/ranking.tsv")
        scores = pd.read_table(results / f"scores/test/{target}.tsv")
        assert len(ranking) == len(scores) == 2
        assert (
            scores[["tm_score", "lddt", "rmsd", "clash_score", "inf_all", "mcq"]]
            .notna()
            .all(axis=None)
        )
        assert scores["error"].isna().all()
    assert (results / "report/index.html").stat().st_size > 100_000


def test_held_out_targets_are_in_test(finished):
    splits = pd.read_table(finished.folder / "results/splits/splits.tsv").set_index("chain_id")
    fasta = (finished.folder / "config/example/targets.fasta").read_text()
    targets = [line[1:].split()[0] for line in fasta.splitlines() if line.startswith(">")]
    assert len(targets) == 3
    assert (splits.loc[targets, "split"] == "test").all()


def test_second_run_has_nothing_to_do(finished):
    done = finished.run()
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout


def test_command_folds_with_the_weights_of_the_run(finished, tmp_path):
    (tmp_path / "in.fasta").write_text(">my/rna first\nGGGAAACCC\n>short\nGC\n")
    command = [sys.executable, "-m", "rna_predict.cli", "fold", str(tmp_path / "in.fasta")]
    command += ["--out", str(tmp_path / "out"), "--models", "2", "--no-minimize"]
    command += ["--no-templates"]
    done = finished.call(*command)
    assert done.returncode == 1, done.stdout
    assert "short\trefused\tsequence short: expected 5 to 500 nt, got 2" in done.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["my_rna"]
    assert {path.name for path in (tmp_path / "out/my_rna").iterdir()} == {
        "model_1.cif", "model_2.cif", "ranking.tsv", "confidence.json",
    }  # fmt: skip
    assert "my/rna\tunchanged" in finished.call(*command).stdout


def test_command_folds_on_the_library_of_the_run_and_says_how_small_it_is(finished, tmp_path):
    (tmp_path / "in.fasta").write_text(">hairpin\nGGGAUGAAGCGCGAAAGCGCUUCAUCCC\n")
    command = [sys.executable, "-m", "rna_predict.cli", "fold", str(tmp_path / "in.fasta")]
    command += ["--out", str(tmp_path / "out"), "--models", "1", "--no-minimize"]
    done = finished.call(*command)
    assert done.returncode == 0, done.stdout
    assert "only the embedded example" in done.stdout
    table = (tmp_path / "out/hairpin/templates.tsv").read_text().splitlines()
    assert table[0].split("\t")[:2] == ["model", "template"] and len(table) > 1


def test_snakemake_makes_its_own_report_offline(finished, tmp_path):
    done = finished.run("--report", str(tmp_path / "report.html"))
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "report.html").stat().st_size > 100_000


@pytest.mark.parametrize("fault", ["sede=1", "splits={tran: 0.5}"])
def test_misspelt_key_stops_before_any_job(checkout, fault):
    done = checkout.run("--config", fault)
    assert done.returncode != 0
    assert f"{fault.split('=')[0]}" in done.stdout
    assert "unknown key" in done.stdout
    assert not (checkout.folder / "results/raw").exists()


def test_edit_reruns_what_depends_on_it_and_no_more(finished, tmp_path):
    workflow = finished.copy(tmp_path / "edited")
    assert workflow.planned() == set()

    script = workflow.folder / "scripts/rank_models.py"
    text = script.read_text()
    script.touch()
    assert workflow.planned() == set(), "a new date alone is no change"
    script.write_text(text.replace("Run the command line", "Run it"))
    assert workflow.planned() >= {"rank_models", "score_models", "build_report"}
    script.write_text(text)

    for module, downstream, untouched in [
        ("report/render.py", {"build_report"}, {"score_models", "train_model"}),
        (
            "refine/minimize.py",
            {"minimize_models", "rank_models", "score_models", "build_report"},
            {"train_model", "predict_models", "split_chains"},
        ),
        ("augment/pair_swap.py", {"augment_chains", "train_model"}, {"parse_structures"}),
    ]:
        path = workflow.folder / "rna_predict" / module
        text = path.read_text()
        path.write_text(text + "\n# a comment\n")
        assert workflow.planned() == set(), f"a comment in {module} is no change"
        path.write_text(text + "\n_EDITED = True\n")
        planned = workflow.planned()
        assert planned >= downstream, module
        assert not planned & untouched, module
        path.write_text(text)


def test_bad_entries_are_rejected_with_a_reason_and_the_rest_goes_on(checkout, tmp_path):
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    example = checkout.folder / "config/example/pdb"
    for entry in ("1ehz", "1q9a"):
        shutil.copy(example / f"{entry}.cif.gz", mirror)
    whole = (example / "1y26.cif.gz").read_bytes()
    (mirror / "1y26.cif.gz").write_bytes(whole[: len(whole) // 2])
    workflow = checkout.copy(tmp_path / "copy")
    (tmp_path / "mirror.yaml").write_text(
        "entries: {ids: [1ehz, 1q9a, 1y26, 9zzz], file: null, "
        f"source: '{mirror}/{{id}}.cif.gz'}}\n"
    )
    done = workflow.run(
        "results/structures/chains.parquet",
        "results/structures/rejected.tsv",
        "--configfile",
        "config/test.yaml",
        str(tmp_path / "mirror.yaml"),
    )
    assert done.returncode == 0, done.stdout
    kept = pd.read_parquet(workflow.folder / "results/structures/chains.parquet")
    assert set(kept["entry"]) == {"1ehz", "1q9a"}
    rejected = pd.read_table(workflow.folder / "results/structures/rejected.tsv")
    assert set(rejected["entry"]) >= {"1y26", "9zzz"}
    assert rejected["reason"].notna().all()
    assert rejected["detail"].notna().all()


def test_killed_run_resumes(finished, tmp_path):
    workflow = finished.copy(tmp_path / "killed")
    results = workflow.folder / "results"
    before = (results / "models/test/model.safetensors").read_bytes()
    shutil.rmtree(results / "models")
    process = workflow.start("model")
    log = results / "logs/train_model/test.log"
    stamp = time.time()
    deadline = stamp + 120
    while not list(results.glob("models/test/resume/*/last.ckpt")):
        assert time.time() < deadline and process.poll() is None, log.read_text()
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (results / "models/test/model.safetensors").exists()

    assert workflow.run("--unlock").returncode == 0
    done = workflow.run("model")
    assert done.returncode == 0, done.stdout
    assert "resumed" in log.read_text()
    assert (results / "models/test/model.safetensors").read_bytes() == before
    assert (results / "structures/chains.parquet").stat().st_mtime < stamp
