"""Sampling: schedule, exactness with a perfect denoiser, distributions, seeds, starts.

Of normally distributed data the best denoiser is known: with covariance C it is
``mean + C (C + sigma^2)^-1 (noisy - mean)``, and so is the distribution of what is sampled with it.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rna_predict.geometry.torch_superpose import apply_motion, superpose
from rna_predict.model import sampler
from rna_predict.model.kinematics import centre
from rna_predict.model.sampler import STOCHASTIC, SamplerSettings, draw_samples, noise_levels

ODE = SamplerSettings()
ATOMS = 12
"""Of the normally distributed structures: one residue with its backbone."""


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


@pytest.fixture
def gaussian():
    """Give mean (ATOMS, 3), and eigenvalues and vectors of the covariance of centred atoms."""
    generator = torch.Generator().manual_seed(7)
    vectors = torch.linalg.qr(
        torch.cat([torch.ones(ATOMS, 1), torch.randn(ATOMS, ATOMS - 1, generator=generator)], 1)
    )[0]
    values = torch.logspace(-1, 2.4, ATOMS)  # square angstrom
    values[0] = 0.0  # the centre does not move
    mean = 8 * torch.randn(ATOMS, 3, generator=generator)
    return mean - mean.mean(0), values, vectors


def modes(samples, gaussian):
    """Turn samples into independent numbers, (S, ATOMS - 1, 3)."""
    mean, _, vectors = gaussian
    return (vectors.T @ (samples[0, :, 0, :ATOMS] - mean))[:, 1:]


def draw_gaussian(gaussian, settings, count, mean_scale=1.0, monkeypatch=None):
    """Sample with the best denoiser; orientations are left alone where the mean is not 0."""
    mean, values, vectors = gaussian
    mean = mean_scale * mean
    if monkeypatch is not None:
        upright = torch.eye(3).expand(1, count, 3, 3)
        monkeypatch.setattr(sampler, "random_rotations", lambda *_: upright)
    mask = torch.zeros(1, 1, 23, dtype=torch.bool)
    mask[..., :ATOMS] = True

    def denoise(noisy, sigma):
        shrink = values / (values + sigma[0, 0] ** 2)
        clean = torch.zeros_like(noisy)
        atoms = centre(noisy, mask[:, None])[..., :ATOMS, :] - mean
        clean[..., :ATOMS, :] = mean + (vectors * shrink) @ (vectors.T @ atoms)
        return clean

    start = torch.zeros(1, count, 1, 23, 3)
    generator = torch.Generator().manual_seed(11)
    return draw_samples(denoise, start, mask, settings, settings.sigma_max, generator)


@pytest.mark.parametrize(
    "settings",
    [replace(ODE, steps=200), replace(STOCHASTIC, gamma0=0.03, step_scale=1.0, noise_scale=1.0)],
    ids=["ode", "stochastic"],
)
def test_samples_have_the_mean_and_covariance_of_the_data(gaussian, settings, monkeypatch):
    count = 6000
    settings = replace(settings, sigma_max=2560.0)
    found = modes(draw_gaussian(gaussian, settings, count, monkeypatch=monkeypatch), gaussian)
    expected = gaussian[1][1:]
    assert (found.mean((0, 2)) / expected.sqrt()).abs().max() < 4 / (3 * count) ** 0.5
    variance = found.square().mean((0, 2)) / expected
    assert (variance - 1).abs().max() < 0.08  # of which 4 standard errors: 0.042
    crossed = torch.corrcoef(found.transpose(1, 2).flatten(0, 1).T) - torch.eye(ATOMS - 1)
    assert crossed.abs().max() < 4.5 / (3 * count) ** 0.5


def test_random_orientations_leave_the_covariance_of_a_centred_distribution(gaussian):
    settings = replace(ODE, steps=200, sigma_max=2560.0)
    samples = draw_gaussian(gaussian, settings, 6000, mean_scale=0.0)
    found = (gaussian[2].T @ samples[0, :, 0, :ATOMS])[:, 1:]
    variance = found.square().mean((0, 2)) / gaussian[1][1:]
    assert (variance - 1).abs().max() < 0.08


def test_the_error_of_the_ode_falls_with_the_inverse_of_the_steps(gaussian, monkeypatch):
    """Each mode of the exact solution shrinks by sqrt((v + last^2) / (v + first^2))."""
    values = gaussian[1][1:, None].double()
    errors = []
    for steps in (100, 200, 400):
        settings = replace(ODE, steps=steps, sigma_min=0.1)
        found = modes(draw_gaussian(gaussian, settings, 4, monkeypatch=monkeypatch), gaussian)
        noise = sampler.standard_normal(
            torch.zeros(1, 4, 1, 23, 3), torch.Generator().manual_seed(11)
        )[..., :ATOMS, :]
        first = 160.0 * noise - gaussian[0]
        first = (gaussian[2].T @ (first - first.mean(-2, keepdim=True))[0, :, 0])[:, 1:]
        exact = first * ((values + 0.1**2) / (values + 160.0**2)).sqrt()
        errors.append((found - exact).square().mean().sqrt().item())
    assert errors[0] / errors[1] == pytest.approx(2.0, abs=0.15)
    assert errors[1] / errors[2] == pytest.approx(2.0, abs=0.1)


def test_the_published_sampler_is_colder_than_the_data(gaussian, monkeypatch):
    """Each step scales each mode, so its variance is known: 0.08 to 0.47 of the data's."""
    found = modes(draw_gaussian(gaussian, STOCHASTIC, 3000, monkeypatch=monkeypatch), gaussian)
    data = gaussian[1][1:].double()
    levels = noise_levels(STOCHASTIC, STOCHASTIC.sigma_max).double()
    variance = levels[0] ** 2
    for now, following in zip(levels, levels[1:], strict=False):
        raised = now * (1.8 if following > STOCHASTIC.gamma_min else 1.0)
        variance = variance + STOCHASTIC.noise_scale**2 * (raised**2 - now**2)
        shrink = data / (data + raised**2)
        variance = variance * (1 + 1.5 * (following - raised) / raised * (1 - shrink)) ** 2
    np.testing.assert_allclose(found.square().mean((0, 2)), variance, rtol=0.07)
    share = variance / data
    assert 0.07 < share.min() < 0.09 and 0.45 < share.max() < 0.49


