import numpy as np
import pytest

from rna_predict.constants import ALPHABET, BASE_ATOMS, BASE_FRAME, BASES, N_BACKBONE
from rna_predict.secondary.bases import fit_bases, planar_bases, ring_centres


def ideal(letters, rotation, shift):
    """Put ideal bases, moved, in the 23-slot layout."""
    coords = np.full((len(letters), 23, 3), np.nan)
    for row, letter in enumerate(letters):
        for slot, name in enumerate(BASE_ATOMS[letter]):
            coords[row, N_BACKBONE + slot] = rotation @ [*BASE_FRAME[letter][name], 0.0] + shift
    return np.array([ALPHABET.index(letter) for letter in letters]), coords


@pytest.fixture
def motion():
    rotation, _ = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))
    return rotation * np.sign(np.linalg.det(rotation)), np.array([4.0, -9.0, 30.0])


def test_the_frame_of_an_ideal_base_is_the_motion_that_placed_it(motion):
    kinds, coords = ideal(BASES, *motion)
    bases = fit_bases(kinds, coords)
    np.testing.assert_allclose(bases.rotation, np.broadcast_to(motion[0], (4, 3, 3)), atol=1e-9)
    np.testing.assert_allclose(bases.origin, np.broadcast_to(motion[1], (4, 3)), atol=1e-9)
    np.testing.assert_allclose(bases.normal, np.broadcast_to(motion[0][:, 2], (4, 3)), atol=1e-9)
    np.testing.assert_allclose(bases.centre, np.nanmean(coords, axis=1), atol=1e-9)
    placed = bases.place(planar_bases()[0])
    mask = planar_bases()[1]
    np.testing.assert_allclose(placed[mask], coords[:, N_BACKBONE:][mask], atol=1e-9)


def test_residues_without_three_base_atoms_or_a_parent_have_no_base(motion):
    kinds, coords = ideal("ACGU", *motion)
    coords[1, N_BACKBONE + 2 :] = np.nan
    kinds[2] = ALPHABET.index("N")
    assert fit_bases(kinds, coords).residue.tolist() == [0, 3]


def test_atoms_that_are_no_base_have_none(motion):
    kinds, coords = ideal("A", *motion)
    assert len(fit_bases(kinds, coords * 3)) == 0


def test_structures_in_one_place_are_no_neighbours(motion):
    kinds, coords = ideal("ACGU", *motion)
    assert len(fit_bases(kinds, coords).neighbours(5.0)) == 6
    structure = np.array([7, 7, 2, 2])
    pairs = fit_bases(kinds, coords, structure).neighbours(5.0)
    assert sorted(pairs.tolist()) == [[0, 1], [2, 3]]


def test_ring_centres_are_the_middle_of_each_ring():
    six, five = ring_centres()[BASES.index("A")]
    assert np.linalg.norm(six - five) == pytest.approx(2.1, abs=0.1)  # rings that share a bond
    for name in ("N1", "C2", "N3", "C4", "C5", "C6"):
        distance = np.linalg.norm(six[:2] - BASE_FRAME["A"][name])
        assert distance == pytest.approx(1.36, abs=0.11), name
    assert np.isnan(ring_centres()[BASES.index("C"), 1]).all()
