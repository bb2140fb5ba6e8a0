"""The scripts from pairs to audit, one after the other, as the workflow runs them."""

import runpy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.structure.store import write_chains


@pytest.fixture
def run(root):
    """Call the main function of a script."""

    def call(name, *args):
        script = runpy.run_path(str(root / "scripts" / f"{name}.py"))
        script["main"]([str(arg) for arg in args])

    return call


@pytest.fixture
def files(tmp_path, run, root, example_chains):
    """Write the tables of the example up to the split, hold-outs included."""
    paths = {name: tmp_path / f"{name}.tsv" for name in ("families", "clusters", "splits")}
    paths["chains"] = tmp_path / "chains.parquet"
    write_chains(example_chains, paths["chains"])
    run("search_families", "--chains", paths["chains"], "--models", root / "config/example/rfam",
        "--max-evalue", 1.0, "--database-size", 1.0, "--out", paths["families"])  # fmt: skip
    run("cluster_sequences", "--chains", paths["chains"], "--identity", 0.9, "--coverage", 0.8,
        "--out", paths["clusters"])  # fmt: skip
    run("split_chains", "--chains", paths["chains"], "--families", paths["families"],
        "--clusters", paths["clusters"], "--holdouts", "1evv_A", "absent",
        "--fractions", 0.7, 0.15, 0.15, "--cutoff", "", "--seed", 0,
        "--out", paths["splits"])  # fmt: skip
    return paths


def audit(run, files, out, *more):
    tables = ("chains", "families", "clusters", "splits")
    options = [item for name in tables for item in (f"--{name}", files[name])]
    run("audit_leakage", *options, "--cutoff", "", *more, "--out", out)


def test_pairs_and_probabilities_are_written(run, files, tmp_path):
    pairs, probabilities = tmp_path / "pairs.parquet", tmp_path / "probabilities.parquet"
    run("annotate_pairs", "--chains", files["chains"], "--out", pairs)
    run("fold_sequences", "--chains", files["chains"], "--min-probability", 0.05, "--max-span", 0,
        "--out", probabilities)  # fmt: skip
    table = pd.read_parquet(pairs)
    assert list(table.columns) == ["chain_id", "model", "i", "j", "lw", "bases"]
    assert (table["i"] < table["j"]).all()
    assert "1ehz_A" in set(table["chain_id"])
    table = pd.read_parquet(probabilities)
    assert list(table.columns) == ["chain_id", "i", "j", "probability"]
    assert str(table["probability"].dtype) == "float32"
    assert (table["probability"] >= 0.05).all()


def test_a_hold_out_takes_its_family_to_test_and_the_audit_passes(run, files, tmp_path, capsys):
    audit(run, files, tmp_path / "leakage.tsv")
    splits = pd.read_csv(files["splits"], sep="\t", keep_default_na=False).set_index("chain_id")
    held = splits[splits["reason"] == "holdout"]
    assert set(held.index) == {"1ehz_A", "1evv_A", "6tna_A"}
    assert set(held["split"]) == {"test"}
    assert pd.read_csv(tmp_path / "leakage.tsv", sep="\t").empty
    assert "no leaks" in capsys.readouterr().out


def test_an_unknown_hold_out_is_told(capsys, files):
    assert "hold-out absent: no such chain or entry" in capsys.readouterr().out


def split(run, files, *more):
    out = files["splits"].with_name("again.tsv")
    run("split_chains", "--chains", files["chains"], "--families", files["families"],
        "--clusters", files["clusters"], "--fractions", 0.7, 0.15, 0.15, "--seed", 0,
        "--out", out, *more)  # fmt: skip
    return pd.read_csv(out, sep="\t", keep_default_na=False).set_index("chain_id")


def test_hold_outs_of_a_table_are_held_out_and_the_summary_counts_them(run, files, tmp_path):
    held, summary = tmp_path / "holdouts.tsv", tmp_path / "summary.tsv"
    held.write_text("puzzle\tpdb_id\nrp1\t1EVV\n")
    table = split(run, files, "--holdout-table", held, "--summary", summary)
    assert set(table.index[table["reason"] == "holdout"]) == {"1ehz_A", "1evv_A", "6tna_A"}
    numbers = pd.read_csv(summary, sep="\t").set_index("side")
    assert list(numbers.index) == [
        "train", "validation", "test", "quarantine", "held out at E <= 0.001", "held out at E <= 1",
    ]  # fmt: skip
    assert numbers.loc["held out at E <= 0.001", "residues"] == 3 * 76
    assert numbers.loc[["train", "validation", "test"], "chains"].sum() == len(table)


def test_an_earlier_split_is_kept_by_another_seed(run, files):
    before = pd.read_csv(files["splits"], sep="\t", keep_default_na=False).set_index("chain_id")
    table = split(run, files, "--previous", files["splits"], "--seed", 9)
    assert table["split"].equals(before["split"])


