"""The scripts of the first two stages, one after the other, as the workflow runs them."""

import runpy

import pandas as pd
import pytest

from rna_predict.structure.export import ChainExport
from rna_predict.structure.mmcif import read_chains

LIMITS = {
    "--min-length": 9, "--max-length": 500, "--max-resolution": 9.0, "--min-observed": 0.5,
    "--max-modified": 0.3, "--max-unknown": 0.3, "--max-broken": 0.3, "--models": "first",
}  # fmt: skip


@pytest.fixture
def run(root):
    """Call the main function of a script."""

    def call(name: str, *args) -> None:
        script = runpy.run_path(str(root / "scripts" / f"{name}.py"))
        script["main"]([str(arg) for arg in args])

    return call


def test_entries_become_chains_angles_and_natives(run, root, tmp_path):
    source = root / "config/example/pdb/{id}.cif.gz"
    facts = tmp_path / "facts.tsv"
    facts.write_text("pdb_id\tmethod\n1y26\tSOLUTION NMR\n")
    ids = tmp_path / "ids.txt"
    ids.write_text("1y26  # a riboswitch\n\n333d\n")
    for shard, extra in (("000", ["--ids-file", ids]), ("001", ["--ids", "1ehz", "9zzz"])):
        manifest = tmp_path / f"{shard}.tsv"
        chains, rejected = tmp_path / f"{shard}.chains.parquet", tmp_path / f"{shard}.rejected.tsv"
        run("fetch_entries", *extra, "--source", source, "--raw-dir", tmp_path / "raw",
            "--jobs", 2, "--out", manifest)  # fmt: skip
        limits = [item for pair in LIMITS.items() for item in pair]
        run("parse_structures", "--manifest", manifest, "--raw-dir", tmp_path / "raw", *limits,
            "--facts", facts, "--out", chains, "--rejected", rejected,
            "--notes", tmp_path / f"{shard}.notes.tsv")  # fmt: skip
        run("compute_angles", "--chains", chains, "--out", tmp_path / f"{shard}.angles.parquet",
            "--manifest", tmp_path / f"{shard}.json")  # fmt: skip
    for table in ("chains.parquet", "angles.parquet", "rejected.tsv", "notes.tsv"):
        parts = [tmp_path / f"{shard}.{table}" for shard in ("000", "001")]
        run("merge_tables", "--tables", *parts, "--out", tmp_path / table)
    expected = ["1y26_X", "1ehz_A"]
    assert pd.read_parquet(tmp_path / "chains.parquet")["chain_id"].tolist() == expected
    assert pd.read_parquet(tmp_path / "angles.parquet")["chain_id"].tolist() == expected
    rejected = pd.read_csv(tmp_path / "rejected.tsv", sep="\t", keep_default_na=False)
    assert rejected[["entry", "reason"]].values.tolist() == [
        ["333d", "too_short"], ["9zzz", "not_fetched"]
    ]  # fmt: skip
    notes = pd.read_csv(tmp_path / "notes.tsv", sep="\t", keep_default_na=False)
    assert notes[["entry", "note"]].values.tolist() == [["1y26", "facts_differ"]]
    manifests = [tmp_path / f"{shard}.tsv" for shard in ("000", "001")]
    run("write_funnel", "--manifests", *manifests, "--rejected", tmp_path / "rejected.tsv",
        "--chains", tmp_path / "chains.parquet", "--out", tmp_path / "funnel.tsv")  # fmt: skip
    funnel = pd.read_csv(tmp_path / "funnel.tsv", sep="\t", keep_default_na=False)
    assert funnel["entries_in"].tolist()[::13] == [4, 2]
    run("export_chains", "--chains", tmp_path / "chains.parquet", "--out", tmp_path / "x.bin")
    assert ChainExport(tmp_path / "x.bin").keys() == [(name, 1) for name in expected]
    native = tmp_path / "1y26_X.cif"
    run("extract_native", "--chains", tmp_path / "chains.parquet", "--chain", "1y26_X",
        "--out", native)  # fmt: skip
    (chain,) = read_chains(native)
    assert (chain.chain, len(chain)) == ("X", 71)
