import gzip
import shutil
from dataclasses import replace

import gemmi
import numpy as np
import pandas as pd
import pytest

from rna_predict.constants import BASES, N_BACKBONE
from rna_predict.errors import InputError
from rna_predict.structure.facts import Facts, read_facts
from rna_predict.structure.fetch import fetch_entries
from rna_predict.structure.filters import Limits
from rna_predict.structure.funnel import count_funnel
from rna_predict.structure.mmcif import write_chain
from rna_predict.structure.parse import parse_shard
from rna_predict.structure.store import write_chains

LIMITS = Limits(9, 500, 9.0, 0.5, 0.3, 0.3, 0.3)
BROKEN = gzip.compress(b"data_x\nloop_\n_atom_site.id\n_atom_site.Cartn_x\n1 2 3\n")
REJECTED = ["entry", "chain", "reason", "detail", "model", "residues"]


@pytest.fixture
def raw(root, tmp_path):
    """Give a folder with some example entries and a file that is none."""
    folder = tmp_path / "raw"
    folder.mkdir()
    for entry in ("1ehz", "434d", "1duq", "1evv", "1a51"):
        shutil.copy(root / "config/example/pdb" / f"{entry}.cif.gz", folder)
    (folder / "1bad.cif.gz").write_bytes(BROKEN)
    return folder


def test_bad_entries_are_rows_and_the_rest_goes_on(raw, write_manifest):
    ids = ("1ehz", "1bad", "434d", "1duq")
    manifest = write_manifest([raw / f"{entry}.cif.gz" for entry in ids], failed=("9abs",))
    chains, rejected, notes = parse_shard(manifest, raw, LIMITS)
    assert [chain.name for chain in chains] == ["1ehz_A", "1duq_A", "1duq_B"]
    assert list(rejected.columns) == REJECTED
    assert rejected.drop(columns="detail").values.tolist() == [
        ["1bad", "", "unreadable", "0", "0"],
        ["434d", "A", "too_short", "1", "7"],
        ["434d", "B", "too_short", "1", "7"],
        ["9abs", "", "not_fetched", "0", "0"],
    ]
    assert {*ids, "9abs"} == {chain.entry for chain in chains} | set(rejected["entry"])
    assert not rejected["detail"].str.contains("\n|\t").any()
    assert notes.empty


def test_facts_fill_what_files_lack_and_differences_are_noted(raw, write_manifest):
    manifest = write_manifest([raw / f"{entry}.cif.gz" for entry in ("1ehz", "1evv", "1a51")])
    facts = {
        "1ehz": Facts(resolution=1.93, release_date="2000-11-02"),
        "1evv": Facts(release_date="2000-06-05"),
        "1a51": Facts(resolution=9.5),
    }
    chains, rejected, notes = parse_shard(manifest, raw, LIMITS, facts=facts)
    dates = {chain.entry: chain.release_date for chain in chains}
    assert dates == {"1ehz": "2000-10-02", "1evv": "2000-06-05"}
    assert rejected[["entry", "reason"]].values.tolist() == [["1a51", "resolution"]]
    detail = "release 2000-10-02 in the file, 2000-11-02 in the table"
    assert notes.values.tolist() == [["1ehz", "", "facts_differ", detail]]
    chains, rejected, notes = parse_shard(manifest, raw, LIMITS)
    assert {chain.entry: bool(chain.release_date) for chain in chains} == {
        "1ehz": True, "1evv": False, "1a51": True
    }  # fmt: skip
    assert rejected.empty and notes.empty


def test_unknown_residues_of_kept_chains_are_noted(raw, write_manifest, example_chains):
    (chain,) = (chain for chain in example_chains if chain.name == "1kxk_A")
    path = raw / "1kxk.cif"
    sequence = chain.sequence[:3] + "N" + chain.sequence[4:]
    coords = chain.coords.copy()
    coords[3, N_BACKBONE:] = np.nan
    chain = replace(chain.with_coords(coords), sequence=sequence)
    write_chain(path, replace(chain, residue_names=(*sequence[:3], "NF2", *sequence[4:])))
    ((read,), _, notes) = parse_shard(write_manifest([path]), raw, LIMITS)
    assert (read.sequence[3], read.residue_names[3]) == ("N", "NF2")
    assert notes.values.tolist() == [["1kxk", "A", "unknown_residues", "1 NF2"]]


