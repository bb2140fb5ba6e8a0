"""FAPE on sugar frames."""

import pytest
import torch

from rna_predict.training.losses.frames import fape_loss


def test_fape_ignores_rigid_motion_and_masked_atoms(truth, moved, mask):
    moved[:, :, ~mask[0]] = 1e4
    assert fape_loss(moved, truth, mask).item() == pytest.approx(0.01, abs=2e-3)


def test_mirror_image_is_an_error(truth, mirror, mask):
    assert fape_loss(mirror, truth, mask) > 2.0


def test_shift_of_half_the_chain_is_seen_across_the_cut(truth, mask):
    """Residues 5 to 9 move as one body: 4 A for half of the pairs of frames and points."""
    predicted = truth[:, None].clone()
    predicted[:, :, 5:] += torch.tensor([4.0, 0.0, 0.0])
    frames = mask[0].any(-1).sum()
    points = [3 if kind == 8 else 4 for kind in range(10)]  # the ninth has no base
    points[8] = 2
    first, second = sum(points[:5]), sum(points[5:])
    share = (5 * second + 5 * first) / (frames * (first + second))
    assert fape_loss(predicted, truth, mask).item() == pytest.approx(4.0 * share.item(), rel=0.01)


def test_far_errors_are_clamped_but_for_a_tenth(truth, mask):
    predicted = truth[:, None].clone()
    predicted[:, :, 5:] += 1000.0
    distance = 1000.0 * 3**0.5
    clamped = fape_loss(predicted, truth, mask, unclamped=0.0)
    free = fape_loss(predicted, truth, mask, unclamped=1.0)
    mixed = fape_loss(predicted, truth, mask)
    assert free / clamped == pytest.approx(distance / 10, rel=0.01)
    torch.testing.assert_close(mixed, 0.9 * clamped + 0.1 * free)


def test_gradient_is_not_flat_for_bad_predictions(truth, mask):
    predicted = truth[:, None].clone()
    predicted[:, :, 5:] += 300.0
    predicted.requires_grad_()
    fape_loss(predicted, truth, mask).backward()
    pull = predicted.grad[:, :, 5:].sum((0, 1, 2, 3))
    assert (pull > 0.01).all()
    with torch.no_grad():
        flat = predicted.detach().clone().requires_grad_()
    with torch.enable_grad():
        fape_loss(flat, truth, mask, unclamped=0.0).backward()
    assert flat.grad[:, :, 5:].sum((0, 1, 2, 3)).abs().max() < 1e-3


def test_residue_without_its_frame_still_shows_its_points(truth, mask):
    cut = mask.clone()
    cut[:, 0, 5] = False  # C4'
    predicted = truth[:, None].clone()
    predicted[:, :, 0] += 3.0
    assert fape_loss(predicted, truth, cut) > 0.1
