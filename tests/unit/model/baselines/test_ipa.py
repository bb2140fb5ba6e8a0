"""Invariant point attention: rotations, and residues of ideal geometry."""

import numpy as np
import torch

from rna_predict.evaluate.bonds import bond_deviations
from rna_predict.model.baselines.ipa import small_rotation
from rna_predict.structure.chain import model_chain


def test_updates_are_rotations():
    turn = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    rotation = small_rotation(turn)
    torch.testing.assert_close(rotation @ rotation.mT, torch.eye(3).expand(50, 3, 3))
    torch.testing.assert_close(torch.linalg.det(rotation), torch.ones(50))
    torch.testing.assert_close(small_rotation(torch.zeros(3)), torch.eye(3))
    # (1, tan(a / 2), 0, 0) turns by a about x
    quarter = small_rotation(torch.tensor([1.0, 0.0, 0.0]))
    torch.testing.assert_close(quarter @ torch.tensor([0.0, 1.0, 0.0]), torch.tensor([0.0, 0, 1]))


def test_bonds_within_residues_are_ideal_whatever_the_weights(regressor_maker, features):
    network = regressor_maker("ipa")
    x = torch.randn(2, 1, 9, 16, generator=torch.Generator().manual_seed(0))
    coords = network.structure.atoms(x, features)[0, 0].detach().numpy()
    coords = np.where(features.slot_mask[0, :, :, None].numpy(), coords, np.nan)
    for residue in range(9):
        letter = "ACGUN"[features.sequence[0, residue]]
        chain = model_chain("x", letter, coords[residue : residue + 1])
        assert np.nanmax(np.abs(bond_deviations(chain))) < 0.02