def test_all_models_are_kept_when_asked_for(shared_data, write_manifest):
    paths = [shared_data / "pdb" / "17ra.cif.gz"]
    first, _, _ = parse_shard(write_manifest(paths), paths[0].parent, LIMITS)
    chains, rejected, _ = parse_shard(write_manifest(paths), paths[0].parent, LIMITS, models="all")
    assert [chain.model for chain in first] == [1]
    assert [chain.model for chain in chains] == list(range(1, 13))
    assert {chain.name for chain in chains} == {"17ra_A"}
    assert rejected.empty


def test_an_empty_shard_has_tables_with_columns(tmp_path):
    fetch_entries([], "{id}.cif.gz", tmp_path).to_csv(tmp_path / "m.tsv", sep="\t", index=False)
    chains, rejected, notes = parse_shard(tmp_path / "m.tsv", tmp_path, LIMITS)
    assert chains == []
    assert list(rejected.columns) == REJECTED
    assert list(notes.columns) == ["entry", "chain", "note", "detail"]


def test_a_missing_manifest_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        parse_shard(tmp_path / "m.tsv", tmp_path, LIMITS)


def check_nothing_is_lost(shared_data, paths, models, write_manifest, tmp_path):
    """Parse entries; every one, and every chain with a nucleotide by gemmi, is in a table."""
    manifest = write_manifest(paths, failed=("9zzz",))
    facts = read_facts(shared_data / "entries.tsv")
    chains, rejected, _ = parse_shard(manifest, paths[0].parent, LIMITS, models=models, facts=facts)
    kept = {(chain.entry, chain.chain, chain.model) for chain in chains}
    assert len(kept) == len(chains)
    out = rejected[rejected["chain"] != ""]
    places = set(zip(out["entry"], out["chain"], out["model"].astype(int), strict=True))
    for path in paths:
        structure = gemmi.read_structure(str(path))  # its models end with it
        for model in list(structure)[: None if models == "all" else 1]:
            for chain in model:
                if any(residue.name in tuple(BASES) for residue in chain):
                    place = path.name[:4], chain.name or chain[0].subchain, model.num
                    assert (place in kept) or (place in places), place
    assert (rejected["detail"] != "").all()
    write_chains(chains, tmp_path / "chains.parquet")
    rejected.to_csv(tmp_path / "rejected.tsv", sep="\t", index=False)
    funnel = count_funnel([manifest], tmp_path / "rejected.tsv", tmp_path / "chains.parquet")
    first, last = funnel.iloc[0], funnel.iloc[-1]
    entries = {chain.entry for chain in chains}
    assert first["entries_in"] == len(paths) + 1 == len(entries | set(rejected["entry"]))
    assert last["entries_out"] == len(entries)
    assert first["models_in"] == len(chains) + len(out)
    assert last["residues_out"] == sum(map(len, chains))
    lost = first["residues_in"] - last["residues_out"]
    assert lost == pd.to_numeric(out["residues"]).sum()
    return first, last


@pytest.mark.parametrize(("models", "start"), [("first", 0), ("all", 8)])
def test_no_chain_of_a_hundred_entries_is_lost(
    shared_data, models, start, write_manifest, tmp_path
):
    paths = sorted((shared_data / "pdb").glob("*.cif.gz"))[start::16]
    check_nothing_is_lost(shared_data, paths, models, write_manifest, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("models", ["first", "all"])
def test_no_chain_of_the_shared_data_is_lost(shared_data, models, write_manifest, tmp_path):
    paths = sorted((shared_data / "pdb").glob("*.cif.gz"))
    first, last = check_nothing_is_lost(shared_data, paths, models, write_manifest, tmp_path)
    assert first["entries_in"] == 1586
    assert last["entries_out"] > 1500
