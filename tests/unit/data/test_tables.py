"""Reading the tables of a data set."""

import numpy as np
import pandas as pd
import pytest

from rna_predict.constants import TORSIONS
from rna_predict.data.tables import read_pairs, read_probabilities, read_splits, read_torsions
from rna_predict.errors import InputError


def test_splits_are_read_by_chain(tmp_path):
    path = tmp_path / "splits.tsv"
    path.write_text("chain_id\tcomponent\tsplit\treason\n1abc_A\t0\ttrain\t\n1abc_NA\t1\ttest\t\n")
    assert read_splits(path) == {"1abc_A": "train", "1abc_NA": "test"}


def test_chains_in_quarantine_are_known_and_in_no_split(tmp_path):
    path = tmp_path / "splits.tsv"
    path.write_text("chain_id\tsplit\treason\n1abc_A\ttrain\t\n2abc_A\tquarantine\tbridge\n")
    assert read_splits(path) == {"1abc_A": "train", "2abc_A": "quarantine"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chain_id\tpart\n1abc_A\ttrain\n", "no column split"),
        ("chain_id\tsplit\n1abc_A\tdev\n", r"got \['dev'\]"),
        ("chain_id\tsplit\n1abc_A\ttrain\n1abc_A\ttest\n", "second row of chain 1abc_A"),
    ],
)
def test_faulty_splits_are_refused(tmp_path, text, message):
    path = tmp_path / "splits.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_splits(path)


def test_torsions_keep_order_and_gaps(tmp_path):
    values = np.arange(28, dtype=np.float32).reshape(2, 14)
    values[0, 0] = np.nan
    row = {name: values[:, k] for k, name in enumerate(TORSIONS)}
    pd.DataFrame([{"chain_id": "1abc_A", "model": 2, **row}]).to_parquet(tmp_path / "a.parquet")
    read = read_torsions(tmp_path / "a.parquet")
    np.testing.assert_array_equal(read["1abc_A", 2], values)


def test_torsion_lists_of_different_lengths_are_refused(tmp_path):
    row = {name: np.zeros(3 if name == "chi" else 2, dtype=np.float32) for name in TORSIONS}
    pd.DataFrame([{"chain_id": "1abc_A", "model": 1, **row}]).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="different lengths"):
        read_torsions(tmp_path / "a.parquet")


def test_stacks_are_no_pairs_and_pairs_come_once(tmp_path):
    rows = [(0, 5, "cWW"), (0, 5, "tHS"), (1, 2, "stack"), (1, 4, "cWW")]
    table = pd.DataFrame([("1abc_A", 1, *row) for row in rows])
    table.columns = ["chain_id", "model", "i", "j", "lw"]
    table.to_parquet(tmp_path / "p.parquet")
    assert read_pairs(tmp_path / "p.parquet")["1abc_A", 1].tolist() == [[0, 5], [1, 4]]


def test_probabilities_are_read_by_chain(tmp_path):
    table = pd.DataFrame(
        {"chain_id": ["a_A", "b_A"], "i": [0, 1], "j": [3, 4], "probability": [0.5, 0.25]}
    )
    table.to_parquet(tmp_path / "q.parquet")
    pairs, values = read_probabilities(tmp_path / "q.parquet")["b_A"]
    assert pairs.tolist() == [[1, 4]]
    assert values.tolist() == [0.25]
