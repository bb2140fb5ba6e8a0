"""Losses against truths made by hand, and their gradients on degenerate inputs."""

from math import exp, log

import numpy as np
import pytest
import torch

from rna_predict.constants import SLOT_INDEX, TORSIONS, slot_mask
from rna_predict.geometry.nerf import build_atoms
from rna_predict.geometry.torch_superpose import random_rotations
from rna_predict.training import losses

KINDS = torch.tensor([[2, 1, 0, 3, 2, 1, 0, 3, 4, 2]])


@pytest.fixture
def truth():
    """Build an ideal chain of ten residues."""
    generator = torch.Generator().manual_seed(0)
    torsions = torch.randn(1, 10, len(TORSIONS), generator=generator) * 0.4
    return build_atoms(torsions, KINDS)


@pytest.fixture
def mask():
    return torch.tensor(slot_mask())[KINDS]


@pytest.fixture
def moved(truth):
    """Three copies in other orientations and places."""
    rotations = random_rotations((1, 3), torch.Generator().manual_seed(1))
    return truth[:, None] @ rotations[:, :, None].mT + torch.tensor([30.0, -5.0, 2.0])


def noised(coords, scale, seed=2):
    return coords + scale * torch.randn(coords.shape, generator=torch.Generator().manual_seed(seed))


def test_sigma_follows_the_published_log_normal():
    sigma = losses.sample_sigma((20_000,), torch.Generator().manual_seed(0))
    logs = (sigma / 16).log()
    assert logs.mean().item() == pytest.approx(-1.2, abs=0.05)
    assert logs.std().item() == pytest.approx(1.5, abs=0.05)
    assert torch.equal(sigma, losses.sample_sigma((20_000,), torch.Generator().manual_seed(0)))


def test_edm_weight_is_the_inverse_square_of_the_output_scale():
    sigma = torch.tensor([0.01, 1.0, 16.0, 160.0])
    output_scale = sigma * 16 / (sigma**2 + 16**2).sqrt()
    torch.testing.assert_close(losses.edm_weight(sigma), output_scale**-2)


def test_mse_ignores_rigid_motion_and_masked_atoms(truth, moved, mask):
    moved[:, :, ~mask[0]] = 1e4
    assert losses.aligned_mse(moved, truth, mask).item() == pytest.approx(0.0, abs=1e-6)


def test_mse_of_a_mirror_image_is_large(truth, mask):
    mirror = (truth * torch.tensor([-1.0, 1.0, 1.0]))[:, None]
    assert losses.aligned_mse(mirror, truth, mask) > 1.0


def test_mse_of_a_known_error(truth, mask):
    """Scaling about the centre needs no rotation: the error of each atom is known."""
    kept = truth[mask]
    centred = truth - kept.mean(0)
    predicted = (1.1 * centred)[:, None]
    expected = (0.1 * centred[mask]).square().mean()
    torch.testing.assert_close(losses.aligned_mse(predicted, truth, mask), expected)


def test_mse_weights_each_sample(truth, moved, mask):
    predicted = torch.cat([noised(moved[:, :1], 1.0), moved[:, 1:2]], dim=1)
    plain = losses.aligned_mse(predicted, truth, mask)
    weighted = losses.aligned_mse(predicted, truth, mask, torch.tensor([[3.0, 100.0]]))
    assert weighted.item() == pytest.approx(3 * plain.item(), rel=1e-3)


def test_smooth_lddt_ignores_rigid_motion_and_knows_its_best_value(truth, moved, mask):
    best = 1 - np.mean([1 / (1 + exp(-limit)) for limit in losses.LDDT_THRESHOLDS])
    assert losses.smooth_lddt_loss(moved, truth, mask).item() == pytest.approx(best, abs=1e-3)
    assert losses.smooth_lddt_loss(noised(moved, 3.0), truth, mask) > best + 0.2
    far = moved * 1000  # every distance is wrong by more than any threshold
    assert losses.smooth_lddt_loss(far, truth, mask).item() == pytest.approx(1.0, abs=1e-2)


def test_bonds_of_an_ideal_chain_cost_nothing(truth, mask):
    index = torch.arange(10)[None]
    loss = losses.bond_loss(truth[:, None], KINDS, index, mask)
    assert loss.item() == pytest.approx(0.0, abs=1e-6)


