import numpy as np
import pytest

from rna_predict.constants import SLOT_INDEX
from rna_predict.refine.phosphates import name_oxygens

SLOT = SLOT_INDEX["N"]


@pytest.fixture(scope="module")
def model(chain):
    return chain("1ehz_A")


def all_joined(chain):
    return np.ones(len(chain) - 1, dtype=bool)


def test_natives_are_left_alone(model):
    coords = model.coords.astype(np.float64)
    found, repairs = name_oxygens(coords, all_joined(model))
    assert not repairs
    np.testing.assert_array_equal(found, coords)


def test_exchanged_phosphate_oxygens_get_their_names_back(model):
    coords = model.coords.astype(np.float64)
    bad = coords.copy()
    for index in (1, 20, 50):
        bad[index, [SLOT["OP1"], SLOT["OP2"]]] = bad[index, [SLOT["OP2"], SLOT["OP1"]]]
    found, repairs = name_oxygens(bad, all_joined(model))
    np.testing.assert_array_equal(found, coords)
    assert [(r.kind, r.residue) for r in repairs] == [
        ("swapped_oxygens", index) for index in (1, 20, 50)
    ]


def test_oxygens_on_one_side_are_placed_anew(model):
    coords = model.coords.astype(np.float64)
    bad = coords.copy()
    bad[4, SLOT["OP2"]] = bad[4, SLOT["OP1"]] + [0.3, 0.2, 0.1]
    found, repairs = name_oxygens(bad, all_joined(model))
    assert [(r.kind, r.residue) for r in repairs] == [("chirality", 4)]
    assert np.nanmax(np.linalg.norm(found - coords, axis=-1)) < 0.3


def test_the_first_phosphate_has_no_hand(model):
    coords = model.coords.astype(np.float64)
    joined = all_joined(model)
    joined[9] = False
    for index in (0, 10):
        coords[index, [1, 2]] = coords[index, [2, 1]]
    assert not name_oxygens(coords, joined)[1]
