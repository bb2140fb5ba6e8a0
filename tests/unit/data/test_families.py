"""What families tell of chains, from the tables of the workflow's own functions."""

import numpy as np
import pandas as pd
import pytest

from rna_predict.data.families import read_families
from rna_predict.errors import InputError
from rna_predict.families.consensus import CONSENSUS_COLUMNS
from rna_predict.families.homologs import HOMOLOG_SCHEMA

SEQUENCE = "GGACGAAAGUCC"


@pytest.fixture
def tables(tmp_path):
    pairs = [
        ("1abc_A", "RF1", 0, 11, 0.9),
        ("1abc_A", "RF2", 0, 11, 0.4),
        ("2abc_A", "RF1", 0, 3, 1),
    ]
    consensus = pd.DataFrame(pairs, columns=list(CONSENSUS_COLUMNS)).astype(CONSENSUS_COLUMNS)
    rows = [
        ("1abc_A", "RF1", "near", 0.9, 1.0, "GGACGAAAGUCA"),
        ("2abc_A", "RF1", "other", 0.9, 1.0, "GGAC"),
        ("1abc_A", "RF2", "far", 0.4, 0.8, "--CCNAAAGG--"),
    ]
    homologs = pd.DataFrame(rows, columns=HOMOLOG_SCHEMA.names)
    paths = tmp_path / "consensus.parquet", tmp_path / "homologs.parquet"
    consensus.to_parquet(paths[0])
    homologs.to_parquet(paths[1])
    return paths


def test_pairs_and_rows_of_all_families_of_a_chain_are_given(tables):
    (pairs, probability), msa = read_families(*tables, ["1abc_A"]).of("1abc_A", SEQUENCE)
    assert pairs.tolist() == [[0, 11], [0, 11]]
    assert probability.tolist() == pytest.approx([0.9, 0.4])
    assert ["".join("ACGUN-"[code] for code in row) for row in msa] == [
        "GGACGAAAGUCA",
        "--CCNAAAGG--",
    ]


@pytest.mark.parametrize("given", [(0, 1), (1,), (0,), ()])
def test_chain_or_table_that_is_not_there_is_empty(tables, given):
    paths = [path if k in given else None for k, path in enumerate(tables)]
    (pairs, probability), msa = read_families(*paths, ["9xyz_A"]).of("9xyz_A", SEQUENCE)
    assert pairs.shape == (0, 2) and probability.shape == (0,) and msa.shape == (0, 12)


def test_only_chains_asked_for_are_kept(tables):
    families = read_families(*tables, ["2abc_A"])
    assert set(families.consensus) == set(families.homologs) == {"2abc_A"}


def test_pairs_that_the_letters_cannot_form_are_left_out(tables):
    families = read_families(*tables, ["1abc_A"])
    (pairs, _), _ = families.of("1abc_A", "A" + SEQUENCE[1:])
    assert len(pairs) == 0
    (pairs, _), _ = families.of("1abc_A", SEQUENCE[:-1] + "U")
    assert len(pairs) == 2


@pytest.mark.parametrize("sequence", [SEQUENCE[:-1], SEQUENCE + "A"])
def test_chain_of_another_length_is_refused(tables, sequence):
    with pytest.raises(InputError, match=f"family tables are not of {len(sequence)} residues"):
        read_families(*tables, ["1abc_A"]).of("1abc_A", sequence)


def test_faulty_tables_are_refused(tables, tmp_path):
    homologs = pd.read_parquet(tables[1])
    homologs.drop(columns="row").to_parquet(tmp_path / "columns")
    with pytest.raises(InputError, match="no column row"):
        read_families(None, tmp_path / "columns", ["1abc_A"])
    homologs.assign(row=homologs["row"].where(np.arange(3) != 2, "GGAC")).to_parquet(
        tmp_path / "length"
    )
    with pytest.raises(InputError, match="chain 1abc_A: row 2: expected 12 columns, got 4"):
        read_families(None, tmp_path / "length", ["1abc_A"])
