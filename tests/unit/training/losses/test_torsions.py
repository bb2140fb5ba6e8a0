"""Torsions on the circle."""

import numpy as np
import pytest
import torch
from scipy.stats import vonmises

from rna_predict.training.losses.torsions import mcq_loss, torsion_likelihood, torsion_loss


def vectors(angles):
    return torch.stack([angles.sin(), angles.cos()], dim=-1)


@pytest.fixture
def everywhere():
    return torch.ones(1, 1, 14, dtype=torch.bool)


def test_torsion_loss_wraps_around(everywhere):
    target = torch.full((1, 1, 14), 3.1)
    loss = torsion_loss(vectors(target - 6.2), target, everywhere)  # 0.083 rad away
    assert loss.item() == pytest.approx(0.5 * (2 * np.pi - 6.2) ** 2 / 0.2, rel=1e-3)


def test_torsion_loss_is_linear_far_away_and_adds_the_norm():
    target = torch.zeros(1, 2, 14)
    mask = torch.zeros(1, 2, 14, dtype=torch.bool)
    mask[0, 0, :7] = True
    predicted = torch.full((1, 2, 14), 1.5)
    predicted[0, 1] = 2.0  # outside the mask
    loss = torsion_loss(vectors(predicted), target, mask)
    assert loss.item() == pytest.approx(1.5 - 0.1, rel=1e-5)
    norm = torch.full((1, 2, 14), 0.5)
    loss = torsion_loss(vectors(predicted), target, mask, norm)
    assert loss.item() == pytest.approx(1.4 + 0.02 * 0.5, rel=1e-5)


def test_torsion_gradient_does_not_vanish_near_the_target(everywhere):
    angle = torch.full((1, 1, 14), np.radians(8.0), requires_grad=True)
    torsion_loss(vectors(angle), torch.zeros(1, 1, 14), everywhere).backward()
    cosine_gradient = np.sin(np.radians(8.0)) / 14
    assert angle.grad.min() > 4 * cosine_gradient


@pytest.mark.parametrize("kappa", [1e-4, 0.1, 1.0, 30.0, 99.0, 101.0, 5e3])
def test_likelihood_equals_scipy(everywhere, kappa):
    target = torch.linspace(-3.1, 3.1, 14)[None, None]
    mean = target + torch.linspace(-1.0, 1.0, 14)
    log_kappa = torch.full((1, 1, 14), np.log(kappa))
    loss = torsion_likelihood(vectors(mean), log_kappa, target, everywhere)
    expected = -vonmises.logpdf(target.numpy(), kappa, loc=mean.numpy()).mean()
    assert loss.item() == pytest.approx(expected, rel=2e-5, abs=1e-5)


def test_likelihood_and_its_gradient_are_finite_at_every_concentration(everywhere):
    log_kappa = torch.tensor([-1e30, -100, -20, -5, 0, 2, 4, 4.7, 8, 12, 19, 20, 100, 1e30])
    for shift in (0.0, 1e-4, 3.1):
        angle = torch.full((1, 1, 14), shift, requires_grad=True)
        uncertainty = log_kappa[None, None].clone().requires_grad_()
        loss = torsion_likelihood(vectors(angle), uncertainty, torch.zeros(1, 1, 14), everywhere)
        loss.backward()
        assert loss.isfinite()
        assert angle.grad.isfinite().all() and uncertainty.grad.isfinite().all()


def test_slope_of_the_likelihood_is_right_where_the_two_forms_meet():
    one = torch.ones(1, 1, 1, dtype=torch.bool)
    target = torch.zeros(1, 1, 1, dtype=torch.float64)
    mean = vectors(torch.full((1, 1, 1), 0.1, dtype=torch.float64))
    for kappa in (1.0, 99.9, 100.1, 1e5):
        log_kappa = torch.full((1, 1, 1), np.log(kappa), dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(
            lambda x: torsion_likelihood(mean, x, target, one), log_kappa, atol=1e-4
        )


def test_best_concentration_is_that_of_the_errors():
    """Angles drawn with concentration 20: no other concentration makes them likelier."""
    generator = np.random.default_rng(0)
    target = torch.tensor(generator.vonmises(0.0, 20.0, size=(1, 1000, 14)))
    mask = torch.ones(1, 1000, 14, dtype=torch.bool)
    losses = {
        kappa: torsion_likelihood(
            vectors(torch.zeros_like(target)),
            torch.full_like(target, np.log(kappa)),
            target,
            mask,
        ).item()
        for kappa in (10.0, 17.0, 20.0, 23.0, 40.0)
    }
    assert min(losses, key=losses.get) == 20.0


def test_nothing_known_costs_the_whole_circle(everywhere):
    loss = torsion_likelihood(
        vectors(torch.zeros(1, 1, 14)),
        torch.full((1, 1, 14), -20.0),
        torch.full((1, 1, 14), 2.0),
        everywhere,
    )
    assert loss.item() == pytest.approx(np.log(2 * np.pi), abs=1e-6)


def test_mcq_loss_is_least_at_the_likelier_of_two_values_and_not_between_them():
    target = torch.tensor([0.0] * 6 + [2.2] * 4)[None, :, None].expand(1, 10, 14)
    mask = torch.ones(1, 10, 14, dtype=torch.bool)

    def loss(angle):
        return mcq_loss(vectors(torch.full((1, 10, 14), float(angle))), target, mask).item()

    values = [loss(angle) for angle in np.linspace(-0.5, 2.7, 65)]
    assert abs(np.linspace(-0.5, 2.7, 65)[int(np.argmin(values))]) < 0.06
    assert loss(0.0) < loss(1.1)


def test_mcq_loss_falls_where_the_mcq_falls():
    generator = torch.Generator().manual_seed(0)
    target = torch.zeros(1, 200, 14)
    mask = torch.ones(1, 200, 14, dtype=torch.bool)
    off = torch.randn(1, 200, 14, generator=generator) * 0.4

    def both(scale):
        angles = off * scale
        mcq = torch.atan2(angles.abs().sin().sum(), angles.cos().sum()).item()
        return mcq, mcq_loss(vectors(angles), target, mask).item()

    measured = [both(scale) for scale in (0.0, 0.5, 0.8, 1.0, 1.2)]
    assert measured[0] == (0.0, pytest.approx(0.0, abs=1e-6))
    assert measured == sorted(measured)
