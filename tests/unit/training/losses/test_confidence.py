"""Confidence against the errors of samples."""

import pytest
import torch

from rna_predict.training.losses.confidence import pae_loss, pde_loss, plddt_loss, resolved_loss


def test_confidence_losses_are_least_for_the_right_bin(truth, moved, mask):
    for loss in (pae_loss, pde_loss):
        right = torch.zeros(1, 3, 10, 10, 64)
        right[..., 0] = 50.0
        assert loss(right, moved, truth, mask, 32.0).item() < 1e-6
        shifted = torch.zeros(1, 3, 10, 10, 64)
        shifted[..., 5] = 50.0
        assert loss(shifted, moved, truth, mask, 32.0).item() == pytest.approx(50.0)
    right = torch.zeros(1, 3, 10, 50)
    right[..., 49] = 50.0
    assert plddt_loss(right, moved, truth, mask).item() < 1e-6


def test_aligned_error_is_the_distance_seen_from_a_frame(truth, mask):
    """Residues 5 to 9 are shifted as one body: errors of 7.2 across the cut, 0 within a part."""
    predicted = truth[:, None].clone()
    predicted[:, :, 5:] += torch.tensor([7.2, 0.0, 0.0])
    logits = torch.zeros(1, 1, 10, 10, 64)
    logits[..., :5, :5, 0] = logits[..., 5:, 5:, 0] = 50.0
    logits[..., :5, 5:, 14] = logits[..., 5:, :5, 14] = 50.0
    assert pae_loss(logits, predicted, truth, mask, 32.0).item() < 1e-6


def test_resolved_loss_counts_only_atoms_that_exist(mask):
    observed = mask.clone()
    observed[:, 3] = False
    logits = torch.where(observed, 40.0, -40.0)[:, None].clone()
    logits[:, :, ~mask[0]] = 40.0
    assert resolved_loss(logits, observed, mask).item() < 1e-6
    assert resolved_loss(-logits, observed, mask).item() == pytest.approx(40.0)


def test_confidence_losses_are_finite_on_degenerate_structures(truth, mask):
    predicted = torch.zeros(1, 2, 10, 23, 3)
    logits = torch.zeros(1, 2, 10, 10, 64, requires_grad=True)
    plddt_logits = torch.zeros(1, 2, 10, 50, requires_grad=True)
    loss = (
        pae_loss(logits, predicted, truth, mask, 32.0)
        + pde_loss(logits, predicted, truth, mask, 32.0)
        + plddt_loss(plddt_logits, predicted, truth, mask)
    )
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all() and plddt_logits.grad.isfinite().all()
