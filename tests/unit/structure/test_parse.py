import gzip

import pytest

from rna_predict.errors import InputError
from rna_predict.structure.fetch import fetch_entries
from rna_predict.structure.filters import Limits
from rna_predict.structure.parse import parse_shard

LIMITS = Limits(9, 500, 9.0, 0.5, 0.3, 0.3)


def test_bad_entries_are_rows_and_the_rest_goes_on(root, tmp_path):
    folder, raw = tmp_path / "mirror", tmp_path / "raw"
    folder.mkdir()
    for entry in ("1ehz", "434d", "1duq"):
        name = f"{entry}.cif.gz"
        (folder / name).write_bytes((root / "config/example/pdb" / name).read_bytes())
    broken = gzip.compress(b"data_x\nloop_\n_atom_site.id\n_atom_site.Cartn_x\n1 2 3\n")
    (folder / "1bad.cif.gz").write_bytes(broken)
    ids = ["1ehz", "1bad", "9abs", "434d", "1duq"]
    manifest = tmp_path / "m.tsv"
    table = fetch_entries(ids, str(folder / "{id}.cif.gz"), raw, tries=1)
    table.to_csv(manifest, sep="\t", index=False)
    chains, rejected = parse_shard(manifest, raw, LIMITS)
    assert [chain.name for chain in chains] == ["1ehz_A", "1duq_A", "1duq_B"]
    found = rejected[["entry", "chain", "reason"]].values.tolist()
    assert found == [
        ["1bad", "", "unreadable"],
        ["9abs", "", "not_fetched"],
        ["434d", "A", "too_short"],
        ["434d", "B", "too_short"],
    ]
    assert set(ids) == {chain.entry for chain in chains} | set(rejected["entry"])
    assert not rejected["detail"].str.contains("\n|\t").any()


def test_an_empty_shard_has_tables_with_columns(tmp_path):
    fetch_entries([], "{id}.cif.gz", tmp_path).to_csv(tmp_path / "m.tsv", sep="\t", index=False)
    chains, rejected = parse_shard(tmp_path / "m.tsv", tmp_path, LIMITS)
    assert chains == []
    assert list(rejected.columns) == ["entry", "chain", "reason", "detail"]


def test_a_missing_manifest_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        parse_shard(tmp_path / "m.tsv", tmp_path, LIMITS)
