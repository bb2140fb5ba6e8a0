import numpy as np
import pytest

from rna_predict.evaluate.rmsd import rmsd, superposed_distances

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


def test_official_rmsds_of_rna_puzzles_are_met(shared_data):
    import pandas as pd

    from rna_predict.evaluate.models import read_models
    from rna_predict.evaluate.scores import score_models

    folder = shared_data / "rna_puzzles" / "rp18"
    paths = sorted((folder / "models").glob("*.pdb"))
    native, *models = read_models([folder / "native.pdb", *paths])
    table = score_models(models, native, [path.name for path in paths]).set_index("model")
    official = pd.read_csv(folder / "official_rmsds.csv").set_index("fn")["rmsd_all"]
    both = table.join(official, how="inner")
    assert len(both) == 6
    assert (both["rmsd"] - both["rmsd_all"]).abs().max() < 0.01
