"""Atom encoder and decoder: windows, chain breaks, missing atoms."""

from dataclasses import replace

import torch

from rna_predict.model.atoms import neighbours, offset_features, window


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


def test_neighbours_stop_where_a_strand_ends(features):
    breaks = torch.zeros_like(features.residue_mask)
    breaks[0, 4] = True
    _, bonded = neighbours(replace(features, chain_break=breaks))
    assert bonded[0, :, 0].tolist() == [False, True, True, True, False, True, True, True, True]
    assert bonded[0, :, 2].tolist() == [True, True, True, False, True, True, True, True, False]


def test_offset_features_are_bounded_and_finite():
    offset = torch.tensor([[0.0, 0, 0], [1.0, 0, 0], [0, 3.0, 4.0], [1e4, 0, 0]])
    found = offset_features(offset)
    torch.testing.assert_close(found[0], torch.tensor([0.0, 0, 0, 1, 1]))
    torch.testing.assert_close(found[2], torch.tensor([0, 3 / 26, 4 / 26, 1 / 26, 0.5]))
    assert found.abs().max() <= 1


def test_an_atom_sees_its_window_and_no_further(network, feature_maker):
    """Moving the atoms of residue 7 reaches the encoder's states of 6, 7 and 8 alone."""
    features = feature_maker((12,))
    generator = torch.Generator().manual_seed(0)
    scaled = torch.randn(1, 1, 12, 23, 3, generator=generator)
    moved = scaled.clone()
    moved[:, :, 7] += 1.0
    with torch.no_grad():
        trunk = network.trunk(features, 0)
        condition = network.diffusion.prepare(
            features, trunk.latent_single, trunk.latent_pair, trunk.start_coords, features.slot_mask
        ).atoms
        states = [
            network.diffusion.encoder(x, torch.zeros(1, 1, 16), condition) for x in (scaled, moved)
        ]
    for before, after in zip(*states, strict=True):
        changed = (before - after).abs().flatten(3).amax(-1)[0, 0] > 1e-6
        assert changed.nonzero().flatten().tolist() == [6, 7, 8]


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
