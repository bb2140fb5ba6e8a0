"""Stage C: centred coordinates from unit vectors."""

from dataclasses import replace

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


def test_the_length_of_the_vectors_does_not_matter(features):
    vectors = torch.randn(2, 9, len(TORSIONS), 2, generator=torch.Generator().manual_seed(1))
    once, twice = (start_coords(factor * vectors, features) for factor in (1.0, 2.0))
    torch.testing.assert_close(once, twice, atol=1e-4, rtol=0)


def test_padding_changes_no_atom_of_a_chain(feature_maker):
    vectors = torch.randn(2, 9, len(TORSIONS), 2, generator=torch.Generator().manual_seed(2))
    padded = feature_maker((9, 6))
    alone = replace(
        padded,
        sequence=padded.sequence[1:, :6],
        residue_mask=padded.residue_mask[1:, :6],
        residue_index=padded.residue_index[1:, :6],
        pair_probability=padded.pair_probability[1:, :6, :6],
    )
    torch.testing.assert_close(
        start_coords(vectors, padded)[1:, :6],
        start_coords(vectors[1:, :6], alone),
        atol=1e-4,
        rtol=0,
    )


def test_gradients_equal_finite_differences(feature_maker):
    features = feature_maker((3,))
    generator = torch.Generator().manual_seed(3)
    vectors = torch.randn(1, 3, len(TORSIONS), 2, generator=generator, dtype=torch.float64)
    vectors = (vectors / vectors.norm(dim=-1, keepdim=True)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: start_coords(x, features), vectors)