def test_one_stretched_bond_costs_its_square_over_all_bonds(truth, mask):
    index = torch.arange(10)[None]
    slots = SLOT_INDEX["G"]
    truth = truth.double()
    carbonyl = truth[0, 0, slots["O6"]] - truth[0, 0, slots["C6"]]
    truth[0, 0, slots["O6"]] += 0.5 * carbonyl / carbonyl.norm()
    bonds = 9 * 12 + 12 + 9 + sum({0: 12, 1: 9, 2: 13, 3: 9, 4: 0}[k] for k in KINDS[0].tolist())
    assert losses.bond_loss(truth[:, None], KINDS, index, mask).item() == pytest.approx(
        0.25 / bonds, rel=1e-3
    )


def test_links_count_only_between_residues_that_follow_each_other(truth, mask):
    truth = truth.clone()
    truth[:, 5:] += 50.0
    broken = torch.tensor([[0, 1, 2, 3, 4, 15, 16, 17, 18, 19]])
    assert losses.bond_loss(truth[:, None], KINDS, torch.arange(10)[None], mask) > 10
    loss = losses.bond_loss(truth[:, None], KINDS, broken, mask)
    assert loss.item() == pytest.approx(0.0, abs=1e-6)


def vectors(angles):
    return torch.stack([angles.sin(), angles.cos()], dim=-1)


def test_torsion_loss_wraps_around():
    target = torch.full((1, 1, 14), 3.1)
    everywhere = torch.ones(1, 1, 14, dtype=torch.bool)
    loss = losses.torsion_loss(vectors(target - 6.2), target, everywhere)  # 0.083 rad away
    assert loss.item() == pytest.approx(0.5 * (2 * np.pi - 6.2) ** 2 / 0.2, rel=1e-3)


def test_torsion_loss_is_linear_far_away_and_adds_the_norm():
    target = torch.zeros(1, 2, 14)
    mask = torch.zeros(1, 2, 14, dtype=torch.bool)
    mask[0, 0, :7] = True
    predicted = torch.full((1, 2, 14), 1.5)
    predicted[0, 1] = 2.0  # outside the mask
    loss = losses.torsion_loss(vectors(predicted), target, mask)
    assert loss.item() == pytest.approx(1.5 - 0.1, rel=1e-5)
    norm = torch.full((1, 2, 14), 0.5)
    loss = losses.torsion_loss(vectors(predicted), target, mask, norm)
    assert loss.item() == pytest.approx(1.4 + 0.02 * 0.5, rel=1e-5)


def test_torsion_gradient_does_not_vanish_near_the_target():
    angle = torch.full((1, 1, 14), np.radians(8.0), requires_grad=True)
    mask = torch.ones(1, 1, 14, dtype=torch.bool)
    losses.torsion_loss(vectors(angle), torch.zeros(1, 1, 14), mask).backward()
    cosine_gradient = np.sin(np.radians(8.0)) / 14
    assert angle.grad.min() > 4 * cosine_gradient


def test_distogram_loss_reads_the_right_bin(truth, mask):
    c1 = truth[:, :, losses.C1]
    distance = (c1[:, :, None] - c1[:, None]).norm(dim=-1)
    edges = torch.linspace(2.0, 20.0, 9)
    sharp = torch.nn.functional.one_hot(torch.bucketize(distance, edges), 10) * 50.0
    assert losses.distogram_loss(sharp, truth, mask, 2.0, 20.0).item() < 1e-6
    flat = torch.zeros(1, 10, 10, 10)
    assert losses.distogram_loss(flat, truth, mask, 2.0, 20.0).item() == pytest.approx(log(10))


def test_contact_loss_counts_only_its_mask():
    contacts = torch.zeros(1, 4, 4, dtype=torch.bool)
    contacts[0, 0, 3] = contacts[0, 3, 0] = True
    logits = torch.where(contacts, 40.0, -40.0)
    mask = torch.ones_like(contacts)
    assert losses.contact_loss(logits, contacts, mask).item() < 1e-6
    logits[0, 1, 2] = 40.0
    mask[0, 1, 2] = False
    assert losses.contact_loss(logits, contacts, mask).item() < 1e-6
    assert losses.contact_loss(-logits, contacts, mask).item() == pytest.approx(40.0)


