from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.report.checks import read_checks
from rna_predict.report.data_figures import (
    circular_mean,
    circular_spread,
    funnel_figure,
    share_between,
)
from rna_predict.report.data_sections import rejected_chains
from rna_predict.report.dataset import read_dataset
from rna_predict.report.split_sections import leak_notice, split_table


@pytest.fixture(scope="module")
def dataset(run_inputs):
    return read_dataset(run_inputs)


def test_a_rejected_chain_counts_once_however_many_models_it_has(dataset):
    assert rejected_chains(dataset) == 3
    twice = pd.concat([dataset.rejected, dataset.rejected])
    assert rejected_chains(replace(dataset, rejected=twice)) == 3


def test_the_funnel_shows_the_steps_that_removed_something(run_inputs, dataset):
    funnel = read_checks(run_inputs, dataset).funnel
    drawing = str(funnel_figure(funnel).drawings[0])
    for name in ("Listed", "Not fetched", "Too short", "Too modified", "Kept"):
        assert f">{name}<" in drawing
    assert "Unreadable" not in drawing
    assert drawing.count("removed</title>") == 5
    assert f">{len(dataset.chains)}</text>" in drawing


def test_checks_of_angles_are_joined_over_shards(run_inputs, dataset):
    angles = read_checks(run_inputs, dataset).angles
    assert (angles["compared"] == 100).all()
    assert angles["max_difference"].to_numpy() == pytest.approx(4e-5)


def test_a_chain_called_na_is_a_chain_not_an_entry(dataset):
    assert "NA" in set(dataset.rejected["chain"])


def test_the_split_table_adds_up(dataset):
    table = split_table(dataset, 1e-3)
    keys = [column.key for column in table.columns]
    residues = [float(row[keys.index("residues")].sort) for row in table.rows]
    assert sum(residues) == dataset.chains["length"].sum()
    assert sum(float(row[keys.index("share")].sort) for row in table.rows) == pytest.approx(100)


def test_weak_hits_are_no_families(dataset):
    table = split_table(dataset, 1e-12)
    column = [c.key for c in table.columns].index("families")
    assert [row[column].text for row in table.rows] == ["0", "0", "0"]


def test_angles_are_degrees_and_undefined_ones_stay_undefined(dataset):
    chi = dataset.angles["chi"]
    assert len(chi) == len(dataset.purine) == dataset.chains["length"].sum()
    assert np.nanmin(chi) >= 0 and np.nanmax(chi) < 360
    assert np.isnan(dataset.angles["alpha"]).sum() >= len(dataset.chains)


def test_circular_statistics():
    assert circular_mean(np.array([350.0, 10.0, np.nan])) % 360 == pytest.approx(0, abs=1e-9)
    assert circular_spread(np.array([40.0, 40.0])) == pytest.approx(0, abs=1e-5)
    assert np.isnan(circular_mean(np.array([np.nan])))
    assert share_between(np.array([10.0, 20.0, np.nan, 200.0]), 0.0, 36.0) == pytest.approx(2 / 3)


def test_a_leak_is_bad_news(dataset):
    assert leak_notice(dataset.leakage).tone == "good"
    leaks = pd.DataFrame({"kind": ["family"]})
    assert leak_notice(leaks).tone == "bad"
    assert "1" in leak_notice(leaks).title


def test_only_the_first_model_of_a_chain_counts(small_run):
    table = pd.read_parquet(small_run.chains)
    second = table.iloc[[0]].assign(model=2)
    pd.concat([second, table]).to_parquet(small_run.chains)
    dataset = read_dataset(small_run)
    assert not dataset.chains["chain_id"].duplicated().any()
    assert (dataset.chains["model"] == 1).all()


def test_tables_that_contradict_each_other_are_refused(small_run, tmp_path):
    splits = pd.read_table(small_run.splits, keep_default_na=False)
    path = tmp_path / "stray.tsv"
    pd.concat([splits, splits.iloc[[0]].assign(chain_id="9xyz_A")]).to_csv(
        path, sep="\t", index=False
    )
    with pytest.raises(InputError, match="chain 9xyz_A is not in"):
        read_dataset(replace(small_run, splits=path))
    pd.concat([splits, splits.iloc[[0]]]).to_csv(path, sep="\t", index=False)
    with pytest.raises(InputError, match="is in two rows"):
        read_dataset(replace(small_run, splits=path))
    angles = pd.read_parquet(small_run.angles)
    angles.at[0, "chi"] = angles.at[0, "chi"][:3]
    angles.to_parquet(small_run.angles)
    with pytest.raises(InputError, match="3 values of chi for"):
        read_dataset(small_run)
