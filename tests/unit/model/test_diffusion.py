"""Stage D: preconditioning, noise levels, copies that share a trunk."""

import pytest
import torch


@pytest.fixture
def noisy():
    return 12 * torch.randn(2, 3, 9, 23, 3, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def sigma():
    return torch.tensor([[0.5, 8.0, 90.0], [2.0, 20.0, 160.0]])


def test_small_noise_keeps_the_input(network, features, noisy):
    with torch.no_grad():
        trunk = network.trunk(features, 0)
        clean = network.denoise(trunk, features, noisy, torch.full((2, 3), 1e-4))
    mask = features.slot_mask[:, None].expand(2, 3, 9, 23)
    assert (clean - noisy)[mask].abs().max() < 0.01


def test_great_noise_leaves_a_structure_of_finite_size(network, features, noisy):
    with torch.no_grad():
        trunk = network.trunk(features, 0)
        clean = network.denoise(trunk, features, noisy * 100, torch.full((2, 3), 1600.0))
    assert clean.sub(clean.mean((2, 3), keepdim=True)).abs().max() < 200


def test_copies_do_not_see_each_other(network, features, noisy, sigma):
    with torch.no_grad():
        trunk = network.trunk(features, 0)
        together = network.denoise(trunk, features, noisy, sigma)
        alone = network.denoise(trunk, features, noisy[:, 1:2], sigma[:, 1:2])
    torch.testing.assert_close(together[:, 1:2], alone, atol=1e-4, rtol=1e-4)


def test_the_reference_is_a_guess_without_gradient_that_no_noise_enters(network, features):
    trunk = network.trunk(features, 0)
    arguments = (
        features, trunk.latent_single, trunk.latent_pair, trunk.start_coords, features.slot_mask,
    )  # fmt: skip
    condition = network.diffusion.prepare(*arguments)
    assert not condition.reference.requires_grad
    assert torch.equal(condition.reference, network.diffusion.prepare(*arguments).reference)
    assert (condition.reference - trunk.start_coords).abs().max() > 1.0
    assert (condition.reference[~features.slot_mask] == 0).all()


def test_conditions_are_shared_by_all_copies(network, features):
    trunk = network.trunk(features, 0)
    condition = network.diffusion.prepare(
        features, trunk.latent_single, trunk.latent_pair, trunk.start_coords, features.slot_mask
    )
    assert condition.atoms.atoms.shape[1] == 1
    assert all(bias.shape[1] == 1 for bias in (*condition.token_biases, *condition.atoms.biases))
    assert len(condition.atoms.biases) == 2 and len(condition.token_biases) == 2
