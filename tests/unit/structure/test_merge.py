import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rna_predict.errors import InputError
from rna_predict.structure.merge import merge_tables


def test_parquet_rows_keep_the_order_of_files(tmp_path):
    frames = [pd.DataFrame({"id": ["b", "a"], "x": [1, 2]}), pd.DataFrame({"id": ["c"], "x": [3]})]
    paths = [tmp_path / f"{k}.parquet" for k in range(2)]
    for frame, path in zip(frames, paths, strict=True):
        frame.to_parquet(path)
    merge_tables(paths, tmp_path / "all.parquet")
    merged = pd.read_parquet(tmp_path / "all.parquet")
    assert merged.to_dict("list") == {"id": ["b", "a", "c"], "x": [1, 2, 3]}


def test_an_empty_shard_adds_no_rows_and_no_type(tmp_path):
    pq.write_table(pa.table({"x": pa.array([], pa.null())}), tmp_path / "0.parquet")
    pq.write_table(pa.table({"x": [["a"], []]}), tmp_path / "1.parquet")
    merge_tables([tmp_path / "0.parquet", tmp_path / "1.parquet"], tmp_path / "all.parquet")
    assert pq.read_table(tmp_path / "all.parquet")["x"].to_pylist() == [["a"], []]


def test_tsv_keeps_one_header(tmp_path):
    (tmp_path / "0.tsv").write_text("a\tb\n1\t2\n")
    (tmp_path / "1.tsv").write_text("a\tb\n")
    (tmp_path / "2.tsv").write_text("a\tb\n3\t4\n")
    merge_tables([tmp_path / f"{k}.tsv" for k in range(3)], tmp_path / "all.tsv")
    assert (tmp_path / "all.tsv").read_text() == "a\tb\n1\t2\n3\t4\n"


def test_tables_of_different_columns_or_kinds_are_refused(tmp_path):
    (tmp_path / "0.tsv").write_text("a\tb\n1\t2\n")
    (tmp_path / "1.tsv").write_text("a\tc\n3\t4\n")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "0.parquet")
    pd.DataFrame({"b": [1]}).to_parquet(tmp_path / "1.parquet")
    out = tmp_path / "all.tsv"
    with pytest.raises(InputError, match=r"1.tsv: header"):
        merge_tables([tmp_path / "0.tsv", tmp_path / "1.tsv"], out)
    with pytest.raises(InputError, match=r"1.parquet: columns"):
        merge_tables([tmp_path / "0.parquet", tmp_path / "1.parquet"], tmp_path / "all.parquet")
    with pytest.raises(InputError, match="all .parquet or all .tsv"):
        merge_tables([tmp_path / "0.tsv", tmp_path / "0.parquet"], out)
    with pytest.raises(InputError, match="no tables"):
        merge_tables([], out)
    assert not out.exists()
