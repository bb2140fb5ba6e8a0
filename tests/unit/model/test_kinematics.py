"""Stage C: centred coordinates from unit vectors."""

import numpy as np
import torch

from rna_predict.constants import ALPHABET, BACKBONE_ATOMS, IDEAL_BOND, TORSIONS, slot_mask
from rna_predict.geometry.nerf import build_atoms
from rna_predict.model.kinematics import (
    centre,
    reference_conformers,
    residue_frames,
    start_coords,
)


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


def test_gradients_equal_finite_differences(feature_maker):
    features = feature_maker((3,))
    generator = torch.Generator().manual_seed(3)
    vectors = torch.randn(1, 3, len(TORSIONS), 2, generator=generator, dtype=torch.float64)
    vectors = (vectors / vectors.norm(dim=-1, keepdim=True)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: start_coords(x, features), vectors)


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


def test_reference_conformers_are_ideal_residues_in_their_sugar_frame():
    table = reference_conformers()
    place = {name: table[:, k] for k, name in enumerate(BACKBONE_ATOMS)}
    assert (table[~slot_mask()] == 0).all()
    np.testing.assert_allclose(place["C4'"], 0, atol=1e-5)
    np.testing.assert_allclose(place["C3'"][:, 1:], 0, atol=1e-5)
    assert (place["C3'"][:, 0] > 1).all() and (place["C1'"][:, 1] > 1).all()
    for first, second in (("C4'", "C3'"), ("C5'", "C4'"), ("O5'", "C5'")):
        length = np.linalg.norm(place[first] - place[second], axis=-1)
        np.testing.assert_allclose(length, IDEAL_BOND[first, second], atol=1e-4)
    spread = [np.linalg.norm(table[k][slot_mask()[k]], axis=-1).max() for k in range(4)]
    assert max(spread) < 10 and len({round(float(s), 2) for s in spread}) == len(ALPHABET) - 1
