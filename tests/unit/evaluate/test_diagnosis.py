"""Each cause is named where its scores say so, and nothing is found in a good model."""

import pandas as pd
import pytest

from rna_predict.evaluate.diagnosis import COLUMNS, diagnose, diagnose_worst, misplaced

GOOD = {
    "status": "scored", "n_native": 60, "n_common": 60, "tm_score": 0.8, "rmsd": 2.0,
    "inf_wc": 0.95, "clash_score": 5.0, "bond_outliers": 0.0, "angle_outliers": 0.01,
    "chirality_errors": 0, "best_tm": 0.8, "best_rank": 1,
}  # fmt: skip


def of_residues(lddt):
    """Make the residue table of one model."""
    return pd.DataFrame({"index": range(len(lddt)), "lddt": lddt})


FINE = of_residues([0.9] * 60)


def test_good_model_has_no_cause():
    assert diagnose(GOOD, FINE) == ["nothing found: no score is out of range"]


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"status": "failed", "error": "too long"}, "no model: too long"),
        ({"n_common": 45}, "incomplete model: 45 of 60 residues"),
        ({"best_tm": 0.95, "best_rank": 3.0}, "wrong ranking: model 3 has"),
        ({"tm_score": 0.2, "best_tm": 0.2, "inf_wc": 0.3}, "fold wrong: INF"),
        ({"tm_score": 0.2, "best_tm": 0.2, "inf_wc": 0.9}, "right pairs, wrong arrangement"),
        ({"tm_score": 0.2, "best_tm": 0.2, "inf_wc": 0.6}, "helices missing or wrong"),
        ({"tm_score": 0.2, "best_tm": 0.2, "inf_wc": None}, "fold wrong or wrongly arranged"),
        ({"tm_score": 0.2, "best_tm": 0.2, "n_native": 20, "n_common": 20}, "short RNA: RMSD 2.0"),
        ({"clash_score": 90.0}, "clashes: 90 per 1,000 atoms"),
        ({"clash_score": None, "clashes": 70.0}, "clashes: 70 per 1,000 atoms"),
        ({"bond_outliers": 0.2}, "broken geometry: 20 % of bond"),
        ({"chirality_errors": 2}, "broken geometry: 2 centres of wrong handedness"),
    ],
)
def test_each_rule_names_its_cause(change, cause):
    (found,) = diagnose(GOOD | change, FINE)
    assert found.startswith(cause)


def test_local_errors_are_counted_from_one_and_lone_residues_left_out():
    lddt = [0.9] * 60
    lddt[9:14] = [0.1] * 5
    lddt[30] = 0.1
    assert misplaced(of_residues(lddt)) == ["10-14"]
    assert diagnose(GOOD, of_residues(lddt)) == ["local errors at residues 10-14"]


def test_a_chain_that_is_wrong_everywhere_has_no_local_error():
    assert misplaced(of_residues([0.1] * 60)) == []
    assert misplaced(of_residues([])) == []


def test_absent_scores_leave_their_rules_out():
    assert diagnose({"status": "scored", "tm_score": 0.9}, of_residues([])) == [
        "nothing found: no score is out of range"
    ]


def test_worst_targets_come_first_and_failed_ones_before_all():
    rows = [
        {"predictor": "a", "target": f"t{k:02}", "rank": 1, "model": "m1", **GOOD,
         "tm_score": 0.1 + 0.05 * k, "inf_wc": 0.2}
        for k in range(12)
    ]  # fmt: skip
    rows.append({"predictor": "a", "target": "gone", "rank": 1, "model": "", "n_native": 50,
                 "status": "failed", "error": "refused"})  # fmt: skip
    rows.append({"predictor": "a", "target": "complex", "rank": 1, "model": "", "n_native": 50,
                 "status": "excluded"})  # fmt: skip
    residues = FINE.assign(predictor="a", target="t00", model="m1")
    table = diagnose_worst(pd.DataFrame(rows), residues)
    assert list(table.columns) == list(COLUMNS)
    assert list(table["target"]) == ["gone", *(f"t{k:02}" for k in range(9))]
    assert list(table["place"]) == list(range(1, 11))
    assert table["cause"][0] == "no model: refused"
    assert table["cause"][1].startswith("fold wrong")


def test_first_model_is_judged_and_the_better_one_below_it_named():
    rows = pd.DataFrame(
        [
            {"predictor": "a", "target": "t", "rank": k, "model": f"m{k}", **GOOD, "tm_score": tm}
            for k, tm in ((1, 0.5), (2, 0.9))
        ]
    )
    table = diagnose_worst(rows, FINE.assign(predictor="a", target="t", model="m1"))
    assert table["model"].tolist() == ["m1"]
    assert table["cause"][0].startswith("wrong ranking: model 2 has TM-score 0.90")


def test_of_a_pool_the_best_model_is_judged():
    rows = pd.DataFrame(
        [
            {"predictor": "foreign", "target": "t", "model": f"m{k}", **GOOD, "tm_score": tm,
             "rank": None}
            for k, tm in ((1, 0.5), (2, 0.9))
        ]
    )  # fmt: skip
    table = diagnose_worst(rows, FINE.assign(predictor="foreign", target="t", model="m2"))
    assert table["model"].tolist() == ["m2"]
