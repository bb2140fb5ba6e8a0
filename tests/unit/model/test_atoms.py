"""Atom encoder and decoder: windows, chain breaks, missing atoms."""

from dataclasses import replace

import torch

from rna_predict.model.atoms import neighbours, residue_frames, window


def test_window_joins_the_slots_of_three_residues():
    x = torch.arange(2 * 5 * 4).view(2, 5, 4, 1)
    joined = window(x, 1)
    assert joined.shape == (2, 5, 12, 1)
    assert torch.equal(joined[:, 2], torch.cat([x[:, 1], x[:, 2], x[:, 3]], dim=1))
    assert (joined[:, 0, :4] == 0).all() and (joined[:, 4, 8:] == 0).all()


def test_neighbours_stop_at_ends_and_breaks(features):
    index = features.residue_index.clone()
    index[0, 5:] += 3
    around, bonded = neighbours(replace(features, residue_index=index))
    assert around[4].tolist() == [3, 4, 5]
    assert bonded[0, :, 2].tolist() == [True] * 4 + [False] + [True] * 3 + [False]
    assert bonded[0, :, 0].tolist() == [False] + [True] * 4 + [False] + [True] * 3
    assert bonded[..., 1].all()


def test_residue_frames_turn_with_the_residue():
    coords = torch.randn(1, 4, 23, 3, generator=torch.Generator().manual_seed(0))
    axes, origin = residue_frames(coords)
    torch.testing.assert_close(axes.mT @ axes, torch.eye(3).expand(1, 4, 3, 3))
    torch.testing.assert_close(torch.linalg.det(axes), torch.ones(1, 4))
    turn = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    turned, moved = residue_frames(coords @ turn.T + 3)
    torch.testing.assert_close(turned, turn @ axes)
    torch.testing.assert_close(moved, origin @ turn.T + 3)


def test_frames_of_coincident_atoms_are_finite():
    coords = torch.zeros(1, 2, 23, 3, requires_grad=True)
    axes, _ = residue_frames(coords)
    axes.sum().backward()
    assert axes.isfinite().all() and coords.grad.isfinite().all()


def test_atoms_outside_the_mask_change_nothing(network, features):
    generator = torch.Generator().manual_seed(0)
    noisy = 10 * torch.randn(2, 3, 9, 23, 3, generator=generator)
    observed = features.slot_mask & (torch.rand(2, 9, 23, generator=generator) > 0.3)
    observed[0, 4] = False  # a residue without any atom
    sigma = torch.full((2, 3), 5.0)
    with torch.no_grad():
        trunk = network.trunk(features, 0)
        first = network.denoise(trunk, features, noisy, sigma, observed)
        dirty = torch.where(observed[:, None, ..., None], noisy, torch.tensor(1e3))
        second = network.denoise(trunk, features, dirty, sigma, observed)
        other = network.denoise(trunk, features, noisy, sigma)
    mask = observed[:, None].expand(2, 3, 9, 23)
    torch.testing.assert_close(first[mask], second[mask])
    assert first.isfinite().all()
    assert (first[mask] - other[mask]).abs().max() > 1e-3
