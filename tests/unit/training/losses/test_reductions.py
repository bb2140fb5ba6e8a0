"""Averages over masks."""

import pytest
import torch

from rna_predict.training.losses.reductions import (
    distances,
    lengths,
    masked_mean,
    mean_and_worst,
    worst_mean,
)


def test_mean_counts_only_the_mask_and_is_zero_without_any():
    values = torch.tensor([1.0, 3.0, torch.nan])
    mask = torch.tensor([True, True, False])
    assert masked_mean(values, mask) == 2.0
    assert masked_mean(values, torch.zeros(3, dtype=torch.bool)) == 0.0


def test_worst_of_two_hundred_are_the_two_greatest():
    values = torch.arange(200.0)[torch.randperm(200, generator=torch.Generator().manual_seed(0))]
    everything = torch.ones(200, dtype=torch.bool)
    assert worst_mean(values, everything) == 198.5
    assert mean_and_worst(values, everything) == 198.5 + 99.5


def test_worst_counts_the_share_of_what_is_kept_and_not_of_the_padding():
    values = torch.zeros(2, 1000)
    values[0, :2] = torch.tensor([8.0, 4.0])
    mask = torch.zeros(2, 1000, dtype=torch.bool)
    mask[0, :100] = True  # one of 100; the second row has nothing
    assert worst_mean(values, mask) == 8.0
    mask[0, :101] = True
    assert worst_mean(values, mask) == 6.0
    assert worst_mean(values, torch.zeros_like(mask)) == 0.0


def test_average_over_thousands_does_not_hide_one_broken_bond():
    values = torch.zeros(1, 2000)
    values[0, 7] = 100.0
    everything = torch.ones(1, 2000, dtype=torch.bool)
    assert masked_mean(values, everything).item() == pytest.approx(0.05)
    assert mean_and_worst(values, everything).item() == pytest.approx(5.05)


def test_distances_have_a_finite_gradient_where_points_coincide():
    points = torch.zeros(4, 3, requires_grad=True)
    (distances(points, points).sum() + lengths(points).sum()).backward()
    assert torch.equal(points.grad, torch.zeros(4, 3))


def test_distances_are_exact_far_from_the_origin():
    points = torch.tensor([[1000.0, 0, 0], [1000.0, 0.001, 0]])
    assert distances(points, points)[0, 1].item() == pytest.approx(0.001, rel=1e-3)
