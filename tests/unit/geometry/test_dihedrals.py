import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rna_predict.geometry.dihedrals import bond_angle, circular_difference, dihedral


def points(angle: float) -> np.ndarray:
    """Four points whose dihedral is ``angle`` degrees: clockwise looking along +z is positive."""
    turn = np.deg2rad(angle)
    return np.array([[[1.0, 0, 0], [0, 0, 0], [0, 0, 1], [np.cos(turn), np.sin(turn), 1]]])


@pytest.mark.parametrize("angle", [-179.9, -90.0, -1e-3, 0.0, 1e-3, 60.0, 90.0, 179.9, 180.0])
def test_a_made_angle_is_measured_with_its_sign(angle):
    assert np.rad2deg(dihedral(points(angle))) == pytest.approx(angle, abs=1e-9)


def test_motions_keep_the_angle_and_mirrors_turn_its_sign():
    rotation = Rotation.random(rng=np.random.default_rng(0)).as_matrix()
    moved = points(47.0) @ rotation.T + 5.0
    assert np.rad2deg(dihedral(moved)) == pytest.approx(47.0)
    assert np.rad2deg(dihedral(moved * [1.0, 1.0, -1.0])) == pytest.approx(-47.0)


def test_a_missing_point_gives_nan_and_batches_keep_their_shape():
    batch = np.stack([points(a)[0] for a in (10.0, 20.0, 30.0, 40.0)]).reshape(2, 2, 4, 3)
    batch[1, 0, 2] = np.nan
    found = np.rad2deg(dihedral(batch))
    assert found.shape == (2, 2)
    assert np.isnan(found).tolist() == [[False, False], [True, False]]
    assert found[1, 1] == pytest.approx(40.0)


def test_differences_take_the_short_way_round():
    first, second = (
        np.deg2rad([179.0, -179.0, 10.0, 0.0]),
        np.deg2rad([-179.0, 179.0, 350.0, 180.0]),
    )
    apart = np.rad2deg(circular_difference(first, second))
    assert apart == pytest.approx([-2.0, 2.0, 20.0, -180.0])
    assert np.isnan(circular_difference(np.array([np.nan]), np.array([0.0]))).all()


def test_angles_of_three_points_are_exact_at_both_ends():
    for degrees in (0.0, 1e-6, 60.0, 109.5, 180.0 - 1e-6, 180.0):
        turn = np.deg2rad(degrees)
        bent = np.array([[2.0, 0, 0], [0, 0, 0], [3 * np.cos(turn), 3 * np.sin(turn), 0]])
        assert np.rad2deg(bond_angle(bent[None] + 5.0)) == pytest.approx(degrees, abs=1e-9)
    assert np.isnan(bond_angle(np.full((2, 3, 3), np.nan))).all()
