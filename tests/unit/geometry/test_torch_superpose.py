"""The tensor twin of the superposition."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from rna_predict.geometry import superpose as twin
from rna_predict.geometry.torch_superpose import apply_motion, random_rotations, superpose


@pytest.fixture
def clouds():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(4, 3, 30, 3, generator=generator, dtype=torch.float64).unbind(1)


def test_equals_the_numpy_twin_with_a_mask(clouds):
    mobile, fixed, _ = clouds
    mask = torch.arange(30).expand(4, 30) % 3 > 0
    rotation, translation = superpose(mobile, fixed, mask.double())
    expected = twin.superpose(mobile.numpy(), fixed.numpy(), mask.numpy())
    np.testing.assert_allclose(rotation, expected[0], atol=1e-12)
    np.testing.assert_allclose(translation, expected[1], atol=1e-12)
    moved = twin.apply_motion(mobile.numpy(), *expected)
    np.testing.assert_allclose(apply_motion(mobile, rotation, translation), moved, atol=1e-12)


def test_recovers_a_known_motion(clouds):
    cloud, _, _ = clouds
    turn = random_rotations((4,), torch.Generator().manual_seed(1)).double()
    rotation, translation = superpose(
        cloud, apply_motion(cloud, turn, torch.ones(4, 3).double()), torch.ones(4, 30).double()
    )
    torch.testing.assert_close(rotation, turn, atol=1e-6, rtol=0)
    torch.testing.assert_close(translation, torch.ones(4, 3).double(), atol=1e-6, rtol=0)


def test_mirror_image_is_not_a_match(clouds):
    cloud, _, _ = clouds
    mirror = cloud * torch.tensor([-1.0, 1.0, 1.0])
    rotation, translation = superpose(cloud, mirror, torch.ones(4, 30).double())
    assert torch.linalg.det(rotation) == pytest.approx(np.ones(4))
    assert (apply_motion(cloud, rotation, translation) - mirror).norm(dim=-1).mean() > 0.3


@pytest.mark.parametrize("shape", ["coincident", "collinear", "planar", "one", "two", "masked"])
def test_degenerate_points_give_a_proper_rotation(shape):
    points = torch.zeros(1, 10, 3)
    weight = torch.full((1, 10), 0.0 if shape == "masked" else 1.0)
    if shape in ("collinear", "one", "two"):
        points[..., 0] = torch.arange(10.0)
    if shape in ("one", "two"):
        weight[:, 1 if shape == "one" else 2 :] = 0
    if shape == "planar":
        points[..., :2] = torch.randn(1, 10, 2, generator=torch.Generator().manual_seed(0))
    rotation, translation = superpose(points, points.flip(1), weight)
    torch.testing.assert_close(rotation @ rotation.mT, torch.eye(3)[None])
    assert torch.linalg.det(rotation) == pytest.approx(1.0)
    assert translation.isfinite().all()


def test_two_points_of_one_distance_fall_on_each_other():
    mobile = torch.tensor([[[0.0, 0, 0], [0, 3, 0]]])
    fixed = torch.tensor([[[5.0, 1, 1], [5, 1, 4]]])
    moved = apply_motion(mobile, *superpose(mobile, fixed, torch.ones(1, 2)))
    torch.testing.assert_close(moved, fixed, atol=1e-5, rtol=0)


def test_weighted_rotation_equals_scipy():
    generator = np.random.default_rng(0)
    mobile, fixed = generator.normal(size=(2, 20, 3))
    weight = generator.uniform(size=20)
    share = weight / weight.sum()
    expected, _ = Rotation.align_vectors(
        fixed - share @ fixed, mobile - share @ mobile, weights=weight
    )
    rotation, _ = superpose(*(torch.from_numpy(x) for x in (mobile, fixed, weight)))
    np.testing.assert_allclose(rotation, expected.as_matrix(), atol=1e-7)


def test_autocast_and_half_precision_points_do_not_lower_the_precision(clouds):
    mobile, fixed, _ = (cloud.float() for cloud in clouds)
    weight = torch.ones(4, 30)
    expected = superpose(mobile, fixed, weight)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = superpose(mobile, fixed, weight)
    torch.testing.assert_close(found, expected)
    half = superpose(mobile.bfloat16(), fixed.bfloat16(), weight)
    assert half[0].dtype == torch.float32
    torch.testing.assert_close(half[0] @ half[0].mT, torch.eye(3).expand(4, 3, 3))


def test_random_rotations_are_proper_uniform_and_seeded():
    rotations = random_rotations((2000,), torch.Generator().manual_seed(0))
    torch.testing.assert_close(rotations @ rotations.mT, torch.eye(3).expand(2000, 3, 3))
    assert torch.allclose(torch.linalg.det(rotations), torch.ones(2000))
    assert rotations.mean(0).abs().max() < 0.05  # a uniform rotation has mean zero
    again = random_rotations((2000,), torch.Generator().manual_seed(0))
    assert torch.equal(rotations, again)
