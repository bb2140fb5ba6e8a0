"""The benchmark with baselines: planned as configured, and run to the end."""

import pandas as pd
import pytest
import yaml

BENCHMARK = ("--configfile", "config/test.yaml", "config/gnn.yaml", "--", "benchmark")


def small_baseline() -> dict:
    """Give the model file of a graph network that trains for seconds."""
    losses = {"kinematics_fape": 0.0, "torsion_likelihood": 0.0}
    phase = {
        "parts": ["tracks", "distogram_head", "contact_head", "structure"], "terms": "structure",
        "steps": 4, "validate_every": 2, "select": "lddt", "batch": 1, "crop": 32,
        "noised_copies": 2, "learning_rate": 1e-3, "warmup_steps": 1, "final_rate": 0.1,
        "ema_decay": 0.9, "clip": 10.0, "losses": losses, "name": "pretrain",
    }  # fmt: skip
    confidence = {
        **phase, "name": "confidence", "parts": ["confidence_head"], "terms": "confidence",
        "select": "plddt_error",
    }  # fmt: skip
    return {
        "dimensions": {
            "architecture": "gnn", "single": 16, "pair": 8, "pairformer_blocks": 0, "triangle": 8,
            "pairformer_heads": 2, "triangle_heads": 1, "regressor_blocks": 1,
            "regressor_vectors": 4, "distogram_bins": 16,
        },
        "training": {
            "phases": [phase, confidence], "recycles": 0, "noise_mean": -1.2, "noise_std": 1.5,
            "copied": 0.2, "validation_chains": 2, "validation_length": 80,
            "validation_samples": 1, "rollout": {}, "log_every": 2, "workers": 0,
            "diagnostics": {"every": 6, "collapse": None},
        },
        "sampling": {},
    }  # fmt: skip


@pytest.fixture
def configured():
    """Give a function that adds a small baseline to the configuration of a working copy."""

    def configure(workflow):
        folder = workflow.folder / "config"
        (folder / "small_gnn.yaml").write_text(yaml.safe_dump(small_baseline()))
        sections = {
            "training": {"baselines": {"gnn": "config/small_gnn.yaml"}},
            "benchmark": {"predictors": ["network", "null_model", "gnn"], "bootstrap": 20},
        }
        (folder / "gnn.yaml").write_text(yaml.safe_dump(sections))
        return workflow

    return configure


def test_a_baseline_is_trained_only_where_a_predictor_names_it(checkout, tmp_path, configured):
    workflow = configured(checkout.copy(tmp_path / "planned"))
    plain = workflow.run("--dry-run", "--quiet", "host", "--", "benchmark")
    assert plain.returncode == 0, plain.stdout
    assert "models/test_gnn" not in plain.stdout
    done = workflow.run("--dry-run", "--quiet", "host", *BENCHMARK)
    assert done.returncode == 0, done.stdout
    for file in (
        "results/models/test_gnn/model.safetensors",
        "results/models/test/model.safetensors",
        "results/benchmark/own/models/gnn/1y26_X",
        "results/benchmark/own/models/null_model/1y26_X",
        "results/benchmark/own/scores/gnn/1y26_X.tsv",
    ):
        assert file in done.stdout, file


def test_an_unknown_predictor_stops_before_any_job(checkout):
    done = checkout.run("--dry-run", "--config", "benchmark={predictors: [egnn]}", "--", "all")
    assert done.returncode != 0
    assert "expected some of network, gnn, ipa, null_model, templates, got egnn" in done.stdout


@pytest.mark.slow
def test_a_baseline_is_trained_and_scored_beside_the_others(finished, tmp_path, configured):
    workflow = configured(finished.copy(tmp_path / "run"))
    done = workflow.run(*BENCHMARK)
    assert done.returncode == 0, done.stdout[-6000:]
    results = workflow.folder / "results"
    summary = pd.read_csv(results / "benchmark/own/summary.csv")
    assert set(summary["predictor"]) == {"network", "null_model", "gnn"}
    scores = pd.read_table(results / "benchmark/own/scores/gnn/1y26_X.tsv")
    assert (scores["status"] == "scored").all()
    command = [
        "python",
        "-c",
        "from rna_predict.predict.weights import find_weights as f; print(f())",
    ]
    assert workflow.call(*command).stdout.strip().endswith("models/test/model.safetensors")
