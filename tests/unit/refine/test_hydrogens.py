import numpy as np
import pytest

from rna_predict.refine.hydrogens import BOND, place_hydrogens

TETRAHEDRON = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)


def test_one_hydrogen_completes_a_tetrahedron():
    positions = np.vstack([[0.0, 0, 0], 1.5 * TETRAHEDRON[:3], [9, 9, 9]])
    placed = place_hydrogens(positions, "CCCCH", [(0, 1), (0, 2), (0, 3), (0, 4)])
    np.testing.assert_allclose(placed[4], BOND["C"] * TETRAHEDRON[3], atol=1e-9)
    np.testing.assert_array_equal(placed[:4], positions[:4])


def test_two_hydrogens_complete_a_tetrahedron():
    positions = np.vstack([[0.0, 0, 0], 1.5 * TETRAHEDRON[:2], np.zeros((2, 3))])
    placed = place_hydrogens(positions, "CCCHH", [(0, 1), (2, 0), (0, 3), (4, 0)])
    expected = BOND["C"] * TETRAHEDRON[2:]
    if np.linalg.norm(placed[3] - expected[0]) > 1.0:
        expected = expected[::-1]
    np.testing.assert_allclose(placed[3:], expected, atol=2e-3)


def test_amino_hydrogens_lie_in_the_plane_at_120_degrees():
    # N on C, which has two ring neighbours in the plane z = 0
    positions = np.array(
        [[0.0, 0, 0], [1.34, 0, 0], [2.0, 1.2, 0], [2.0, -1.2, 0], [0, 0, 5], [0, 0, 6]]
    )
    bonds = [(0, 1), (1, 2), (1, 3), (0, 4), (0, 5)]
    placed = place_hydrogens(positions, "NCNCHH", bonds)
    expected = BOND["N"] * np.array([[-0.5, -np.sqrt(0.75), 0], [-0.5, np.sqrt(0.75), 0]])
    np.testing.assert_allclose(placed[4:], expected, atol=1e-9)


def test_hydroxyl_hydrogen_is_trans_with_the_right_angle():
    positions = np.array([[0.0, 0, 0], [1.4, 0, 0], [1.9, 1.4, 0], [0, 0, 0]])
    placed = place_hydrogens(positions, "OCCH", [(0, 1), (1, 2), (0, 3)])
    hydrogen = placed[3]
    assert np.linalg.norm(hydrogen) == pytest.approx(BOND["O"])
    assert hydrogen[0] == pytest.approx(BOND["O"] * np.cos(np.deg2rad(109.5)))
    assert hydrogen[1] < 0 and hydrogen[2] == pytest.approx(0.0)


@pytest.mark.parametrize("line", [np.zeros((4, 3)), np.arange(12.0).reshape(4, 3)])
def test_atoms_on_a_point_or_a_line_still_give_finite_hydrogens(line):
    positions = np.vstack([line, np.zeros((4, 3))])
    bonds = [(0, 1), (1, 2), (1, 3), (0, 4), (1, 5), (2, 6), (2, 7)]
    placed = place_hydrogens(positions, "OCCCHHHH", bonds)
    assert np.isfinite(placed).all()
    lengths = np.linalg.norm(placed[[4, 5, 6]] - placed[[0, 1, 2]], axis=1)
    np.testing.assert_allclose(lengths, [BOND["O"], BOND["C"], BOND["C"]])
