import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.report.targets import C1, canonical_pairs, read_target
from rna_predict.structure.mmcif import read_chains, write_chain


def test_models_lie_on_top_of_the_native(run_inputs):
    target = read_target(run_inputs, "1y26_X")
    for model in target.models:
        apart = model.chain.coords[:, C1] - target.native.coords[:, C1]
        rmsd = np.sqrt((apart**2).sum(-1).mean())
        assert rmsd == pytest.approx(model.values["rmsd_c1"], abs=1e-3)


def test_distances_of_the_table_are_those_of_the_view(run_inputs):
    target = read_target(run_inputs, "1xjr_A")
    model = target.models[2]
    apart = np.linalg.norm(model.chain.coords[:, C1] - target.native.coords[:, C1], axis=-1)
    np.testing.assert_allclose(apart, model.distance, atol=2e-3)


def test_confidences_follow_the_sample_a_model_came_from(run_inputs):
    target = read_target(run_inputs, "1a9n_R")
    record = json.loads((run_inputs.predictions_dir / "1a9n_R/confidence.json").read_text())
    by_number = {sample["model"]: sample for sample in record["models"]}
    assert [model.source for model in target.models] == [5, 4, 3, 2, 1]
    for model in target.models:
        assert model.values["ptm"] == by_number[model.source]["ptm"]
        np.testing.assert_array_equal(model.plddt, by_number[model.source]["plddt_per_residue"])
        assert model.refinement["model"] == model.source


def test_best_is_the_greatest_score_and_the_smallest_distance(run_inputs):
    target = read_target(run_inputs, "1y26_X")
    table = pd.read_table(run_inputs.scores_dir / "1y26_X.tsv")
    assert target.best("tm_score") == pytest.approx(table["tm_score"].max())
    assert target.best("rmsd") == pytest.approx(table["rmsd"].min())
    assert target.best("inf_all") == pytest.approx(table["inf_all"].max())
    assert target.best("no_such_score") is None


def test_canonical_pairs_of_a_trna_fold_back_on_themselves(run_inputs):
    native = read_chains(run_inputs.natives_dir / "1y26_X.cif")[0]
    pairs = canonical_pairs(native)
    assert len(pairs) > 15
    assert {native.sequence[i] + native.sequence[j] for i, j in pairs} <= {
        "AU", "UA", "GC", "CG", "GU", "UG",
    }  # fmt: skip


def test_only_probable_pairs_are_folded(run_inputs):
    assert read_target(run_inputs, "1xjr_A").folded_pairs == {(0, 46)}
    without = replace(run_inputs, probabilities=None)
    assert read_target(without, "1xjr_A").folded_pairs is None


def test_a_target_without_a_native_has_no_accuracy(small_run):
    (small_run.natives_dir / "1a9n_R.cif").unlink()
    (small_run.scores_dir / "1a9n_R.tsv").unlink()
    target = read_target(small_run, "1a9n_R")
    assert target.native is None and target.best("tm_score") is None
    assert np.isnan(target.models[0].lddt).all()
    assert target.models[0].values["plddt"] > 0


def test_missing_files_are_named(small_run):
    (small_run.scores_dir / "1a9n_R.residues.tsv").unlink()
    with pytest.raises(InputError, match=r"1a9n_R\.residues\.tsv: no such file; expected scores"):
        read_target(small_run, "1a9n_R")
    (small_run.predictions_dir / "1a9n_R/confidence.json").unlink()
    with pytest.raises(InputError, match=r"confidence\.json: no such file; expected confidences"):
        read_target(small_run, "1a9n_R")
    (small_run.ranked_dir / "1a9n_R/ranking.tsv").unlink()
    with pytest.raises(InputError, match=r"ranking\.tsv: no such file; expected the ranking"):
        read_target(small_run, "1a9n_R")


def test_files_that_do_not_fit_each_other_are_refused(small_run, example_chains):
    other = next(chain for chain in example_chains if chain.name == "1xjr_A")
    path = small_run.natives_dir / "1a9n_R.cif"
    write_chain(path, other)
    with pytest.raises(InputError, match=r"1a9n_R\.cif: 47 residues, but the models have 24"):
        read_target(small_run, "1a9n_R")


def test_confidences_of_another_length_are_refused(small_run):
    path = small_run.predictions_dir / "1a9n_R/confidence.json"
    record = json.loads(path.read_text())
    record["models"][0]["pae"] = [[1.0]]
    path.write_text(json.dumps(record))
    with pytest.raises(InputError, match=r"model 5: pae has shape \(1, 1\), expected \(24, 24\)"):
        read_target(small_run, "1a9n_R")


@pytest.mark.parametrize("name", ["../1a9n_R", "a/b", "..", ""])
def test_target_names_cannot_leave_their_folder(run_inputs, name):
    with pytest.raises(InputError, match="not the name of a folder"):
        replace(run_inputs, targets=(name,))
