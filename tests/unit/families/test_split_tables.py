import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.families.tables import CLUSTERS, FAMILIES, read_table, write_table


def test_tables_survive_the_round_trip_and_nothing_is_missing(tmp_path):
    table = pd.DataFrame(
        {"chain_id": ["1abc_A", "NA"], "family": ["RF1", ""], "evalue": [1e-30, 0.5]}
    )
    write_table(table, tmp_path / "folder" / "families.tsv")
    again = read_table(tmp_path / "folder" / "families.tsv", FAMILIES)
    assert again["chain_id"].tolist() == ["1abc_A", "NA"]
    assert again["family"].tolist() == ["RF1", ""]
    assert again["evalue"].tolist() == [1e-30, 0.5]


def test_an_empty_table_keeps_its_columns(tmp_path):
    write_table(pd.DataFrame({"chain_id": [], "cluster": []}), tmp_path / "clusters.tsv")
    assert list(read_table(tmp_path / "clusters.tsv", CLUSTERS).columns) == ["chain_id", "cluster"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "expected a tab-separated table"),
        ("", "expected a tab-separated table"),
        ("chain_id\tfamily\n", "no column evalue; columns: chain_id, family"),
        ("chain_id\tfamily\tevalue\na\tb\tc\n", "column evalue: .*'c'"),
    ],
)
def test_files_that_are_no_such_table_are_refused(tmp_path, text, message):
    path = tmp_path / "families.tsv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_table(path, FAMILIES)
