"""Noise levels of training."""

import pytest
import torch

from rna_predict.training.losses.noise import edm_weight, sample_sigma


def test_sigma_follows_the_published_log_normal():
    sigma = sample_sigma((20_000,), torch.Generator().manual_seed(0))
    logs = (sigma / 16).log()
    assert logs.mean().item() == pytest.approx(-1.2, abs=0.05)
    assert logs.std().item() == pytest.approx(1.5, abs=0.05)
    assert torch.equal(sigma, sample_sigma((20_000,), torch.Generator().manual_seed(0)))


def test_edm_weight_is_the_inverse_square_of_the_output_scale():
    sigma = torch.tensor([0.01, 1.0, 16.0, 160.0])
    output_scale = sigma * 16 / (sigma**2 + 16**2).sqrt()
    torch.testing.assert_close(edm_weight(sigma), output_scale**-2)
