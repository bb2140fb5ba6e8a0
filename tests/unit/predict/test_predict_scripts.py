"""The scripts of prediction and ranking, over files."""

import json
import runpy

import pandas as pd
import pytest

from rna_predict.structure.mmcif import read_chains


@pytest.fixture
def script(root):
    return lambda name: runpy.run_path(str(root / "scripts" / name))["main"]


def test_models_are_predicted_minimised_elsewhere_and_ranked(trained, script, tmp_path):
    folder = trained[1]
    (tmp_path / "targets.fasta").write_text(">one\nGGACC\n>two\nGGCGAAAGCC\n")
    arguments = ["--weights", folder / "model.safetensors", "--model", folder / "model.yaml"]
    arguments += ["--targets", tmp_path / "targets.fasta", "--target", "two", "--models", "2"]
    arguments += ["--seed", "3", "--device", "cpu", "--out-dir", tmp_path / "predicted"]
    script("predict_models.py")([str(argument) for argument in arguments])

    record = json.loads((tmp_path / "predicted" / "confidence.json").read_text())
    assert set(record) == {"target", "sequence", "seed", "weights_sha256", "models"}
    assert (record["target"], record["sequence"], record["seed"]) == ("two", "GGCGAAAGCC", 3)
    assert [entry["model"] for entry in record["models"]] == [1, 2]
    models = [tmp_path / "predicted" / f"model_{k}.cif" for k in (1, 2)]
    assert all(read_chains(path)[0].sequence == "GGCGAAAGCC" for path in models)

    pairs = pd.DataFrame({"chain_id": ["two", "one"], "i": [0, 0], "j": [9, 4], "probability": 1.0})
    pairs.astype({"probability": "float32"}).to_parquet(tmp_path / "consensus")
    pd.DataFrame({"chain_id": ["two"], "row": ["GG-GAAAC-C"]}).to_parquet(tmp_path / "homologs")
    informed = [*arguments[:-1], tmp_path / "informed", "--consensus", tmp_path / "consensus"]
    informed += ["--homologs", tmp_path / "homologs"]
    script("predict_models.py")([str(argument) for argument in informed])
    assert (tmp_path / "informed" / "model_1.cif").read_text() != models[0].read_text()

    energies = {"model": [1, 2], "kept": True}
    energies |= {f"energy_{when}": -1.0 for when in ("before", "after")}
    energies |= {"clashes_before": 0.0, "clashes_after": [50.0, 0.0]}
    pd.DataFrame(energies).to_csv(tmp_path / "energies.tsv", sep="\t", index=False)
    arguments = ["--models", *models, "--confidence", tmp_path / "predicted" / "confidence.json"]
    arguments += ["--energies", tmp_path / "energies.tsv", "--out-dir", tmp_path / "ranked"]
    script("rank_models.py")([str(argument) for argument in arguments])
    table = pd.read_csv(tmp_path / "ranked" / "ranking.tsv", sep="\t")
    assert table["rank"].tolist() == [1, 2]
    assert (tmp_path / "ranked" / "model_2.cif").exists()


def test_target_that_is_not_there_is_named(trained, script, tmp_path, capsys):
    folder = trained[1]
    (tmp_path / "targets.fasta").write_text(">one\nGGACC\n")
    arguments = ["--weights", folder / "model.safetensors", "--model", folder / "model.yaml"]
    arguments += ["--targets", tmp_path / "targets.fasta", "--target", "two", "--out-dir", tmp_path]
    with pytest.raises(SystemExit):
        script("predict_models.py")([str(argument) for argument in arguments])
    assert "no record two; records: ['one']" in capsys.readouterr().err