def test_residue_lddt_of_one_displaced_residue(truth, moved, mask):
    perfect, defined = losses.residue_lddt(moved, truth, mask)
    assert defined.all()
    torch.testing.assert_close(perfect, torch.ones(1, 3, 10))
    predicted = moved[:, :1].clone()
    predicted[:, :, 9] += 100.0
    score, _ = losses.residue_lddt(predicted, truth, mask)
    assert score[0, 0, 9] == 0
    assert (score[0, 0, :9] > 0.5).all() and (score[0, 0, :9] < 1).any()


def test_confidence_losses_are_least_for_the_right_bin(truth, moved, mask):
    for loss, size in ((losses.pae_loss, (10, 10)), (losses.pde_loss, (10, 10))):
        right = torch.zeros(1, 3, *size, 64)
        right[..., 0] = 50.0
        assert loss(right, moved, truth, mask, 32.0).item() < 1e-6
        shifted = torch.zeros(1, 3, *size, 64)
        shifted[..., 5] = 50.0
        assert loss(shifted, moved, truth, mask, 32.0).item() == pytest.approx(50.0)
    right = torch.zeros(1, 3, 10, 50)
    right[..., 49] = 50.0
    assert losses.plddt_loss(right, moved, truth, mask).item() < 1e-6


def test_aligned_error_is_the_distance_seen_from_a_frame(truth, mask):
    """Residues 5 to 9 are shifted as one body: errors of 7.2 across the cut, 0 within a part."""
    predicted = truth[:, None].clone()
    predicted[:, :, 5:] += torch.tensor([7.2, 0.0, 0.0])
    logits = torch.zeros(1, 1, 10, 10, 64)
    logits[..., :5, :5, 0] = logits[..., 5:, 5:, 0] = 50.0
    logits[..., :5, 5:, 14] = logits[..., 5:, :5, 14] = 50.0
    assert losses.pae_loss(logits, predicted, truth, mask, 32.0).item() < 1e-6


def test_resolved_loss_counts_only_atoms_that_exist(mask):
    observed = mask.clone()
    observed[:, 3] = False
    logits = torch.where(observed, 40.0, -40.0)[:, None].clone()
    logits[:, :, ~mask[0]] = 40.0
    assert losses.resolved_loss(logits, observed, mask).item() < 1e-6
    assert losses.resolved_loss(-logits, observed, mask).item() == pytest.approx(40.0)


def structure_losses(predicted, truth, mask):
    index = torch.arange(10)[None]
    return (
        losses.aligned_mse(predicted, truth, mask)
        + losses.smooth_lddt_loss(predicted, truth, mask)
        + losses.bond_loss(predicted, KINDS, index, mask)
    )


@pytest.mark.parametrize("shape", ["coincident", "collinear", "exact", "all masked"])
def test_gradients_are_finite_on_degenerate_structures(truth, mask, shape):
    predicted = torch.zeros(1, 2, 10, 23, 3)
    if shape == "collinear":
        predicted[..., 0] = torch.arange(230.0).reshape(10, 23)
    if shape == "exact":
        predicted = truth[:, None].clone()
    if shape == "all masked":
        mask = torch.zeros_like(mask)
    predicted.requires_grad_()
    loss = structure_losses(predicted, truth, mask)
    loss.backward()
    assert loss.isfinite()
    assert predicted.grad.isfinite().all()
    if shape == "all masked":
        assert loss == 0


def test_confidence_losses_are_finite_on_degenerate_structures(truth, mask):
    predicted = torch.zeros(1, 2, 10, 23, 3)
    logits = torch.zeros(1, 2, 10, 10, 64, requires_grad=True)
    plddt_logits = torch.zeros(1, 2, 10, 50, requires_grad=True)
    loss = (
        losses.pae_loss(logits, predicted, truth, mask, 32.0)
        + losses.pde_loss(logits, predicted, truth, mask, 32.0)
        + losses.plddt_loss(plddt_logits, predicted, truth, mask)
    )
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all() and plddt_logits.grad.isfinite().all()


def test_padding_does_not_change_a_loss(truth, moved, mask):
    predicted = noised(moved, 1.0)
    whole = structure_losses(predicted, truth, mask)
    cut = mask.clone()
    cut[:, 6:] = False
    dirty = predicted.clone()
    dirty[:, :, 6:] = 77.0
    torch.testing.assert_close(
        structure_losses(dirty, truth, cut), structure_losses(predicted, truth, cut)
    )
    assert not torch.isclose(structure_losses(predicted, truth, cut), whole)
