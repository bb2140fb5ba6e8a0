"""Errors after superposition, and their gradient."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from rna_predict.training.losses.alignment import (
    aligned_mse,
    aligned_square,
    distance_error,
    global_error,
    local_error,
    multiscale_loss,
    rigid_align,
)


def test_mse_ignores_rigid_motion_and_masked_atoms(truth, moved, mask):
    moved[:, :, ~mask[0]] = 1e4
    assert aligned_mse(moved, truth, mask).item() == pytest.approx(0.0, abs=1e-6)


def test_mse_of_a_mirror_image_is_large(truth, mirror, mask):
    assert aligned_mse(mirror, truth, mask) > 1.0


def test_mse_of_a_known_error(truth, mask):
    """Scaling about the centre needs no rotation: the error of each atom is known."""
    centred = truth - truth[mask].mean(0)
    expected = (0.1 * centred[mask]).square().mean()
    torch.testing.assert_close(aligned_mse((1.1 * centred)[:, None], truth, mask), expected)


def test_mse_weights_each_sample(truth, moved, mask, jittered):
    predicted = torch.cat([jittered(moved[:, :1], 1.0), moved[:, 1:2]], dim=1)
    plain = aligned_mse(predicted, truth, mask)
    weighted = aligned_mse(predicted, truth, mask, torch.tensor([[3.0, 100.0]]))
    assert weighted.item() == pytest.approx(3 * plain.item(), rel=1e-3)


def test_weighted_alignment_equals_scipy():
    generator = np.random.default_rng(0)
    mobile, fixed = generator.normal(size=(2, 20, 3))
    weight = generator.uniform(size=20)
    share = weight / weight.sum()
    apart, onto = mobile - share @ mobile, fixed - share @ fixed
    rotation, _ = Rotation.align_vectors(onto, apart, weights=weight)
    expected = rotation.apply(apart) + share @ fixed
    ours = rigid_align(*(torch.from_numpy(x) for x in (mobile, fixed, weight)))
    np.testing.assert_allclose(ours, expected, atol=1e-9)
    square = aligned_square(*(torch.from_numpy(x) for x in (fixed, mobile, weight)))
    assert square.item() == pytest.approx(share @ np.square(expected - fixed).mean(1))


def test_atoms_of_more_weight_move_the_motion_towards_them(truth, moved, mask, jittered):
    predicted = jittered(moved, 2.0)
    heavy = torch.ones(mask.shape)
    heavy[:, 0] = 1e6
    first = mask & (torch.arange(10) == 0)[None, :, None]
    assert aligned_mse(predicted, truth, mask, atom_weight=heavy).item() == pytest.approx(
        aligned_mse(predicted, truth, first).item(), rel=1e-3
    )


def test_gradient_is_exact_although_none_passes_through_the_motion():
    generator = torch.Generator().manual_seed(3)
    predicted, truth = torch.randn(2, 2, 8, 3, generator=generator, dtype=torch.float64)
    weight = torch.rand(2, 8, generator=generator, dtype=torch.float64)
    predicted.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: aligned_square(x, truth, weight), predicted)


@pytest.mark.parametrize("shape", ["one", "two", "coincident", "collinear", "planar", "exact"])
def test_gradient_is_finite_where_the_motion_is_not_determined(shape):
    generator = torch.Generator().manual_seed(4)
    truth = torch.randn(1, 12, 3, generator=generator)
    predicted = torch.randn(1, 12, 3, generator=generator)
    weight = torch.ones(1, 12)
    if shape in ("one", "two"):
        weight[:, 1 if shape == "one" else 2 :] = 0
    if shape == "coincident":
        predicted[:] = predicted[:, :1]
    if shape == "collinear":
        predicted[..., 1:] = 0
    if shape == "planar":
        predicted[..., 2] = 0
    if shape == "exact":
        predicted = truth.clone()
    predicted.requires_grad_()
    square = aligned_square(predicted, truth, weight)
    square.sum().backward()
    assert square.isfinite().all() and predicted.grad.isfinite().all()
    if shape in ("one", "exact"):
        assert square.item() == pytest.approx(0.0, abs=1e-10)


def test_scales_of_a_hinge(truth, mask, index):
    """Two rigid halves: no window but those across the hinge is wrong, the whole is."""
    predicted = truth[:, None].clone()
    turn = torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    predicted[:, :, 5:] = (predicted[:, :, 5:] - truth[0, 5, 0]) @ turn.T + truth[0, 5, 0]
    broken = torch.cat([index[:, :5], index[:, 5:] + 20], dim=1)
    assert global_error(predicted, truth, mask) > 1.0
    assert distance_error(predicted, truth, mask) > 1.0
    assert local_error(predicted, truth, mask, index) > 1.0
    assert local_error(predicted, truth, mask, broken) == 0  # every window of 8 spans the gap


def test_multiscale_ignores_rigid_motion_but_not_a_mirror(truth, moved, mirror, mask, index):
    assert multiscale_loss(moved, truth, mask, index).item() == pytest.approx(0.0, abs=5e-3)
    assert distance_error(mirror, truth, mask).item() == pytest.approx(0.0, abs=1e-4)
    assert global_error(mirror, truth, mask) > 1.0
    assert local_error(mirror, truth, mask, index) > 1.0


def test_multiscale_pulls_as_hard_from_far_away_as_from_near(truth, mask, index):
    """Twice as long a chain, ten times as long: the gradient towards the truth does not fade."""
    pulls = []
    for stretch in (2.0, 10.0):
        factor = torch.tensor(stretch, requires_grad=True)
        centred = truth - truth[mask].mean(0)
        multiscale_loss((factor * centred)[:, None], truth, mask, index).backward()
        pulls.append(factor.grad.item())
    assert pulls[1] == pytest.approx(pulls[0], rel=0.01) and pulls[0] > 0
