import math

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.structure.facts import Facts, read_facts
from rna_predict.structure.mmcif import read_entry, write_chain

HEADER = "pdb_id\tmethod\tn_models\tresolution\trelease_date\tsha256"


def write(folder, *rows, header=HEADER):
    path = folder / "facts.tsv"
    path.write_text("\n".join([header, *rows, ""]))
    return path


def test_known_columns_are_read_and_empty_fields_stay_unknown(tmp_path):
    rows = (f"1ABC\tSOLUTION NMR\t3\t\t1999-04-20\t{'aB' * 32}", "2xyz\t\t1\t2.5\t\t")
    facts = read_facts(write(tmp_path, *rows))
    assert list(facts) == ["1abc", "2xyz"]
    first, second = facts.values()
    assert (first.method, first.release_date) == ("SOLUTION NMR", "1999-04-20")
    assert first.sha256 == "ab" * 32
    assert math.isnan(first.resolution)
    assert (second.method, second.resolution, second.release_date) == ("", 2.5, "")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1abc\tX\t1\ttwo\t\t", r"row 3 column resolution: expected a resolution in .* got 'two'"),
        ("1abc\tX\t1\t-1\t\t", "row 3 column resolution"),
        ("1abc\tX\t1\tnan\t\t", "row 3 column resolution"),
        ("1abc\tX\t1\t\t20-04-1999\t", r"row 3 column release_date: expected a date as YYYY-MM-DD"),
        ("1abc\tX\t1\t\t19990420\t", "row 3 column release_date"),
        ("1abc\tX\t1\t\t1999-02-30\t", "row 3 column release_date"),
        ("1abc\tX\t1\t\t\tabc", "row 3 column sha256: expected 64 hexadecimal digits, got 'abc'"),
        ("\tX\t1\t\t\t", "row 3 column pdb_id: expected an id"),
        ("9XYZ\tX\t1\t\t\t", "row 3 column pdb_id: entry 9xyz is in a row above"),
        ("1abc\tX\t1", "row 3: expected 6 fields, got 3"),
    ],
)
def test_bad_rows_are_named(tmp_path, row, message):
    with pytest.raises(InputError, match=rf"facts\.tsv {message}"):
        read_facts(write(tmp_path, "9xyz\t\t\t\t\t", row))


@pytest.mark.parametrize(
    "header", ["entry\tmethod", "pdb_id\tn_models", "pdb_id\tmethod\tmethod", ""]
)
def test_a_table_needs_an_id_and_a_fact(tmp_path, header):
    with pytest.raises(InputError, match=r"facts\.tsv row 1: expected the columns pdb_id and any"):
        read_facts(write(tmp_path, header=header))


def test_files_that_are_no_tables_are_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.tsv: expected a table of facts"):
        read_facts(tmp_path / "absent.tsv")
    (tmp_path / "b.tsv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"b\.tsv: expected a table of facts"):
        read_facts(tmp_path / "b.tsv")


def test_the_file_wins_and_the_table_fills_the_rest(example_chains, tmp_path):
    path = tmp_path / "1ehz.cif"
    (chain,) = (chain for chain in example_chains if chain.entry == "1ehz")
    write_chain(path, chain)
    known = Facts("SOLUTION NMR", 9.9, "2031-01-01")
    ((read,), _) = read_entry(path, known=known)
    assert (read.method, read.release_date) == (chain.method, chain.release_date)
    assert read.resolution == pytest.approx(1.93)
    assert known.differences(read) == [
        "method X-RAY DIFFRACTION in the file, SOLUTION NMR in the table",
        "resolution 1.93 A in the file, 9.9 A in the table",
        "release 2000-10-02 in the file, 2031-01-01 in the table",
    ]
    lines = path.read_text().splitlines()
    silent = ("_exptl", "_refine", "_pdbx_audit")
    path.write_text("\n".join([line for line in lines if not line.startswith(silent)] + [""]))
    ((bare,), _) = read_entry(path)
    assert (bare.method, bare.release_date) == ("", "")
    assert np.isnan(bare.resolution)
    ((filled,), _) = read_entry(path, known=known)
    assert (filled.method, filled.resolution) == ("SOLUTION NMR", 9.9)
    assert filled.release_date == "2031-01-01"
    assert known.differences(filled) == []
    assert Facts().differences(read) == Facts().differences(bare) == []


def test_the_shared_table_is_read_whole(shared_data):
    facts = read_facts(shared_data / "entries.tsv")
    table = pd.read_csv(shared_data / "entries.tsv", sep="\t", na_filter=False, dtype=str)
    assert list(facts) == table["pdb_id"].tolist()
    for name in ("method", "release_date", "sha256"):
        assert [getattr(row, name) for row in facts.values()] == table[name].tolist()
    known = [row.resolution for row in facts.values() if not math.isnan(row.resolution)]
    assert known == table["resolution"][table["resolution"] != ""].astype(float).tolist()