def test_settings_without_sense_are_refused():
    for wrong in ({"steps": 0}, {"sigma_min": 200.0}, {"sigma_start": 1e-5}):
        with pytest.raises(ValueError, match="sampler"):
            SamplerSettings(**wrong)


def test_presets_are_the_published_ones():
    assert (ODE.gamma0, ODE.step_scale) == (0.0, 1.0)
    levels = noise_levels(STOCHASTIC, STOCHASTIC.sigma_max) / 16.0
    assert (len(levels), STOCHASTIC.gamma0, STOCHASTIC.gamma_min) == (201, 0.8, 1.0)
    assert (STOCHASTIC.noise_scale, STOCHASTIC.step_scale, STOCHASTIC.rho) == (1.003, 1.5, 7.0)
    torch.testing.assert_close(levels[[0, -1]], torch.tensor([160.0, 4e-4]), rtol=1e-3, atol=0)


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
            trunk, features, 3, replace(settings, start=start), torch.Generator().manual_seed(0)
        )
        for start in ("noise", "kinematics")
    }
    for samples in drawn.values():
        assert samples.shape == (2, 3, 9, 23, 3)
        assert samples.isfinite().all()
        assert not samples.requires_grad
    assert (drawn["noise"] - drawn["kinematics"]).abs().max() > 0.1


def test_starting_from_stage_c_without_noise_returns_near_it(network, features):
    settings = replace(ODE, steps=2, sigma_start=1e-3, start="kinematics")
    trunk = network.trunk(features, 0)
    generator = torch.Generator().manual_seed(0)
    samples = network.sample(trunk, features, 1, settings, generator)
    mask = features.slot_mask
    fixed = trunk.start_coords.flatten(1, 2)
    motion = superpose(samples[:, 0].flatten(1, 2), fixed, mask.flatten(1).float())
    moved = apply_motion(samples[:, 0].flatten(1, 2), *motion)
    assert (moved - fixed)[mask.flatten(1)].abs().max() < 0.05
