import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.report.tables import (
    read_json,
    read_parquet_table,
    read_text_table,
    read_yaml,
)

KINDS = {"chain": str, "n": int, "x": float, "kept": bool}


def written(path, text):
    path.write_text(text)
    return path


def test_typed_columns_with_a_chain_called_na(tmp_path):
    path = written(tmp_path / "t.tsv", "chain\tn\tx\tkept\nNA\t3\t\tTrue\n\t4\t1.5\tfalse\n")
    table = read_text_table(path, KINDS, "a table")
    assert table["chain"].tolist() == ["NA", ""]
    assert table["n"].tolist() == [3, 4]
    assert pd.isna(table["x"][0]) and table["x"][1] == 1.5
    assert table["kept"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("row", "message"),
    [("a\tmany\t1\tTrue", "row 1 column n"), ("a\t\t1\tTrue", "row 1 column n"),
     ("a\t1\tx\tTrue", "row 1 column x"), ("a\t1\t1\tmaybe", "row 1 column kept")],
)  # fmt: skip
def test_a_cell_of_another_type_is_named(tmp_path, row, message):
    path = written(tmp_path / "t.tsv", f"chain\tn\tx\tkept\n{row}\n")
    with pytest.raises(InputError, match=message):
        read_text_table(path, KINDS, "a table")


def test_a_missing_file_says_what_was_expected(tmp_path):
    with pytest.raises(InputError, match=r"absent\.tsv: no such file; expected the splits"):
        read_text_table(tmp_path / "absent.tsv", {"a": str}, "the splits")
    with pytest.raises(InputError, match="no such file; expected angles"):
        read_parquet_table(tmp_path / "absent.parquet", ["a"], "angles")


def test_a_missing_column_names_those_found(tmp_path):
    path = written(tmp_path / "t.tsv", "chain\tn\n")
    with pytest.raises(InputError, match="no column x, kept; columns found: chain, n"):
        read_text_table(path, KINDS, "a table")
    pd.DataFrame({"b": [1]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match="no column a; columns found: b"):
        read_parquet_table(tmp_path / "t.parquet", ["a"], "angles")


def test_files_of_another_kind_are_refused(tmp_path):
    with pytest.raises(InputError, match="empty file"):
        read_text_table(written(tmp_path / "e.tsv", ""), {"a": str}, "a table")
    with pytest.raises(InputError, match="as parquet"):
        read_parquet_table(written(tmp_path / "t.parquet", "no"), ["a"], "angles")
    with pytest.raises(InputError, match="as JSON"):
        read_json(written(tmp_path / "t.json", "{"), "confidences")
    with pytest.raises(InputError, match="got list"):
        read_json(written(tmp_path / "l.json", "[]"), "confidences")
    with pytest.raises(InputError, match="as YAML"):
        read_yaml(written(tmp_path / "t.yaml", "{"), "the model file")
