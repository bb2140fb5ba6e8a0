import numpy as np
import pandas as pd
import pytest

from rna_predict.angles.residues import ORDER, residue_table
from rna_predict.angles.table import COLUMNS, measure_angles
from rna_predict.cli import main
from rna_predict.structure.mmcif import read_chains, write_chain


def test_observed_residues_are_listed_in_degrees(example_chains):
    chain = next(chain for chain in example_chains if chain.name == "2gdi_X")
    coords = chain.coords.copy()
    coords[3:6] = np.nan
    chain = chain.with_coords(coords)
    table = residue_table([chain, example_chains[0]])
    mine = table[table["chain"] == "X"]
    assert mine["index"].tolist() == np.flatnonzero(chain.observed).tolist()
    assert mine["residue"].tolist()[0] == "GTP"
    assert "".join(mine["base"]) == chain.sequence[:3] + chain.sequence[6:]
    assert mine["auth_number"].tolist() == chain.auth_numbers[chain.observed].tolist()
    assert list(table.columns[6:]) == list(ORDER)
    (angles,) = measure_angles([chain], "mdanalysis")
    delta = np.rad2deg(angles[chain.observed, COLUMNS.index("delta")])
    assert mine["delta"].to_numpy() == pytest.approx(delta, abs=1e-3)


def test_rounding_never_reaches_the_end_that_a_range_leaves_out(monkeypatch, example_chains):
    chain = next(chain for chain in example_chains if chain.name == "1kxk_A")
    (angles,) = measure_angles([chain], "mdanalysis")
    angles[5:9, COLUMNS.index("delta")] = np.deg2rad([-179.9998, 179.9998, -180.0, -0.0002])
    angles[5:7, COLUMNS.index("phase")] = np.deg2rad([359.9998, 359.9994])
    monkeypatch.setattr("rna_predict.angles.residues.measure_angles", lambda *_: [angles])
    lines = residue_table([chain]).to_csv(sep="\t", float_format="%.3f", index=False).splitlines()
    cells = [dict(zip(lines[0].split("\t"), line.split("\t"), strict=True)) for line in lines[1:]]
    assert [row["delta"] for row in cells[5:9]] == ["180.000", "180.000", "180.000", "0.000"]
    assert [row["phase"] for row in cells[5:7]] == ["0.000", "359.999"]
    assert cells[0]["alpha"] == ""
    printed = {row[name] for row in cells for name in ORDER}
    assert not printed & {"-180.000", "360.000", "-0.000"}


@pytest.mark.parametrize("suffix", [".cif", ".cif.gz", ".pdb", ".pdb.gz"])
def test_the_command_gives_the_same_table_for_every_format(example_chains, tmp_path, suffix):
    chain = next(chain for chain in example_chains if chain.name == "1ehz_A")
    write_chain(tmp_path / f"1ehz{suffix}", chain)
    out = tmp_path / "angles.tsv"
    assert main(["angles", str(tmp_path / f"1ehz{suffix}"), "--out", str(out)]) == 0
    table = pd.read_csv(out, sep="\t", dtype={"ins_code": str})
    assert list(table.columns) == [
        "chain", "index", "auth_number", "ins_code", "residue", "base", *ORDER
    ]  # fmt: skip
    expected = residue_table([chain])
    assert table[list(ORDER)].to_numpy() == pytest.approx(
        expected[list(ORDER)].to_numpy(), abs=1e-9, nan_ok=True
    )
    assert table["residue"].tolist() == list(chain.residue_names)
    assert table["auth_number"].tolist() == chain.auth_numbers.tolist()


def test_the_first_model_alone_is_listed(shared_data):
    path = shared_data / "pdb" / "1a51.cif.gz"
    models = read_chains(path, models="all")
    assert len({chain.model for chain in models}) > 1
    assert len(residue_table(read_chains(path))) == models[0].observed.sum()


def test_all_torsions_and_the_pucker_are_columns():
    assert set(ORDER) == set(COLUMNS)
