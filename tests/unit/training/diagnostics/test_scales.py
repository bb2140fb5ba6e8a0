"""Scales of points, and of known structures by length."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rna_predict.training.diagnostics.scales import (
    MEASURES,
    ScaleReference,
    measure_scales,
    scale_reference,
)


def test_scales_of_points_on_a_line_are_known():
    points = torch.tensor([[0.0, 0, 0], [2, 0, 0], [4, 0, 0], [99, 99, 99]])
    mask = torch.tensor([True, True, True, False])
    scales = measure_scales(points, mask)
    assert scales.tolist() == pytest.approx([(8 / 3) ** 0.5, 8 / 3, 2.0])


def test_scales_do_not_change_with_a_motion_and_grow_with_the_size():
    points = torch.randn(2, 3, 7, 3, generator=torch.Generator().manual_seed(0)).double()
    mask = torch.ones(2, 1, 7, dtype=torch.bool)
    turned = points.flip(-1) * torch.tensor([1.0, 1, -1]) + 50
    torch.testing.assert_close(measure_scales(turned, mask), measure_scales(points, mask))
    torch.testing.assert_close(measure_scales(3 * points, mask), 3 * measure_scales(points, mask))


def test_one_point_has_no_scale():
    assert measure_scales(torch.zeros(2, 3), torch.tensor([True, False])).isnan().all()


def test_coincident_points_have_scale_zero():
    assert measure_scales(torch.ones(4, 3), torch.ones(4, dtype=torch.bool)).tolist() == [0, 0, 0]


def test_reference_is_measured_on_the_structures_by_length(sets):
    reference = scale_reference(sets["train"].examples, 0.01, np.random.default_rng(0), 9)
    assert reference.lengths.tolist() == [8, 12, 16, 24]
    low, median = reference.at(torch.tensor([24]))
    chain = sets["train"].examples[0].chain
    points = torch.from_numpy(np.nan_to_num(chain.coords[:, 11]))
    scales = measure_scales(points, torch.from_numpy(chain.atom_mask[:, 11].copy()))
    torch.testing.assert_close(low[0], scales, rtol=1e-4, atol=0)
    torch.testing.assert_close(median[0], scales, rtol=1e-4, atol=0)
    assert (np.diff(reference.median[:, MEASURES.index("spread")]) > 0).all()


def test_scales_between_two_lengths_are_interpolated_in_the_logarithm():
    table = np.array([[2.0, 4.0, 6.0], [4.0, 8.0, 6.0]])
    reference = ScaleReference(np.array([8, 32]), table, table + 1)
    low, median = reference.at(torch.tensor([[4, 16, 64]]))
    assert low.tolist() == [[[2, 4, 6], [3, 6, 6], [4, 8, 6]]]
    assert torch.equal(median, low + 1)


def test_set_without_structure_is_refused(sets):
    example = sets["train"].examples[0]
    nothing = np.full_like(example.chain.coords, np.nan)
    mask = np.zeros_like(example.chain.atom_mask)
    chain = replace(example.chain, coords=nothing, atom_mask=mask)
    empty = replace(example, chain=chain)
    with pytest.raises(ValueError, match="two C1'"):
        scale_reference([empty], 0.01, np.random.default_rng(0), 9)
