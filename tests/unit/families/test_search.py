import re

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.families.covariance_models import read_models
from rna_predict.families.infernal import make_program
from rna_predict.families.members import (
    FAMILY_COLUMNS,
    chain_sequences,
    read_alignments,
    read_families,
    write_alignments,
)
from rna_predict.families.search import search_families
from rna_predict.families.tables import write_table
from rna_predict.structure.chain import model_chain

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"


@pytest.fixture(scope="module")
def folder(root):
    return root / "config" / "example" / "rfam"


@pytest.fixture(scope="module")
def trna(folder):
    return read_models([folder / "tRNA.c.cm"])


@pytest.fixture(scope="module")
def program():
    return make_program("pyinfernal", 1.0, 1.0)


def test_a_trna_is_labelled_where_it_lies(trna, program):
    sequences = {"flanked": "AAAAAAA" + TRNA + "AAAAA", "other": "ACGU" * 10}
    table, alignments = search_families(sequences, trna, program)
    (row,) = table.itertuples()
    assert (row.chain_id, row.family, row.family_name) == ("flanked", "RF00005", "tRNA")
    assert (row.start, row.end, row.cm_start, row.cm_end) == (7, 80, 0, 71)
    assert (row.coverage, row.truncated, row.label, row.lost_to) == (1.0, "", True, "")
    (member,) = alignments
    assert (member["chain_id"], member["start"]) == ("flanked", 7)
    assert len(member["columns"]) == len(member["posterior"]) == 73


def test_example_trnas_are_labelled_and_other_chains_are_not(folder, program, example_chains):
    table, _ = search_families(chain_sequences(example_chains), read_models([folder]), program)
    labels = table[table["label"]]
    assert set(zip(labels["chain_id"], labels["family"], strict=True)) == {
        ("1ehz_A", "RF00005"),
        ("1evv_A", "RF00005"),
        ("6tna_A", "RF00005"),
        ("1kxk_A", "RF00029"),
    }


def test_equal_sequences_get_equal_rows_in_the_order_of_the_chains(trna, program):
    table, alignments = search_families({"b": TRNA, "x": "ACGU" * 10, "a": TRNA}, trna, program)
    assert list(table["chain_id"]) == [row["chain_id"] for row in alignments] == ["b", "a"]
    assert table["evalue"].nunique() == 1


def test_a_fragment_below_the_threshold_is_kept_without_a_label(trna, program):
    table, alignments = search_families({"half": TRNA[:36]}, trna, program)
    (row,) = table.itertuples()
    assert row.score < trna[0].threshold
    assert not row.label
    assert (row.truncated, row.lost_to) == ("3'", "")
    assert row.coverage == pytest.approx((row.cm_end - row.cm_start) / 71)
    assert row.coverage < 0.7
    assert alignments == []


def test_the_evalue_decides_where_a_model_has_no_threshold(folder, tmp_path, program):
    text = re.sub(r"^GA .*\n", "", (folder / "tRNA.c.cm").read_text(), flags=re.MULTILINE)
    (tmp_path / "plain.cm").write_text(text)
    models = read_models([tmp_path / "plain.cm"])
    for limit, label in ((1e-3, True), (1e-30, False)):
        table, _ = search_families({"x": TRNA}, models, program, family_evalue=limit)
        assert list(table["label"]) == [label]


def test_two_models_of_one_family_give_one_label(folder, tmp_path, trna, program):
    text = (folder / "tRNA.c.cm").read_text().replace("GA       24.00", "GA       23.00")
    (tmp_path / "other.cm").write_text(text)
    models = [*trna, *read_models([tmp_path / "other.cm"])]
    table, alignments = search_families({"x": TRNA}, models, program)
    assert sorted(table["label"]) == [False, True]
    assert sorted(table["lost_to"]) == ["", "RF00005"]
    assert len(alignments) == 1


def test_of_two_families_of_a_clan_the_better_one_is_the_label(folder, tmp_path, trna, program):
    text = (folder / "tRNA.c.cm").read_text()
    text = text.replace("ACC      RF00005", "ACC      RF99999").replace(
        "NAME     tRNA", "NAME     x"
    )
    (tmp_path / "other.cm").write_text(text)
    models = [*read_models([tmp_path / "other.cm"]), *trna]
    alone, _ = search_families({"x": TRNA}, models, program)
    assert list(alone["label"]) == [True, True]
    table, _ = search_families(
        {"x": TRNA}, models, program, clans={"tRNA": "CL1", "RF99999": "CL1"}
    )
    assert dict(zip(table["family"], table["lost_to"], strict=True)) in (
        {"RF00005": "", "RF99999": "RF00005"},
        {"RF99999": "", "RF00005": "RF99999"},
    )
    assert (table["label"] == (table["lost_to"] == "")).all()


def test_no_chains_give_an_empty_table_of_the_same_types(trna, program, tmp_path):
    full, _ = search_families({"x": TRNA}, trna, program)
    empty, alignments = search_families({}, trna, program)
    assert len(empty) == len(alignments) == 0
    assert dict(empty.dtypes) == dict(full.dtypes)
    write_alignments(alignments, tmp_path / "none.parquet")
    assert len(read_alignments(tmp_path / "none.parquet")) == 0


def test_the_tables_are_read_back(trna, program, tmp_path):
    table, alignments = search_families({"NA": TRNA, "half": TRNA[:36]}, trna, program)
    write_table(table, tmp_path / "families.tsv")
    again = read_families(tmp_path / "families.tsv")
    pd.testing.assert_frame_equal(again, table)
    assert list(again["label"]) == [True, False]
    assert list(again.columns) == list(FAMILY_COLUMNS)
    write_alignments(alignments, tmp_path / "members.parquet")
    (row,) = read_alignments(tmp_path / "members.parquet").itertuples()
    assert tuple(row.columns) == alignments[0]["columns"]
    assert row.model == trna[0].digest


def test_tables_of_other_kinds_are_refused(trna, program, tmp_path):
    table, _ = search_families({"x": TRNA}, trna, program)
    write_table(table.assign(label="yes"), tmp_path / "families.tsv")
    with pytest.raises(InputError, match="column label: expected True or False, got 'yes'"):
        read_families(tmp_path / "families.tsv")
    table.to_parquet(tmp_path / "other.parquet")
    with pytest.raises(InputError, match="not a table of alignments: no column model"):
        read_alignments(tmp_path / "other.parquet")
    with pytest.raises(InputError, match="expected a table of alignments"):
        read_alignments(tmp_path / "families.tsv")


def test_of_several_models_of_a_chain_the_first_counts():
    empty = [np.full((n, 23, 3), np.nan, dtype=np.float32) for n in (4, 3)]
    chains = [model_chain("x", "ACGU", empty[0]), model_chain("x", "ACG", empty[1])]
    assert chain_sequences(chains) == {"x_A": "ACGU"}
