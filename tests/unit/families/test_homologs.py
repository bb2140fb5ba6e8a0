import runpy

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.families.covariance_models import read_models
from rna_predict.families.homologs import HOMOLOG_SCHEMA, homolog_table
from rna_predict.families.infernal import make_program
from rna_predict.families.members import ALIGNMENT_SCHEMA, chain_sequences
from rna_predict.families.search import search_families
from rna_predict.structure.store import write_chains


@pytest.fixture(scope="module")
def folder(root):
    return root / "config" / "example" / "rfam"


@pytest.fixture(scope="module")
def models(folder):
    return read_models([folder])


@pytest.fixture(scope="module")
def sequences(example_chains):
    return chain_sequences(example_chains)


@pytest.fixture(scope="module")
def members(sequences, models):
    _, rows = search_families(sequences, models, make_program("pyinfernal", 1.0, 1.0))
    return pd.DataFrame(rows, columns=ALIGNMENT_SCHEMA.names)


def test_homologs_of_the_example_trnas(sequences, members, models, folder):
    table, faults = homolog_table(sequences, members, models, folder)
    assert faults == []
    table = table.to_pandas()
    assert set(table["chain_id"]) == {"1ehz_A", "1evv_A", "6tna_A"}
    assert (table.groupby("chain_id").size() == 256).all()
    for row in table.itertuples():
        sequence = sequences[row.chain_id]
        assert len(row.row) == len(sequence)
        both = [(a, b) for a, b in zip(row.row, sequence, strict=True) if a in "ACGU"]
        assert np.mean([a == b for a, b in both]) == pytest.approx(row.identity, abs=1e-6)
    assert table["identity"].between(0.1, 0.999).all()
    assert (table["coverage"] >= 0.5).all()


def test_depth_and_coverage_are_bounded(sequences, members, models, folder):
    table, _ = homolog_table(sequences, members, models, folder, max_depth=10, min_coverage=0.99)
    table = table.to_pandas()
    assert (table.groupby("chain_id").size() == 10).all()
    assert (table["coverage"] >= 0.99).all()


def test_without_seeds_the_table_is_empty(sequences, members, models, tmp_path):
    for seeds in (None, tmp_path):
        table, faults = homolog_table(sequences, members, models, seeds)
        assert table.num_rows == 0
        assert table.schema.equals(HOMOLOG_SCHEMA)
        assert faults == []


def test_a_seed_that_cannot_be_used_is_told_and_the_others_are(
    sequences, members, models, folder, tmp_path
):
    (tmp_path / "RF00005.sto").write_text((folder / "RF00005.sto").read_text())
    (tmp_path / "RF00029.sto").write_text("# STOCKHOLM 1.0\nx ACGU\n//\n")
    table, faults = homolog_table(sequences, members, models, tmp_path)
    assert table.num_rows > 0
    (fault,) = faults
    assert fault.endswith("RF00029.sto: no reference line (#=GC RF) to tell consensus columns by")


def test_a_member_of_an_absent_model_is_an_error(sequences, members, models, folder):
    others = [model for model in models if model.family != "RF00005"]
    with pytest.raises(InputError, match="of chain 1ehz_A is not there"):
        homolog_table(sequences, members, others, folder)


def test_the_scripts_make_the_tables_of_chains_and_of_targets(
    root, folder, example_chains, sequences, tmp_path, capsys
):
    def run(name, *args):
        script = runpy.run_path(str(root / "scripts" / f"{name}.py"))
        script["main"]([str(arg) for arg in args])

    write_chains(example_chains, tmp_path / "chains.parquet")
    fasta = "".join(f">{name}\n{text}\n" for name, text in sequences.items())
    (tmp_path / "targets.fasta").write_text(fasta)
    tables = []
    for kind, path in (("chains", "chains.parquet"), ("targets", "targets.fasta")):
        given = (f"--{kind}", tmp_path / path, "--models", folder)
        out = tmp_path / kind
        run("search_families", *given, "--clans", folder / "Rfam.clanin", "--max-evalue", 1.0,
            "--database-size", 1.0, "--cache", tmp_path / "cache", "--out", out / "families.tsv",
            "--alignments", out / "alignments.parquet")  # fmt: skip
        aligned = (*given, "--alignments", out / "alignments.parquet")
        run("project_consensus", *aligned, "--out", out / "consensus.parquet")
        run("align_homologs", *aligned, "--seeds", folder, "--out", out / "homologs.parquet")
        assert "768 homologs; 0 seeds could not be used" in capsys.readouterr().out
        tables.append(
            [pd.read_csv(out / "families.tsv", sep="\t"),
             *(pd.read_parquet(out / f"{name}.parquet") for name in ("consensus", "homologs"))]
        )  # fmt: skip
    for one, other in zip(*tables, strict=True):
        assert len(one)
        pd.testing.assert_frame_equal(one, other)
