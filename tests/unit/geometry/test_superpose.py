import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rna_predict.geometry.superpose import apply_motion, superpose


@pytest.fixture
def cloud() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(30, 3)) * 10


def test_a_known_motion_is_found(cloud):
    rotation = Rotation.random(rng=np.random.default_rng(2)).as_matrix()
    moved = cloud @ rotation.T + [3.0, -20.0, 7.0]
    found, shift = superpose(cloud, moved)
    assert np.allclose(found, rotation)
    assert np.allclose(shift, [3.0, -20.0, 7.0])
    assert np.allclose(apply_motion(cloud, found, shift), moved)


def test_a_mirror_image_is_not_a_match(cloud):
    mirrored = cloud * [-1.0, 1.0, 1.0]
    rotation, shift = superpose(cloud, mirrored)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    apart = np.linalg.norm(apply_motion(cloud, rotation, shift) - mirrored, axis=-1)
    assert apart.mean() > 3


def test_rows_outside_the_mask_do_not_count(cloud):
    rotation = Rotation.random(rng=np.random.default_rng(3)).as_matrix()
    moved = cloud @ rotation.T
    mask = np.arange(30) >= 4
    moved[:2] = np.nan
    moved[2:4] += 100.0
    found, _ = superpose(cloud, moved, mask)
    assert np.allclose(found, rotation)


def test_noise_is_fitted_no_worse_than_by_small_turns_of_the_answer(cloud):
    noisy = cloud + np.random.default_rng(4).normal(size=cloud.shape)
    rotation, shift = superpose(cloud, noisy)
    best = np.square(apply_motion(cloud, rotation, shift) - noisy).sum()
    for axis in np.eye(3):
        turned = Rotation.from_rotvec(0.02 * axis).as_matrix() @ rotation
        shift = noisy.mean(0) - turned @ cloud.mean(0)
        assert np.square(apply_motion(cloud, turned, shift) - noisy).sum() > best


def test_batches_are_fitted_one_by_one(cloud):
    rotations = Rotation.random(4, rng=np.random.default_rng(5)).as_matrix()
    moved = cloud @ np.swapaxes(rotations, -1, -2) + np.arange(4)[:, None, None]
    found, shift = superpose(np.broadcast_to(cloud, moved.shape), moved)
    assert np.allclose(found, rotations)
    assert np.allclose(shift, np.arange(4)[:, None])


def test_points_on_a_plane_get_a_proper_rotation(cloud):
    flat = cloud * [1.0, 1.0, 0.0]
    rotation = Rotation.random(rng=np.random.default_rng(6)).as_matrix()
    found, _ = superpose(flat, flat @ rotation.T)
    assert np.linalg.det(found) == pytest.approx(1.0)
    assert np.allclose(found, rotation)


def test_fewer_than_three_points_are_an_error(cloud):
    with pytest.raises(ValueError, match="at least 3 points, got 2"):
        superpose(cloud, cloud, np.arange(30) < 2)


def test_the_type_of_the_points_is_kept(cloud):
    rotation, shift = superpose(cloud.astype(np.float32), cloud.astype(np.float32))
    assert apply_motion(cloud.astype(np.float32), rotation, shift).dtype == np.float32
