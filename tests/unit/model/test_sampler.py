"""Sampling: schedule, exactness with a perfect denoiser, seeds, starts."""

from dataclasses import replace

import pytest
import torch

from rna_predict.geometry.torch_superpose import apply_motion, superpose
from rna_predict.model.kinematics import centre
from rna_predict.model.sampler import SamplerSettings, draw_samples, noise_levels

ODE = SamplerSettings()
STOCHASTIC = SamplerSettings(steps=40, gamma0=0.8, step_scale=1.5)


@pytest.fixture
def target(features):
    coords = 10 * torch.randn(2, 9, 23, 3, generator=torch.Generator().manual_seed(3))
    return centre(coords, features.slot_mask)


def draw(target, features, settings, seed=0):
    """Sample with a denoiser that knows the answer in whatever orientation it is asked."""
    weight = features.slot_mask[:, None].expand(2, 3, 9, 23).flatten(2).float()

    def denoise(noisy, sigma):
        fixed = target[:, None].expand_as(noisy).flatten(2, 3)
        motion = superpose(fixed, noisy.flatten(2, 3), weight)
        return apply_motion(fixed, *motion).unflatten(2, (9, 23))

    start = torch.zeros(2, 3, 9, 23, 3)
    generator = torch.Generator().manual_seed(seed)
    return draw_samples(denoise, start, features.slot_mask, settings, 160.0, generator)


def test_levels_fall_from_first_to_last():
    levels = noise_levels(ODE, 160.0)
    assert len(levels) == ODE.steps + 1
    assert levels[0].item() == pytest.approx(160.0, rel=1e-4)
    assert levels[-1].item() == pytest.approx(ODE.sigma_min, rel=1e-2)
    assert (levels.diff() < 0).all()


@pytest.mark.parametrize("settings", [ODE, STOCHASTIC], ids=["ode", "stochastic"])
def test_a_perfect_denoiser_gives_the_structure(target, features, settings):
    samples = draw(target, features, settings)
    mask = features.slot_mask[:, None].expand(2, 3, 9, 23)
    fixed = target[:, None].expand_as(samples).flatten(2, 3)
    motion = superpose(samples.flatten(2, 3), fixed, mask.flatten(2).float())
    error = (apply_motion(samples.flatten(2, 3), *motion) - fixed).unflatten(2, (9, 23))
    assert error[mask].abs().max() < 0.05
    assert (samples[~mask] == 0).all()


def test_a_seed_gives_the_same_samples_and_another_others(target, features):
    first = draw(target, features, STOCHASTIC)
    assert torch.equal(first, draw(target, features, STOCHASTIC))
    assert (first - draw(target, features, STOCHASTIC, seed=1)).abs().max() > 1.0


def test_the_network_samples_from_noise_and_from_stage_c(network, features):
    settings = replace(ODE, steps=4)
    trunk = network.trunk(features, 0)
    drawn = {
        start: network.sample(
            trunk, features, 3, settings, torch.Generator().manual_seed(0), start=start
        )
        for start in ("noise", "kinematics")
    }
    for samples in drawn.values():
        assert samples.shape == (2, 3, 9, 23, 3)
        assert samples.isfinite().all()
        assert not samples.requires_grad
    assert (drawn["noise"] - drawn["kinematics"]).abs().max() > 0.1


def test_starting_from_stage_c_without_noise_returns_near_it(network, features):
    settings = replace(ODE, steps=2, sigma_start=1e-3)
    trunk = network.trunk(features, 0)
    generator = torch.Generator().manual_seed(0)
    samples = network.sample(trunk, features, 1, settings, generator, start="kinematics")
    mask = features.slot_mask
    fixed = trunk.start_coords.flatten(1, 2)
    motion = superpose(samples[:, 0].flatten(1, 2), fixed, mask.flatten(1).float())
    moved = apply_motion(samples[:, 0].flatten(1, 2), *motion)
    assert (moved - fixed)[mask.flatten(1)].abs().max() < 0.05
