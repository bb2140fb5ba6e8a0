"""Rigid motion of what goes in moves what comes out, and a mirror image is another molecule."""

from dataclasses import replace

import pytest
import torch

from rna_predict.geometry.nerf import build_atoms
from rna_predict.geometry.torch_superpose import random_rotations
from rna_predict.model import sampler
from rna_predict.model.kinematics import centre
from rna_predict.model.sampler import SamplerSettings
from rna_predict.training.losses.alignment import aligned_mse

SHIFT = torch.tensor([4.0, -7.0, 11.0])
MIRROR = torch.tensor([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def features(feature_maker):
    """Two chains with homologs and templates."""
    return feature_maker((9, 6), rows=3, templates=2)


@pytest.fixture
def noisy():
    return 12 * torch.randn(2, 3, 9, 23, 3, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def sigma():
    return torch.tensor([[0.5, 8.0, 90.0], [2.0, 20.0, 160.0]])


def moved(coords):
    rotations = random_rotations((2, 3), torch.Generator().manual_seed(5))[:, :, None]
    return coords @ rotations.mT + SHIFT, rotations


def test_moving_the_noisy_atoms_moves_the_denoised_ones(network, features, noisy, sigma):
    with torch.no_grad():
        trunk = network.trunk(features, 0)
        first = network.denoise(trunk, features, noisy, sigma)
        turned, rotations = moved(noisy)
        second = network.denoise(trunk, features, turned, sigma)
    mask = features.slot_mask[:, None].expand(2, 3, 9, 23)
    expected = first @ rotations.mT + SHIFT
    torch.testing.assert_close(second[mask], expected[mask], atol=1e-4, rtol=1e-5)


def test_without_alignment_the_output_depends_on_the_orientation(
    network_maker, features, noisy, sigma
):
    network = network_maker(align_input=False)
    with torch.no_grad():
        trunk = network.trunk(features, 0)
        first = network.denoise(trunk, features, noisy, sigma)
        turned, rotations = moved(noisy)
        second = network.denoise(trunk, features, turned, sigma)
    assert (second - (first @ rotations.mT + SHIFT))[:, 2].abs().max() > 0.1


def test_moving_each_template_changes_nothing(network, features):
    """Every template is moved in its own way; trunk and latent stay."""
    turns = random_rotations((2, 2, 1), torch.Generator().manual_seed(6))
    known = features.template_mask
    origin = (turns @ features.template_origin[..., None])[..., 0] + SHIFT
    rotation = turns @ features.template_rotation
    elsewhere = replace(
        features,
        template_origin=origin * known[..., None],
        template_rotation=rotation * known[..., None, None],
    )
    with torch.no_grad():
        first, second = (network.trunk(f, 0) for f in (features, elsewhere))
    for part in ("pair", "single", "latent_pair", "latent_single", "start_coords"):
        torch.testing.assert_close(
            getattr(second, part), getattr(first, part), atol=1e-4, rtol=1e-4, msg=part
        )


def test_mirrored_templates_are_others(network, features):
    """The third axis of a frame is the cross product of the others: a mirror turns it round."""
    axes = features.template_rotation * MIRROR[:, None] * torch.tensor([1.0, 1.0, -1.0])
    origin = features.template_origin * MIRROR
    mirrored = replace(features, template_origin=origin, template_rotation=axes)
    with torch.no_grad():
        first, second = (network.trunk(f, 0).pair for f in (features, mirrored))
    assert (first - second).abs().max() > 1e-3


def test_turned_noise_gives_turned_samples(network, features, monkeypatch):
    """The whole sampler: noise and all random turns moved along, samples move along."""
    turn = random_rotations((1,), torch.Generator().manual_seed(8))[0]
    settings = SamplerSettings(steps=4, gamma0=0.4)
    draws = torch.randn(8, 2, 2, 9, 23, 3, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        trunk = network.trunk(features, 0)
    upright = torch.eye(3).expand(2, 2, 3, 3)
    monkeypatch.setattr(sampler, "random_rotations", lambda *_: upright)
    samples = []
    for numbers in (draws, draws @ turn.mT):
        source = iter(numbers)
        monkeypatch.setattr(sampler, "standard_normal", lambda *_, source=source: next(source))
        samples.append(network.sample(trunk, features, 2, settings, torch.Generator()))
    torch.testing.assert_close(samples[1], samples[0] @ turn.mT, atol=1e-4, rtol=1e-5)


def test_mirrored_input_does_not_give_mirrored_output(network, features, noisy, sigma):
    with torch.no_grad():
        trunk = network.trunk(features, 0)
        first = network.denoise(trunk, features, noisy, sigma)
        second = network.denoise(trunk, features, noisy * MIRROR, sigma)
    assert (second * MIRROR - first)[:, 1].abs().max() > 0.1


def test_the_loss_of_a_mirrored_structure_is_higher(features):
    """Motion costs nothing, the mirror image a great deal."""
    torsions = torch.randn(2, 9, 14, generator=torch.Generator().manual_seed(2))
    mask = features.slot_mask
    truth = centre(build_atoms(torsions, features.sequence), mask)
    turned, _ = moved(truth[:, None].expand(2, 3, 9, 23, 3))
    assert aligned_mse(turned, truth, mask) < 1e-6
    assert aligned_mse(turned * MIRROR, truth, mask) > 1.0
