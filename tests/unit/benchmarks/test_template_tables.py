"""Tables of a few made-up results."""

import pandas as pd
import pytest

from rna_predict.evaluate.benchmarks import FAILED, FOREIGN, SCORED
from tests.benchmarks.template_tables import (
    LOSSES,
    accuracy_table,
    accuracy_values,
    comparison_table,
    geometry_table,
    loss_table,
    markdown,
    mean_row,
)

LENGTHS = {"rpA": 41, "rpB": 188}
TM = {
    "minimised": {"rpA": (0.2, 0.3), "rpB": (0.4, 0.1)},
    "unminimised": {"rpA": (0.2, 0.25), "rpB": (0.5, 0.1)},
    FOREIGN: {"rpA": (0.5, 0.7), "rpB": (0.2, 0.4)},
}


@pytest.fixture
def scores() -> pd.DataFrame:
    rows = [
        {
            "predictor": predictor, "target": target, "status": SCORED, "n_native": LENGTHS[target],
            "rank": pd.NA if predictor == FOREIGN else rank, "tm_score": tm, "clash_score": 8.0,
        }
        for predictor, of_target in TM.items()
        for target, values in of_target.items()
        for rank, tm in enumerate(values, start=1)
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"rank": "Int64"})


@pytest.fixture
def bounds() -> pd.DataFrame:
    rows = [
        ("rpB", 188, "1abc_A", 0.8, 0.7, 0.6, 0.45, 0.65, 0.5),
        ("rpA", 41, "2abc_A", 0.4, 0.4, 0.4, 0.3, 0.4, 0.3),
    ]
    steps = ["first_structural", "first_copied", "best_structural", "best_copied"]
    return pd.DataFrame(rows, columns=["puzzle", "length", "template", "bound", "hits", *steps])


def test_accuracy_has_a_row_a_puzzle_then_the_mean_and_the_length_bins(scores):
    table = accuracy_table(accuracy_values(scores), "tm_score").set_index("puzzle")
    assert list(table.index[:2]) == ["rpA (41 nt)", "rpB (188 nt)"]
    assert table.loc["rpA (41 nt)", f"{FOREIGN} mean"] == pytest.approx(0.6)
    assert table.loc["rpB (188 nt)", f"{FOREIGN} best"] == 0.4
    assert table.loc["rpB (188 nt)", "minimised first"] == 0.4
    assert table.loc["mean of 2", "minimised best"].startswith("0.350 [")
    assert table.loc["mean of 1, 120-199 nt", "unminimised best"] == 0.5


def test_a_target_without_models_counts_as_zero(scores):
    failed = (scores["predictor"] == "minimised") & (scores["target"] == "rpA")
    scores.loc[failed, "tm_score"] = float("nan")
    scores.loc[failed, "status"] = FAILED
    table = accuracy_table(accuracy_values(scores), "tm_score").set_index("puzzle")
    assert table.loc["rpA (41 nt)", "minimised first"] == 0.0


def test_losses_add_up_to_the_gap(scores, bounds):
    values = accuracy_values(scores)
    for statistic, last in (("first", [0.2, 0.4]), ("best", [0.3, 0.4])):
        rows = loss_table(bounds, values, statistic).iloc[:2]
        lost = rows[list(LOSSES)].astype(float).sum(axis=1)
        assert lost.tolist() == pytest.approx([0.4 - last[0], 0.8 - last[1]])
    assert rows["template"].tolist() == ["2abc_A", "1abc_A"]


def test_a_gain_is_negative(scores, bounds):
    first = loss_table(bounds, accuracy_values(scores), "first").set_index("puzzle")
    assert first.loc["rpB (188 nt)", "assembly"] == pytest.approx(-0.05)


def test_ours_are_compared_with_the_best_submitted(scores):
    table = comparison_table(accuracy_values(scores))
    (row,) = table[(table["second"] == FOREIGN) & (table["metric"] == "tm_score")].to_dict(
        "records"
    )
    assert row["difference"] == pytest.approx((0.3 - 0.7 + 0.4 - 0.4) / 2)
    assert (row["wins"], row["ties"], row["losses"]) == (0, 1, 1)


def test_geometry_counts_every_model_and_names_the_refusals(scores):
    row = {"missing_atoms": 0, "incomplete_residues": 0, "clashes_before": 9.0, "clashes": 1.0}
    models = pd.DataFrame(
        [
            {"predictor": "minimised", "target": target, "longest_link": link, "minimised": done,
             "broken_links": int(link > 2), "why": why, **row}
            for target, link, done, why in
            (("rpA", 1.6, True, ""), ("rpA", 2.5, False, "bonds"), ("rpB", 1.7, True, ""))
        ]
    )  # fmt: skip
    table = geometry_table(models, scores).set_index("puzzle")
    assert table.loc["all", "models"] == 3
    assert table.loc["all", "links > 2.0 A"] == 1
    assert table.loc["all", "minimised"] == 2
    assert table.loc["rpA", "why not"] == "bonds 1"
    assert table.loc["rpA", "longest O3'-P (A)"] == 2.5


def test_means_say_of_how_many_values_they_are_where_some_are_missing():
    table = pd.DataFrame({"a": [0.1, 0.3, None], "b": [1.0, None, None]})
    row = mean_row("mean", table)
    assert row["a"].startswith("0.200 [")
    assert row["a"].endswith("] of 2")
    assert row["b"] == "1.000 of 1"


def test_markdown_leaves_undefined_cells_empty_and_zero_without_a_sign():
    text = markdown(pd.DataFrame({"name": ["x", "y"], "value": [float("nan"), -1e-9]}))
    assert text.splitlines() == [
        "| name | value |", "| --- | --- |", "| x |  |", "| y | 0.000 |",
    ]  # fmt: skip
