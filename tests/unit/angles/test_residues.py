import numpy as np
import pytest

from rna_predict.angles.residues import ORDER, residue_table
from rna_predict.angles.table import COLUMNS, measure_angles


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
    assert mine["delta"].to_numpy() == pytest.approx(delta, abs=1e-4)
    torsions = table[list(set(ORDER) - {"phase", "amplitude"})].to_numpy()
    assert np.nanmin(torsions) > -180.0001
    assert np.nanmax(torsions) <= 180.0001
    assert (
        table["phase"].between(0, 360, inclusive="left").where(table["phase"].notna(), True).all()
    )


def test_all_torsions_and_the_pucker_are_columns():
    assert set(ORDER) == set(COLUMNS)
