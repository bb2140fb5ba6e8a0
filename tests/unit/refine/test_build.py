import numpy as np
import pytest

from rna_predict.constants import N_SLOTS, SLOT_ATOMS, SLOT_INDEX
from rna_predict.refine.build import build_atoms, placeable
from rna_predict.refine.ideal_residues import N_WITH_OUTER, gather_residue

SLOT = SLOT_INDEX["N"]
HELICAL = {"A": 4, "C": 1, "G": 2, "U": 5}
"""Residues of 1ehz."""


def mask(*slots):
    missing = np.zeros(N_WITH_OUTER, dtype=bool)
    missing[list(slots)] = True
    return missing


@pytest.fixture(scope="module")
def residues(chain):
    """Give an inner residue of each base, with the atoms of its neighbours."""
    coords = chain("1ehz_A").coords.astype(np.float64)
    return {base: gather_residue(coords, index, True, True) for base, index in HELICAL.items()}


@pytest.mark.parametrize("base", "ACGU")
def test_each_single_atom_comes_back(residues, base):
    atoms = residues[base]
    for slot, name in enumerate(SLOT_ATOMS[base]):
        if not name:
            continue
        missing = mask(slot)
        assert placeable(np.where(missing[:, None], np.nan, atoms), missing, base)
        built = build_atoms(np.where(missing[:, None], np.nan, atoms), missing, base)
        assert np.linalg.norm(built[slot] - atoms[slot]) < 0.3, name
        kept = ~missing & np.isfinite(atoms).all(-1)
        np.testing.assert_array_equal(built[kept], atoms[kept])


@pytest.mark.parametrize("base", "ACGU")
@pytest.mark.parametrize(
    ("names", "limit"),
    [
        (("P", "OP1", "OP2"), 0.4),
        (("OP1", "OP2"), 0.4),
        (("O5'", "C5'"), 0.3),
        (("C4'", "O4'", "C3'", "C2'", "C1'"), 0.3),
        (("C5'", "C4'", "O4'", "C3'", "C2'", "O2'", "C1'"), 0.7),
    ],
)
def test_groups_that_their_neighbours_determine_come_back(residues, base, names, limit):
    atoms = residues[base]
    missing = mask(*(SLOT[name] for name in names))
    built = build_atoms(np.where(missing[:, None], np.nan, atoms), missing, base)
    assert np.linalg.norm(built[missing] - atoms[missing], axis=1).max() < limit


@pytest.mark.parametrize("base", "ACGU")
def test_a_whole_base_is_planar_and_of_the_commonest_chi(residues, base):
    atoms = residues[base]
    missing = mask(*(slot for slot in range(12, N_SLOTS) if SLOT_ATOMS[base][slot]))
    built = build_atoms(np.where(missing[:, None], np.nan, atoms), missing, base)
    points = built[missing] - built[missing].mean(0)
    assert np.linalg.svd(points, compute_uv=False)[2] < 0.06 * len(points) ** 0.5
    assert np.linalg.norm(built[missing] - atoms[missing], axis=1).max() < 2.5


def test_it_moves_with_the_residue(residues):
    rotation = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 0.0, 0.0]])
    atoms = residues["G"]
    missing = mask(*range(12, N_SLOTS), SLOT["O2'"])
    left = np.where(missing[:, None], np.nan, atoms)
    built = build_atoms(left, missing, "G")
    turned = build_atoms(left @ rotation.T + 7.0, missing, "G")
    np.testing.assert_allclose(turned, built @ rotation.T + 7.0, atol=1e-6)


def test_too_little_is_not_placeable(residues):
    atoms = residues["A"]
    for left, enough in (
        (("P",), False), (("P", "OP1", "OP2"), False), (("C1'",), False),
        (("P", "C4'", "C1'"), True), (("C4'", "C3'", "C2'"), True), ((), False),
    ):  # fmt: skip
        missing = np.zeros(N_WITH_OUTER, dtype=bool)
        missing[: 12 + 10] = True
        missing[[SLOT[name] for name in left]] = False
        bare = np.where(missing[:, None], np.nan, atoms)
        bare[N_SLOTS:] = np.nan
        assert placeable(bare, missing, "A") == enough, left
