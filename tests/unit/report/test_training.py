import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.report.run import read_times, read_weights
from rna_predict.report.training import read_training
from rna_predict.report.training_figures import MOST_POINTS, training_figures


def test_steps_run_on_through_the_phases(run_inputs):
    log = read_training(run_inputs)
    assert [(phase.name, phase.start) for phase in log.phases] == [
        ("pretrain", 0), ("confidence", 600),
    ]  # fmt: skip
    assert log.steps == 800
    assert log.train["step"].is_monotonic_increasing


def test_shares_of_the_weighted_terms_add_up_to_one(run_inputs):
    log = read_training(run_inputs)
    shares = log.shares()
    assert set(shares) == {"diffusion", "smooth_lddt", "torsion", "distogram", "plddt"}
    np.testing.assert_allclose(sum(shares.values()), 1)
    row = log.train.iloc[0]
    whole = row["total"]
    assert shares["diffusion"][0] == pytest.approx(4 * row["diffusion"] / whole)


def test_the_validation_at_the_chosen_weights_is_found(run_inputs):
    log = read_training(run_inputs)
    assert log.validated("confidence", 200, "lddt") == pytest.approx(0.55)
    assert log.validated("pretrain", 100, "lddt") == pytest.approx(0.3)
    assert log.validated("pretrain", 37, "lddt") is None


def test_long_logs_are_averaged_and_the_caption_says_so(run_inputs, tmp_path):
    from dataclasses import replace

    steps = np.arange(1, 2001)
    rows = {"phase": "pretrain", "step": steps, "kind": "train", "total": 1.0}
    rows |= {"diffusion": 2.0, "diffusion_weighted": 8.0}
    pd.DataFrame(rows).to_csv(tmp_path / "metrics.csv", index=False)
    log = read_training(replace(run_inputs, metrics=tmp_path / "metrics.csv"))
    figures = training_figures(log)
    assert [figure.title for figure in figures] == ["Loss terms", "Weighted shares"]
    assert "Means of 9 logged steps each" in figures[0].caption
    assert len(steps) / 9 <= MOST_POINTS


def test_a_phase_unknown_to_the_model_file_is_refused(small_run):
    table = pd.read_csv(small_run.metrics)
    table["phase"] = "lora"
    table.to_csv(small_run.metrics, index=False)
    with pytest.raises(InputError, match="phase 'lora' is not in"):
        read_training(small_run)


def test_weights_tell_their_size_without_being_loaded(run_inputs):
    weights = read_weights(run_inputs.weights)
    assert weights.parameters == 300 * 40 + 400
    assert weights.facts["phase"] == "confidence"


@pytest.mark.parametrize("content", [b"", b"\xff" * 20, b"\x02\x00\x00\x00\x00\x00\x00\x00[]"])
def test_what_is_no_safetensors_is_refused(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match="expected weights as safetensors"):
        read_weights(path)


def test_times_are_summed_by_rule_and_unmeasured_memory_is_undefined(run_inputs):
    times = read_times(run_inputs.benchmarks_dir)
    assert times["rule"].tolist() == ["train_model", "build", "fetch"]
    assert times["seconds"].tolist() == [321.4, 2.5, 0.4]
    assert np.isnan(times["memory"].iloc[2])


def test_a_missing_folder_of_times_is_named(tmp_path):
    with pytest.raises(InputError, match="expected snakemake's benchmark files"):
        read_times(tmp_path / "absent")


def test_three_levels_of_validation_are_drawn_with_what_their_means_are_of(run_inputs, tmp_path):
    from dataclasses import replace

    rows = [
        {
            "phase": "pretrain", "step": step, "kind": "validation", "mcq": mcq, "lddt": 0.4,
            "lddt_stem": 0.5, "lddt_loop": 0.3, "lddt_strand": 0.2, "lddt_loop_judged": 30.0,
            "rmsd_residue_stem": 5.0, "pair_f1": 0.6, "pair_sensitivity": 0.5,
            "bond_outliers": 0.2, "angle_outliers": 0.1, "clashes": 80.0, "chirality_errors": 3.0,
            "judged": 40.0,
        }
        for step, mcq in ((100, 17.0), (200, 15.5), (300, 16.0))
    ]  # fmt: skip
    rows.append({"phase": "pretrain", "step": 1, "kind": "train", "total": 1.0})
    pd.DataFrame(rows).to_csv(tmp_path / "metrics.csv", index=False)
    log = read_training(replace(run_inputs, metrics=tmp_path / "metrics.csv"))
    assert log.best("mcq", least=True) == (200, 15.5)
    figures = {figure.title: figure for figure in training_figures(log)}
    assert set(figures) == {
        "Validation", "Predicted torsions", "Residues: lDDT", "Residues: RMSD", "Base pairs",
        "Bonds and angles", "Clashes", "Chirality",
    }  # fmt: skip
    assert "Means over 40 results" in figures["Base pairs"].caption
    assert "(loops 30)" in figures["Residues: lDDT"].caption
    assert "Least MCQ 15.50 at step 200" in figures["Predicted torsions"].caption


def test_measures_of_one_phase_are_not_drawn_for_another(run_inputs, tmp_path):
    from dataclasses import replace

    rows = [
        {"phase": "pretrain", "step": 100, "kind": "validation", "mcq": 16.0, "judged": 5.0},
        {"phase": "pretrain", "step": 200, "kind": "validation", "mcq": 15.0, "judged": 5.0},
        {"phase": "confidence", "step": 50, "kind": "validation", "lddt": 0.5, "judged": 10.0},
        {"phase": "confidence", "step": 1, "kind": "train", "total": 1.0},
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "metrics.csv", index=False)
    log = read_training(replace(run_inputs, metrics=tmp_path / "metrics.csv"))
    figures = {figure.title: figure for figure in training_figures(log)}
    assert "5 results of the validation chains at 2 points" in figures["Predicted torsions"].caption
    assert "10 results of the validation chains at 1 points" in figures["Validation"].caption
