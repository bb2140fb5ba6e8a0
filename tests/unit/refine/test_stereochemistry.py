import numpy as np
import pytest

from rna_predict.constants import BASE_ATOMS, SLOT_INDEX
from rna_predict.evaluate.chirality import CENTRES, wrong_centres
from rna_predict.refine.stereochemistry import mirror_centres

SLOT = SLOT_INDEX["N"]
PLAIN = (1, 2, 3, 4, 5)
"""Residues of 1ehz that are their parents."""


def all_joined(chain):
    return np.ones(len(chain) - 1, dtype=bool)


def mirror(atoms, plane, group):
    """Mirror a group by the plane of three atoms."""
    origin, first, second = atoms[[*plane]]
    normal = np.cross(first - origin, second - origin)
    normal /= np.linalg.norm(normal)
    atoms[group] -= 2 * ((atoms[group] - origin) @ normal)[:, None] * normal


@pytest.fixture(scope="module")
def model(chain):
    return chain("1ehz_A")


def repaired(model, coords):
    """Turn centres right; check with the scores that all are."""
    found, repairs = mirror_centres(model.sequence, coords, all_joined(model))
    assert not wrong_centres(model.with_coords(found.astype(np.float32))).any()
    return found, repairs


def test_natives_are_left_alone(model):
    coords = model.coords.astype(np.float64)
    found, repairs = mirror_centres(model.sequence, coords, all_joined(model))
    assert not repairs
    np.testing.assert_array_equal(found, coords)


@pytest.mark.parametrize("index", PLAIN)
def test_a_base_on_the_wrong_face_comes_back(model, index):
    coords = model.coords.astype(np.float64)
    bad = coords.copy()
    base = list(range(12, 12 + len(BASE_ATOMS[model.sequence[index]])))
    mirror(bad[index], (SLOT["C1'"], SLOT["O4'"], SLOT["C2'"]), base)
    assert wrong_centres(model.with_coords(bad.astype(np.float32)))[index].tolist() == [
        True, False, False, False,
    ]  # fmt: skip
    found, repairs = repaired(model, bad)
    assert np.nanmax(np.abs(found - coords)) < 0.2
    assert [(r.kind, r.residue, r.detail) for r in repairs] == [
        ("chirality", index, "C1': base mirrored")
    ]


@pytest.mark.parametrize(
    ("centre", "atom", "limit"), [("C2'", "O2'", 0.9), ("C3'", "O3'", 0.2), ("C4'", "C5'", 0.2)]
)
@pytest.mark.parametrize("index", PLAIN)
def test_a_substituent_on_the_wrong_side_comes_back(model, index, centre, atom, limit):
    coords = model.coords.astype(np.float64)
    bad = coords.copy()
    mirror(bad[index], [SLOT[centre], *(SLOT[name] for name in CENTRES[centre][:2])], [SLOT[atom]])
    assert np.linalg.norm(bad[index, SLOT[atom]] - coords[index, SLOT[atom]]) > 2.0
    found, repairs = repaired(model, bad)
    assert [repair.residue for repair in repairs] == [index]
    assert np.nanmax(np.linalg.norm(found - coords, axis=-1)) < limit


@pytest.mark.parametrize("depth", [1.0, 2.0])
@pytest.mark.parametrize("centre", CENTRES)
def test_a_centre_moved_into_or_through_the_plane_of_its_neighbours_comes_back(
    model, centre, depth
):
    coords = model.coords.astype(np.float64)
    bad = coords.copy()
    for index in PLAIN:
        atoms = bad[index]
        ends = [12 if name == "N" else SLOT[name] for name in CENTRES[centre]]
        first, second, third = atoms[ends]
        normal = np.cross(second - first, third - first)
        normal /= np.linalg.norm(normal)
        atoms[SLOT[centre]] -= depth * ((atoms[SLOT[centre]] - first) @ normal) * normal
    assert wrong_centres(model.with_coords(bad.astype(np.float32)))[list(PLAIN)].any(1).all()
    found, repairs = repaired(model, bad)
    assert [repair.residue for repair in repairs] == list(PLAIN)
    assert np.nanmax(np.linalg.norm(found - coords, axis=-1)) < 0.5


def test_a_mirrored_sugar_is_built_anew_between_phosphate_and_base(model):
    coords = model.coords.astype(np.float64)
    bad = coords.copy()
    sugar = [SLOT[name] for name in ("C4'", "O4'", "C3'", "C2'", "O2'", "C1'")]
    mirror(bad[3], (SLOT["C5'"], SLOT["O3'"], 12), sugar)
    found, repairs = repaired(model, bad)
    assert [repair.residue for repair in repairs] == [3]
    assert "sugar built anew" in repairs[0].detail
    assert np.nanmax(np.linalg.norm(found - coords, axis=-1)) < 0.6
