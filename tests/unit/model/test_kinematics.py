"""Stage C: centred coordinates from unit vectors."""

import torch

from rna_predict.constants import TORSIONS
from rna_predict.geometry.nerf import build_atoms
from rna_predict.model.kinematics import centre, start_coords


def test_start_coords_are_the_built_atoms_centred(features):
    angles = torch.randn(2, 9, len(TORSIONS), generator=torch.Generator().manual_seed(0)) * 0.5
    vectors = torch.stack([angles.sin(), angles.cos()], dim=-1)
    coords = start_coords(vectors, features)
    built = build_atoms(angles, features.sequence)
    mask = features.slot_mask
    for chain in range(2):
        kept = built[chain][mask[chain]]
        torch.testing.assert_close(
            coords[chain][mask[chain]], kept - kept.mean(0), atol=1e-4, rtol=0
        )
    assert (coords[~mask] == 0).all()


def test_centring_a_chain_without_atoms_is_finite():
    coords = torch.randn(2, 3, 23, 3, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(2, 3, 23, dtype=torch.bool)
    assert torch.equal(centre(coords, mask), torch.zeros_like(coords))
