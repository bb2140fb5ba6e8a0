from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.report.data_figures import circular_mean, circular_spread, share_between
from rna_predict.report.data_sections import funnel_steps, leak_notice, split_table
from rna_predict.report.dataset import read_dataset


@pytest.fixture(scope="module")
def dataset(run_inputs):
    return read_dataset(run_inputs)


def test_every_step_of_the_funnel_counts_what_the_tables_hold(dataset, example_chains):
    counts = {name: count for name, count, _ in funnel_steps(dataset)}
    kept = len({chain.name for chain in example_chains})
    assert counts["Chains kept"] == kept
    assert counts["Chains found"] == kept + 3
    assert counts["Entries listed"] == counts["Entries fetched"] + 1
    sides = [counts[f"{side} chains"] for side in ("Training", "Validation", "Test")]
    assert sum(sides) == kept
    assert counts["Augmented copies"] == 17


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
