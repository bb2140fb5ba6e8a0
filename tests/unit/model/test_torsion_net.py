"""Stage B1: unit vectors, A-form at the start, pairing and positions that matter."""

from dataclasses import replace

import numpy as np
import torch

from rna_predict.constants import TORSIONS
from rna_predict.model.torsion_net import A_FORM, TorsionNet, rotary_angles, rotate


def test_an_untrained_net_predicts_a_form(features):
    torch.manual_seed(0)
    _, sin_cos, norm = TorsionNet(width=16, blocks=1, heads=2, factor=2)(features)
    expected = torch.tensor([np.radians(A_FORM[name]) for name in TORSIONS]).float()
    angles = torch.atan2(sin_cos[..., 0], sin_cos[..., 1])
    torch.testing.assert_close(angles, expected.expand(angles.shape))
    torch.testing.assert_close(norm, torch.ones_like(norm))


def test_vectors_have_unit_length(network, features):
    _, sin_cos, norm = network.torsion_net(features)
    torch.testing.assert_close(sin_cos.norm(dim=-1), torch.ones(2, 9, len(TORSIONS)))
    assert (norm - 1).abs().max() > 0.01


def test_pair_probability_changes_the_torsions(network, features):
    unpaired = replace(features, pair_probability=torch.zeros_like(features.pair_probability))
    first, second = (network.torsion_net(f)[1] for f in (features, unpaired))
    assert (first - second).abs().max() > 1e-3


def test_scores_depend_on_the_difference_of_positions_only():
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, 1, 1, 5, 8, generator=generator)
    index = torch.arange(5)[None]
    scores = [
        rotate(query, rotary_angles(shifted, 8)) @ rotate(key, rotary_angles(shifted, 8)).mT
        for shifted in (index, index + 100)
    ]
    torch.testing.assert_close(scores[0], scores[1], atol=1e-4, rtol=0)
    assert not torch.allclose(scores[0], query @ key.mT)
