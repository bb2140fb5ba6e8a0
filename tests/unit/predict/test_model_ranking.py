"""Ranking of models."""

import json

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.predict.ranking import rank_models, rank_table, ranking_score, write_ranking
from rna_predict.structure.mmcif import read_chains, write_chain

SEQUENCE = "GGAUC"


def test_score_is_the_mean_of_plddt_and_ptm_less_clashes():
    assert ranking_score(80.0, 0.4, 0.0) == pytest.approx(0.6)
    assert ranking_score(80.0, 0.4, 50.0) == pytest.approx(0.55)
    assert ranking_score(80.0, 0.4, 1e6) == pytest.approx(0.5)


def fact(number, plddt, clashes=0.0):
    return {
        "source_model": number,
        "plddt": plddt,
        "ptm": 0.5,
        "clashes": clashes,
        "energy": float("nan"),
        "minimised": False,
    }


def test_best_comes_first_and_equals_keep_their_order():
    table = rank_table([fact(1, 60.0), fact(2, 70.0), fact(3, 60.0), fact(4, 70.0, clashes=90.0)])
    assert table["source_model"].tolist() == [2, 1, 3, 4]
    assert table["rank"].tolist() == [1, 2, 3, 4]
    assert table["score"].is_monotonic_decreasing


@pytest.fixture
def refined(tmp_path, make_chain):
    models = []
    for number in (1, 2, 3):
        path = tmp_path / f"model_{number}.cif"
        write_chain(path, make_chain("target", SEQUENCE, number))
        models.append(path)
    entries = [
        {"model": k, "plddt": 50.0 + k, "ptm": 0.3, "plddt_per_residue": [50.0 + k] * 5, "pae": []}
        for k in (1, 2, 3)
    ]
    (tmp_path / "confidence.json").write_text(json.dumps({"models": entries}))
    table = pd.DataFrame(
        {
            "model": [3, 2, 1],
            "kept": [False, True, True],
            "reason": ["clashes", "", ""],
            "energy_before": [9.0, 8.0, 7.0],
            "energy_after": [-9.0, -8.0, -7.0],
            "clashes_before": [90.0, 80.0, 70.0],
            "clashes_after": [0.0, 10.0, 0.0],
        }
    )
    table.to_csv(tmp_path / "energies.tsv", sep="\t", index=False)
    return models, tmp_path / "confidence.json", tmp_path / "energies.tsv"


def test_clashes_and_energy_are_those_of_the_structure_that_was_kept(refined):
    table, _ = rank_models(*refined)
    table = table.set_index("source_model")
    assert table["clashes"].to_dict() == {1: 0.0, 2: 10.0, 3: 90.0}
    assert table["energy"].to_dict() == {1: -7.0, 2: -8.0, 3: 9.0}
    assert table["minimised"].to_dict() == {1: True, 2: True, 3: False}
    assert table.index.tolist() == [2, 1, 3] if table["score"][2] > table["score"][1] else [1, 2, 3]


def test_ranked_models_are_written_with_their_confidence(refined, tmp_path):
    table, ranked = rank_models(*refined)
    write_ranking(tmp_path / "ranked", table, ranked)
    written = pd.read_csv(tmp_path / "ranked" / "ranking.tsv", sep="\t")
    assert list(written.columns) == [
        "rank", "source_model", "score", "plddt", "ptm", "clashes", "energy", "minimised",
    ]  # fmt: skip
    for rank, source in zip(written["rank"], written["source_model"], strict=True):
        path = tmp_path / "ranked" / f"model_{rank}.cif"
        (chain,) = read_chains(path)
        (original,) = read_chains(refined[0][source - 1])
        np.testing.assert_array_equal(chain.coords, original.coords)
        assert f" {50 + source}.00 " in path.read_text() or f" {50 + source} " in path.read_text()


def test_files_of_different_models_are_refused(refined):
    models, confidence, energies = refined
    with pytest.raises(InputError, match=r"confidence.json: expected models 1 to 2, got \[1, 2, 3"):
        rank_models(models[:2], confidence, energies)


@pytest.mark.parametrize("name", ["plddt", "ptm"])
def test_models_without_a_confidence_are_refused(refined, name):
    record = json.loads(refined[1].read_text())
    record["models"][1][name] = float("nan")
    refined[1].write_text(json.dumps(record))
    with pytest.raises(InputError, match="model 2: pLDDT, pTM or clashes not finite"):
        rank_models(*refined)


def test_no_interface_score_enters(refined):
    """An ipTM of a single chain is 0 and would halve every score."""
    before, _ = rank_models(*refined)
    record = json.loads(refined[1].read_text())
    record["models"] = [entry | {"iptm": 0.0} for entry in record["models"]]
    refined[1].write_text(json.dumps(record))
    pd.testing.assert_frame_equal(rank_models(*refined)[0], before)


def test_energies_without_a_column_are_refused(refined):
    table = pd.read_csv(refined[2], sep="\t").drop(columns="kept")
    table.to_csv(refined[2], sep="\t", index=False)
    with pytest.raises(InputError, match="no column kept"):
        rank_models(*refined)


def test_models_of_another_length_are_refused(refined, make_chain):
    write_chain(refined[0][1], make_chain("target", "GGAUCC", 0))
    with pytest.raises(InputError, match="6 residues, but 5"):
        rank_models(*refined)