def test_neighbours_are_searched_joined_and_audited(run, files, tmp_path, example_chains):
    trna = next(chain for chain in example_chains if chain.name == "1ehz_A")
    coords = trna.coords.copy()
    coords[:, 12:] = np.nan
    letters = "".join(np.random.default_rng(0).permutation(list(trna.sequence)))
    twin = replace(
        trna, entry="9fak", sequence=letters, coords=coords, atom_mask=np.isfinite(coords).all(-1)
    )
    write_chains([*example_chains, twin], files["chains"])
    run("cluster_sequences", "--chains", files["chains"], "--identity", 0.9, "--coverage", 0.8,
        "--out", files["clusters"])  # fmt: skip
    near = tmp_path / "neighbours.tsv"
    run("find_neighbours", "--chains", files["chains"], "--families", files["families"],
        "--clusters", files["clusters"], "--tm", 0.45, "--out", near)  # fmt: skip
    found = pd.read_csv(near, sep="\t")
    assert set(found["neighbour"]) == {"9fak_A"}
    joined = split(run, files, "--neighbours", near, "--holdouts", "1evv")
    assert joined.loc["9fak_A", ["split", "reason"]].tolist() == ["test", "holdout"]
    files["splits"] = files["splits"].with_name("again.tsv")
    nearest, evidence = tmp_path / "nearest.tsv", tmp_path / "logs" / "pairs.tsv"
    more = "--neighbours", 10, "--nearest", nearest, "--evidence", evidence
    audit(run, files, tmp_path / "leakage.tsv", *more)
    table = pd.read_csv(nearest, sep="\t", keep_default_na=False)
    assert set(table["chain_id"]) == set(joined.index[joined["split"] == "test"])
    joined["split"] = joined["split"].where(joined.index != "9fak_A", "train")
    joined["component"] = joined["component"].where(joined.index != "9fak_A", "9fak_A")
    joined.reset_index().to_csv(files["splits"], sep="\t", index=False)
    with pytest.raises(SystemExit, match=r"structure +9fak_A +1ehz_A"):
        audit(run, files, tmp_path / "leakage.tsv", *more)
    assert set(pd.read_csv(evidence, sep="\t")["kind"]) == {"structure"}


def test_the_split_is_set_beside_a_random_one(run, files, tmp_path):
    out = tmp_path / "comparison.tsv"
    run("compare_splits", "--chains", files["chains"], "--families", files["families"],
        "--clusters", files["clusters"], "--splits", files["splits"],
        "--fractions", 0.7, 0.15, 0.15, "--seed", 0, "--out", out)  # fmt: skip
    table = pd.read_csv(out, sep="\t").set_index("what")
    assert table.loc["leaks: all", "components"] == 0
    assert table.loc["leaks: all", "random"] > 0


def test_a_leak_is_written_and_named_and_ends_with_status_one(run, files, tmp_path):
    splits = pd.read_csv(files["splits"], sep="\t", keep_default_na=False)
    splits.loc[splits["chain_id"] == "6tna_A", "split"] = "train"
    splits.to_csv(files["splits"], sep="\t", index=False)
    out = tmp_path / "leakage.tsv"
    with pytest.raises(SystemExit) as stopped:
        audit(run, files, out)
    assert isinstance(stopped.value.code, str)  # a message: the interpreter exits with status 1
    assert "6tna_A" in stopped.value.code
    kinds = set(pd.read_csv(out, sep="\t")["kind"])
    assert {"family", "cluster", "component", "sequence"} <= kinds


def test_a_target_of_the_training_side_is_a_leak(run, files, tmp_path, example_chains):
    splits = pd.read_csv(files["splits"], sep="\t", keep_default_na=False).set_index("chain_id")
    chain = next(c for c in example_chains if splits.loc[c.name, "split"] == "train")
    targets = tmp_path / "targets.fasta"
    targets.write_text(f">mine\n{chain.sequence}\n")
    with pytest.raises(SystemExit, match=f"target.*{chain.name}.*mine"):
        audit(run, files, tmp_path / "leakage.tsv", "--targets", targets)
    again = tmp_path / "again.tsv"
    run("split_chains", "--chains", files["chains"], "--families", files["families"],
        "--clusters", files["clusters"], "--targets", targets, "--fractions", 0.7, 0.15, 0.15,
        "--seed", 0, "--out", again)  # fmt: skip
    files["splits"] = again
    audit(run, files, tmp_path / "leakage.tsv", "--targets", targets)
    splits = pd.read_csv(again, sep="\t", keep_default_na=False).set_index("chain_id")
    assert splits.loc[chain.name, "split"] == "test"
