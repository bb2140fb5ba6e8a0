"""Tables of many sequences, and the choice of a backend."""

import json
import runpy

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.secondary.fold import (
    BACKENDS,
    PROBABILITY_COLUMNS,
    STRUCTURE_COLUMNS,
    fold_chains,
    fold_records,
    make_adjacency,
    unite_tables,
)
from rna_predict.secondary.viennarna import ViennaRNA
from rna_predict.structure.chain import model_chain
from rna_predict.structure.store import write_chains

HAIRPIN = "GGGGCGAAAGCCCC"


class Counted(ViennaRNA):
    """ViennaRNA that remembers what it was asked."""

    def __init__(self):
        super().__init__(0.5, 0)
        self.calls = []

    def fold(self, sequence, names=()):
        self.calls.append((sequence, tuple(names)))
        return super().fold(sequence, names)


def chain(name, sequence):
    return model_chain(name, sequence, np.full((len(sequence), 23, 3), np.nan, dtype=np.float32))


def test_equal_sequences_get_equal_rows_and_are_folded_once():
    source = Counted()
    chains = [chain("x", HAIRPIN), chain("y", "AAAA"), chain("z", HAIRPIN)]
    table, structures = fold_chains(chains, source)
    assert [sequence for sequence, _ in source.calls] == [HAIRPIN, "AAAA"]
    assert list(table["chain_id"].unique()) == ["x_A", "z_A"]
    first, second = (table[table["chain_id"] == name] for name in ("x_A", "z_A"))
    assert first[["i", "j", "probability"]].to_numpy().tolist() == (
        second[["i", "j", "probability"]].to_numpy().tolist()
    )
    assert structures["chain_id"].tolist() == ["x_A", "y_A", "z_A"]
    assert structures["mfe"].tolist() == ["(((((....)))))", "....", "(((((....)))))"]


def test_a_source_that_goes_by_name_is_asked_for_every_chain():
    source = Counted()
    source.by_name = True
    fold_records([(HAIRPIN, ["x"]), (HAIRPIN, ["y", "x"])], source)
    assert source.calls == [(HAIRPIN, ("x",)), (HAIRPIN, ("y", "x"))]


def test_several_models_of_a_chain_are_one_record():
    source = Counted()
    table, structures = fold_chains([chain("x", HAIRPIN)] * 3, source)
    assert len(source.calls) == len(structures) == 1
    assert len(table) == 5


def test_the_table_of_structures_states_source_version_and_options():
    _, structures = fold_records([(HAIRPIN, ["x"])], ViennaRNA(0.25, 7))
    (row,) = structures.to_dict("records")
    assert (row["backend"], row["version"]) == ("viennarna", ViennaRNA.version)
    options = json.loads(row["options"])
    assert (options["min_probability"], options["max_span"]) == (0.25, 7)
    assert row["ensemble_energy"] <= row["mfe_energy"] < 0


def test_no_chains_give_empty_tables_of_the_same_types():
    for full, empty, columns in zip(
        fold_chains([chain("x", HAIRPIN)], ViennaRNA(0.5, 0)),
        fold_chains([], ViennaRNA(0.5, 0)),
        (PROBABILITY_COLUMNS, STRUCTURE_COLUMNS),
        strict=True,
    ):
        assert (len(full) > 0, len(empty)) == (True, 0)
        assert list(full.columns) == list(columns)
        assert dict(empty.dtypes) == dict(full.dtypes)


def test_tables_are_united_chain_by_chain():
    columns = list(PROBABILITY_COLUMNS)
    folded = pd.DataFrame(
        [("x_A", 0, 9, 0.5), ("x_A", 1, 8, 0.4), ("y_A", 0, 5, 1.0)], columns=columns
    )
    consensus = pd.DataFrame(
        [("z_A", 2, 7, 0.7), ("x_A", 1, 8, 0.9), ("y_A", 0, 7, 1.0)], columns=columns
    )
    united = unite_tables([folded, consensus])
    assert dict(united.dtypes) == dict(folded.astype(PROBABILITY_COLUMNS).dtypes)
    assert [tuple(row) for row in united.itertuples(index=False)] == [
        ("x_A", 0, 9, 0.5),
        ("x_A", 1, 8, pytest.approx(0.9)),
        ("y_A", 0, 5, 0.5),
        ("y_A", 0, 7, 0.5),
        ("z_A", 2, 7, pytest.approx(0.7)),
    ]
    pd.testing.assert_frame_equal(unite_tables([united, united.iloc[:0]]), united)


def test_every_backend_can_be_made(tmp_path):
    for backend in BACKENDS:
        made = make_adjacency(
            backend, 0.1, 0, files=tmp_path, program="cat {fasta} {out}", cache=tmp_path / "cache"
        )
        assert made.name == backend
        assert made.options["min_probability"] == 0.1


@pytest.mark.parametrize(
    ("backend", "message"),
    [("rnafold", "expected one of viennarna, file, program, got 'rnafold'"),
     ("file", "backend file needs a folder"),
     ("program", "expected {out} in it")],
)  # fmt: skip
def test_a_backend_without_what_it_needs_is_refused(backend, message):
    with pytest.raises(InputError, match=message):
        make_adjacency(backend, 0.1, 0)


def test_chains_and_targets_of_one_sequence_get_the_same_tables(root, tmp_path):
    main = runpy.run_path(str(root / "scripts/fold_sequences.py"))["main"]
    write_chains([chain("x", HAIRPIN)], tmp_path / "chains.parquet")
    (tmp_path / "targets.fasta").write_text(f">x_A\n{HAIRPIN}\n")
    options = ["--min-probability", "0.01", "--max-span", "0", "--cache", str(tmp_path / "cache")]
    tables = []
    for kind, file in (("--chains", "chains.parquet"), ("--targets", "targets.fasta")):
        out, structures = tmp_path / f"{kind}.parquet", tmp_path / f"{kind}.structures.parquet"
        main([kind, str(tmp_path / file), *options,
              "--out", str(out), "--structures", str(structures)])  # fmt: skip
        tables.append((pd.read_parquet(out), pd.read_parquet(structures)))
    for first, second in zip(*tables, strict=True):
        pd.testing.assert_frame_equal(first, second)
    assert len([path for path in (tmp_path / "cache").rglob("*") if path.is_file()]) == 1
