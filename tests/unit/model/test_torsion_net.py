"""Stage B1: unit vectors, A-form at the start, pairs, neighbours and positions that matter."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from rna_predict.constants import TORSIONS
from rna_predict.model.torsion_net import (
    A_FORM,
    LOG_KAPPA,
    START_LOG_KAPPA,
    TorsionNet,
    neighbour_mask,
)


def test_all_torsions_are_predicted():
    assert TORSIONS == (
        "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "chi",
        "nu0", "nu1", "nu2", "nu3", "nu4", "eta", "theta",
    )  # fmt: skip


def test_an_untrained_net_predicts_a_form(features):
    torch.manual_seed(0)
    torsions = TorsionNet(width=16, blocks=1, heads=2, factor=2)(features)
    expected = torch.tensor([np.radians(A_FORM[name]) for name in TORSIONS]).float()
    angles = torch.atan2(torsions.sin_cos[..., 0], torsions.sin_cos[..., 1])
    torch.testing.assert_close(angles, expected.expand(angles.shape))
    torch.testing.assert_close(torsions.norm, torch.ones_like(torsions.norm))
    start = torch.full_like(torsions.log_kappa, START_LOG_KAPPA)
    torch.testing.assert_close(torsions.log_kappa, start)


def test_vectors_have_unit_length(network, features):
    torsions = network.torsion_net(features)
    torch.testing.assert_close(torsions.sin_cos.norm(dim=-1), torch.ones(2, 9, len(TORSIONS)))
    assert (torsions.norm - 1).abs().max() > 0.01


def test_concentrations_differ_and_stay_in_their_range(network, features):
    low, high = LOG_KAPPA
    log_kappa = network.torsion_net(features).log_kappa
    assert log_kappa.std() > 1e-3
    assert (log_kappa > low).all() and (log_kappa < high).all()
    assert math.degrees(math.exp(-high / 2)) == pytest.approx(1.7, abs=0.05)


@pytest.mark.parametrize("name", ["pair_probability", "consensus_probability"])
def test_both_kinds_of_base_pairs_change_the_torsions(network, features, name):
    paired = torch.zeros(2, 9, 9)
    paired[:, [0, 5], [5, 0]] = 1.0
    other = replace(features, **{name: paired})
    first, second = (network.torsion_net(f).sin_cos for f in (features, other))
    assert (first - second).abs().max() > 1e-4


def test_a_base_pair_lets_a_residue_see_its_partner(network_maker, features):
    """Local mixing and attention to others shut, only the pair carries the partner's letter."""
    net = network_maker().torsion_net
    with torch.no_grad():
        for block in net.blocks:
            block.local.out.weight.zero_()
            block.attention.separation.weight.fill_(-1e4)
            block.attention.pairing.weight.fill_(1e4)
    pairs = torch.eye(9).repeat(2, 1, 1)
    pairs[:, 0, 8] = 1.0
    changed = features.sequence.clone()
    changed[0, 8] = (changed[0, 8] + 1) % 4
    paired, alone = (
        [
            net(replace(features, sequence=sequence, pair_probability=matrix)).hidden[0, 0]
            for sequence in (features.sequence, changed)
        ]
        for matrix in (pairs, torch.eye(9).repeat(2, 1, 1))
    )
    assert (paired[0] - paired[1]).abs().max() > 1e-3
    torch.testing.assert_close(alone[0], alone[1])


def test_padding_changes_nothing(network, feature_maker):
    whole = feature_maker((9, 6))
    short = feature_maker((6,))
    short = replace(
        short, sequence=whole.sequence[1:, :6], pair_probability=whole.pair_probability[1:, :6, :6]
    )
    together, alone = network.torsion_net(whole), network.torsion_net(short)
    torch.testing.assert_close(together.sin_cos[1:, :6], alone.sin_cos, atol=1e-5, rtol=0)
    torch.testing.assert_close(together.log_kappa[1:, :6], alone.log_kappa, atol=1e-5, rtol=0)


def test_a_crop_further_down_the_chain_is_predicted_alike(network, features):
    moved = replace(features, residue_index=features.residue_index + 100)
    first, second = (network.torsion_net(f).sin_cos for f in (features, moved))
    torch.testing.assert_close(first, second, atol=1e-4, rtol=0)


def test_neighbours_end_at_gaps_at_breaks_and_at_the_padding(features):
    gap = features.residue_index.clone()
    gap[0, 5:] += 3
    broken = torch.zeros_like(features.residue_mask)
    broken[1, 2] = True
    mask = neighbour_mask(replace(features, residue_index=gap, chain_break=broken))
    assert mask[0, 4].tolist() == [True, True, True, False, False]
    assert mask[0, 5].tolist() == [False, False, True, True, True]
    assert mask[0, 0].tolist() == [False, False, True, True, True]
    assert mask[1, 1].tolist() == [False, True, True, False, False]
    assert mask[1, 2].tolist() == [False, False, True, True, True]
    assert mask[1, 5].tolist() == [True, True, True, False, False]


def test_gradient_reaches_every_weight(network_maker, features):
    net = network_maker().torsion_net
    torsions = net(features)
    weight = torch.arange(28.0).view(14, 2)
    loss = (torsions.sin_cos * weight).sum() + torsions.log_kappa.sum() + torsions.norm.sum()
    loss.backward()
    assert [n for n, p in net.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_half_precision_is_close_to_single(network, features):
    exact = network.torsion_net(features).sin_cos
    with torch.autocast("cpu", torch.bfloat16):
        half = network.torsion_net(features).sin_cos
    torch.testing.assert_close(half.float(), exact, atol=0.05, rtol=0)
