import numpy as np
import pytest

from rna_predict.evaluate.complexes import join_chains, pair_complexes
from rna_predict.evaluate.pairing import matched_coords
from rna_predict.evaluate.rmsd import rmsd, superposed_distances
from rna_predict.structure.mmcif import read_chains

SQUARE = np.array([[0.0, 0, 0], [4, 0, 0], [4, 4, 0], [0, 4, 0]])


def test_rigid_motion_has_no_distance():
    moved = SQUARE[:, [1, 2, 0]] + 5.0
    np.testing.assert_allclose(superposed_distances(moved, SQUARE), 0.0, atol=1e-12)


def test_stretched_square_has_the_known_rmsd():
    assert rmsd(SQUARE * 1.5, SQUARE) == pytest.approx(0.5 * np.sqrt(8.0))


def test_masked_points_have_no_part():
    model = SQUARE.copy()
    model[3] = np.nan
    distances = superposed_distances(model, SQUARE, np.array([True, True, True, False]))
    np.testing.assert_allclose(distances[:3], 0.0, atol=1e-12)
    assert np.isnan(distances[3])


def test_official_rmsds_of_rna_puzzles_are_met(official):
    """All common heavy atoms; rp03, rp12 and rp15 were compared with other natives."""
    table = official[official["rmsds_rmsd_all"].notna()]
    table = table[~table["puzzle"].isin(["rp03", "rp12", "rp15"])]
    found = []
    for row in table.itertuples():
        model, native = read_chains(row.model), read_chains(row.native)
        pairing = pair_complexes(model, native, "number")
        joined = join_chains(native)
        matched = matched_coords(join_chains(model), joined, pairing)
        common = np.isfinite(matched).all(-1)
        found.append(rmsd(matched[common], joined.coords[common]))
    apart = np.abs(found - table["rmsds_rmsd_all"])
    assert len(apart) == 144
    worst = apart.idxmax()
    assert apart.max() < 0.01, (table.loc[worst, "model"], apart.max())
