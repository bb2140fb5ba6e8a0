"""What a benchmark's numbers count: failures, pools, ranks, pairs, bins and families."""

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.evaluate.benchmark_summary import (
    compare,
    family_status,
    length_bins,
    summarise,
    target_values,
)


def scored(predictor, target, values, length=60):
    """Make the rows of ranked models from their TM-scores; RMSD is 10 (1 - TM)."""
    return [
        {"predictor": predictor, "target": target, "rank": k, "status": "scored", "model": f"m{k}",
         "n_native": length, "tm_score": tm, "rmsd": 10 * (1 - tm), "error": ""}
        for k, tm in enumerate(values, start=1)
    ]  # fmt: skip


def absent(predictor, target, status="failed", length=60):
    """Make the row of a target without models."""
    return [
        {"predictor": predictor, "target": target, "rank": 1, "status": status, "model": "",
         "n_native": length, "tm_score": np.nan, "rmsd": np.nan, "error": "refused"}
    ]  # fmt: skip


def value(values, predictor, target, statistic, metric):
    """Look one value up."""
    row = values[
        (values["predictor"] == predictor)
        & (values["target"] == target)
        & (values["statistic"] == statistic)
    ]
    return row[metric].item()


def test_first_and_best_of_five_look_at_the_ranks():
    rows = scored("a", "t", [0.4, 0.3, 0.6, 0.1, 0.2, 0.9])
    values = target_values(pd.DataFrame(rows[::-1]))
    assert value(values, "a", "t", "first", "tm_score") == 0.4
    assert value(values, "a", "t", "best", "tm_score") == 0.6  # the sixth is out
    assert value(values, "a", "t", "best", "rmsd") == pytest.approx(4.0)  # lower is better


def test_a_failed_target_counts_as_zero_and_an_excluded_one_not_at_all():
    rows = scored("a", "t", [0.6]) + absent("a", "u") + absent("a", "v", "excluded")
    values = target_values(pd.DataFrame(rows))
    assert set(values["target"]) == {"t", "u"}
    assert value(values, "a", "u", "first", "tm_score") == 0.0
    assert np.isnan(value(values, "a", "u", "first", "rmsd"))
    table = summarise(values, 100, 0).set_index(["statistic", "metric"])
    row = table.loc["first", "tm_score"]
    assert (row["n_targets"], row["n_failed"], row["n_values"]) == (2, 1, 2)
    assert row["mean"] == pytest.approx(0.3)
    assert table.loc[("first", "rmsd"), "n_values"] == 1


def test_a_first_model_that_cannot_be_scored_fails_for_first_only():
    rows = scored("a", "t", [0.6, 0.5])
    rows[0] |= {"status": "failed", "tm_score": np.nan}
    values = target_values(pd.DataFrame(rows))
    assert value(values, "a", "t", "first", "tm_score") == 0.0
    assert value(values, "a", "t", "best", "tm_score") == 0.5


def test_a_pool_has_no_first_and_all_of_it_counts():
    rows = [row | {"rank": None} for row in scored("foreign", "t", [0.1] * 7 + [0.8])]
    values = target_values(pd.DataFrame(rows))
    assert values["statistic"].tolist() == ["best"]
    assert values["tm_score"].item() == 0.8


def test_columns_that_are_absent_or_empty_are_left_out():
    rows = [row | {"inf_all": np.nan} for row in scored("a", "t", [0.5])]
    assert set(summarise(target_values(pd.DataFrame(rows)), 10, 0)["metric"]) == {
        "tm_score", "rmsd",
    }  # fmt: skip
    with pytest.raises(InputError, match="status"):
        target_values(pd.DataFrame(rows).drop(columns="status"))


def test_comparison_is_over_shared_targets_and_counts_wins():
    rows = []
    for k in range(8):
        rows += scored("good", f"t{k}", [0.5 + 0.01 * k])
        rows += scored("bad", f"t{k}", [0.3 + 0.01 * k])
    rows += scored("good", "alone", [0.0])
    table = compare(target_values(pd.DataFrame(rows)), 500, 0)
    row = table[(table["statistic"] == "first") & (table["metric"] == "tm_score")].iloc[0]
    assert (row["first"], row["second"], row["n_targets"]) == ("good", "bad", 8)
    assert row["difference"] == pytest.approx(0.2)
    assert row["low"] > 0
    assert (row["wins"], row["ties"], row["losses"]) == (8, 0, 0)
    rmsd = table[(table["statistic"] == "first") & (table["metric"] == "rmsd")].iloc[0]
    assert rmsd["difference"] == pytest.approx(-2.0)
    assert rmsd["wins"] == 8  # lower RMSD wins


def test_failing_loses_also_where_there_is_no_worst_value():
    rows = scored("a", "t", [0.5]) + absent("b", "t")
    rows += absent("a", "u") + absent("b", "u")
    rows += scored("a", "v", [0.5]) + scored("b", "v", [0.502])
    table = compare(target_values(pd.DataFrame(rows)), 50, 0).set_index(["statistic", "metric"])
    for metric in ("tm_score", "rmsd"):
        row = table.loc["first", metric]
        assert (row["wins"], row["ties"], row["losses"]) == (1, 2, 0)
    assert table.loc[("first", "rmsd"), "n_values"] == 1


def test_means_are_the_same_for_the_same_seed_and_grouped_as_asked():
    rows = scored("a", "t", [0.5], 30) + scored("a", "u", [0.7], 150) + scored("a", "v", [0.9], 150)
    values = target_values(pd.DataFrame(rows))
    values["length_bin"] = length_bins(values["length"])
    table = summarise(values, 50, 0, ["length_bin"])
    pd.testing.assert_frame_equal(table, summarise(values, 50, 0, ["length_bin"]))
    first = table[(table["statistic"] == "first") & (table["metric"] == "tm_score")]
    assert first.set_index("length_bin")["mean"].to_dict() == {
        "0-39": 0.5, "120-199": pytest.approx(0.8),
    }  # fmt: skip


def test_length_bins_are_closed_below():
    bins = length_bins(pd.Series([39, 40, 199, 200, 5000]))
    assert bins.tolist() == ["0-39", "40-79", "120-199", "200+", "200+"]


def test_families_are_known_by_a_hit_that_is_strong_enough():
    hits = pd.DataFrame({"target": ["t", "u"], "evalue": [1e-9, 0.5]})
    found = family_status(pd.Series(["t", "u", "v"]), hits, 1e-3)
    assert found.tolist() == ["known", "unknown", "unknown"]
