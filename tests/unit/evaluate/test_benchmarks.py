"""Target tables, folders of models, and their scores."""

from dataclasses import replace

import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.evaluate.benchmarks import (
    EXCLUDED,
    FAILED,
    FOREIGN,
    KEYS,
    SCORED,
    list_models,
    read_targets,
    score_target,
    target_fasta,
    write_refusal,
)
from rna_predict.structure.chain import model_chain
from rna_predict.structure.mmcif import write_chain


@pytest.fixture
def native(tmp_path, example_chains):
    """Give a native as a file, and its chain."""
    chain = next(c for c in example_chains if c.name == "1a9n_R")
    path = tmp_path / "natives" / "1a9n_R.cif"
    write_chain(path, chain)
    return path, chain


def table(folder, text):
    """Write a target table."""
    path = folder / "targets.tsv"
    path.write_text(text)
    return path


def test_table_is_read_with_paths_relative_to_it(tmp_path, native):
    (tmp_path / "others").mkdir()
    path = table(
        tmp_path,
        "target\tnative\tsequence\tmodels\tcutoff\n"
        "t1\tnatives/1a9n_R.cif\tGGAA\tothers\t2012-01-01\n"
        "t2\tnatives/1a9n_R.cif\t\t\t\n",
    )
    first, second = read_targets(path)
    assert (first.name, first.sequence, first.cutoff) == ("t1", "GGAA", "2012-01-01")
    assert first.native == native[0]
    assert first.models == tmp_path / "others"
    assert (second.sequence, second.models, second.cutoff) == ("", None, "")


def test_folder_of_puzzles_is_converted(tmp_path, native):
    (tmp_path / "rp99/models").mkdir(parents=True)
    (tmp_path / "rp99/native.pdb").write_text("x")
    table(tmp_path, "puzzle\tpdb_id\ttemplate_cutoff\nrp99\t1abc\t2010-01-01\n")
    (target,) = read_targets(tmp_path)
    assert target.name == "rp99"
    assert target.native == tmp_path / "rp99/native.pdb"
    assert target.models == tmp_path / "rp99/models"
    assert target.cutoff == "2010-01-01"


def test_shared_puzzles_are_a_benchmark(shared_data):
    targets = read_targets(shared_data / "rna_puzzles")
    assert len(targets) == 21
    assert sum(len(list_models(target.models)) for target in targets) == 168


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least one target"),
        ("target\tnative\n../up\tnatives/1a9n_R.cif\n", "row 1: expected a target"),
        ("name\tnative\nt\tnatives/1a9n_R.cif\n", "columns: .'name', 'native'"),
        ("target\tnative\nt\tnone.cif\n", "target t: no .*none.cif"),
        ("target\tnative\tmodels\nt\tnatives/1a9n_R.cif\tnone\n", "target t: no .*none"),
        ("target\tnative\nt\tnatives/1a9n_R.cif\nt\tnatives/1a9n_R.cif\n", "row 2: a second"),
    ],
)
def test_faulty_table_is_refused_with_its_row(tmp_path, native, text, message):
    with pytest.raises(InputError, match=message):
        read_targets(table(tmp_path, text))
    with pytest.raises(InputError, match="expected a table of targets"):
        read_targets(tmp_path / "absent.tsv")


def test_predictors_see_sequences_alone(native, example_chains):
    _, chain = native
    assert target_fasta("t", [chain]) == f">t\n{chain.sequence}\n"
    assert target_fasta("t", [chain], "GGCC") == ">t\nGGCC\n"
    two = target_fasta("t", [chain, chain])
    assert two.count(">t_R") == 2


def test_models_are_listed_by_number_and_nothing_else(tmp_path):
    for name in ("model_10.cif", "model_2.cif", "model_1.pdb.gz", "ranking.tsv", ".x.cif"):
        (tmp_path / name).write_text("")
    assert [path.name for path in list_models(tmp_path)] == [
        "model_1.pdb.gz", "model_2.cif", "model_10.cif",
    ]  # fmt: skip


def test_native_itself_scores_perfectly_and_a_broken_file_fails(tmp_path, native):
    path, chain = native
    write_chain(tmp_path / "models/model_1.cif", chain)
    (tmp_path / "models/model_2.cif").write_text("nothing")
    scores, residues = score_target("a", "t", tmp_path / "models", path)
    assert tuple(scores.columns[:4]) == KEYS
    assert scores["status"].tolist() == [SCORED, FAILED]
    assert scores["rank"].tolist() == [1, 2]
    assert scores["tm_score"][0] == pytest.approx(1.0)
    assert "model_2.cif" in scores["error"][1]
    assert set(residues["model"]) == {"model_1.cif"}
    pool, _ = score_target(FOREIGN, "t", tmp_path / "models", path)
    assert pool["rank"].isna().all()


def test_gap_in_the_numbers_of_the_native_costs_a_prediction_nothing(tmp_path, native):
    _, chain = native
    numbers = chain.auth_numbers + np.where(np.arange(len(chain)) > 18, 11, 0).astype(np.int32)
    write_chain(tmp_path / "gap.cif", replace(chain, auth_numbers=numbers))
    model = model_chain("t", chain.sequence, chain.coords)
    write_chain(tmp_path / "models/model_1.cif", model)
    scores, _ = score_target("a", "t", tmp_path / "models", tmp_path / "gap.cif")
    assert scores["n_common"][0] == len(chain)
    assert scores["tm_score"][0] == pytest.approx(1.0)


def test_refused_target_has_a_row_with_the_reason(tmp_path, native):
    path, chain = native
    write_refusal(tmp_path / "a", FAILED, "longer than\n500 nt")
    scores, residues = score_target("a", "t", tmp_path / "a", path)
    assert scores["status"].tolist() == [FAILED]
    assert scores["error"].tolist() == ["longer than 500 nt"]
    assert scores["n_native"].tolist() == [chain.observed.sum()]
    assert residues.empty
    write_refusal(tmp_path / "b", EXCLUDED, "2 chains")
    assert score_target("b", "t", tmp_path / "b", path)[0]["status"].tolist() == [EXCLUDED]


def test_empty_folder_is_a_failure_of_a_predictor_and_none_of_the_foreign(tmp_path, native):
    (tmp_path / "empty").mkdir()
    scores, _ = score_target("a", "t", tmp_path / "empty", native[0])
    assert scores["status"].tolist() == [FAILED]
    assert "no models" in scores["error"][0]
    scores, _ = score_target(FOREIGN, "t", tmp_path / "empty", native[0])
    assert scores["status"].tolist() == [EXCLUDED]


def test_damaged_refusal_is_an_error(tmp_path, native):
    (tmp_path / "refused.tsv").write_text("status\treason\nperhaps\t\n")
    with pytest.raises(InputError, match="expected one row"):
        score_target("a", "t", tmp_path, native[0])
