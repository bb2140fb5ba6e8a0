import numpy as np

from rna_predict.constants import SLOT_INDEX, slot_mask
from rna_predict.refine.missing_atoms import fill_missing, torn_off


def fill(chain, coords):
    needed = slot_mask()[chain.kinds] & np.isfinite(coords).any(axis=(1, 2))[:, None]
    return fill_missing(chain, coords, needed, np.ones(len(chain) - 1, dtype=bool))


def test_a_model_without_bases_gets_planar_ones(chain, part):
    stem = part(chain("1ehz_A"), slice(1, 7))
    coords = stem.coords.astype(np.float64)
    bare = coords.copy()
    bare[:, 12:] = np.nan
    found, repairs, _ = fill(stem, bare)
    assert [repair.residue for repair in repairs] == list(range(6))
    assert np.array_equal(np.isfinite(found), np.isfinite(coords))
    off = np.linalg.norm(found - coords, axis=-1)
    assert np.nanmedian(off[:, 12:]) < 1.0


def test_three_atoms_of_each_residue_give_the_rest(chain, part):
    stem = part(chain("1ehz_A"), slice(1, 7))
    coords = stem.coords.astype(np.float64)
    slot = SLOT_INDEX["N"]
    coarse = np.full_like(coords, np.nan)
    for kept in (slot["P"], slot["C4'"], 12):
        coarse[:, kept] = coords[:, kept]
    found, repairs, _ = fill(stem, coarse)
    assert len(repairs) == 6
    assert np.array_equal(np.isfinite(found), np.isfinite(coords))
    assert np.nanmedian(np.linalg.norm(found - coords, axis=-1)) < 2.0


def test_what_cannot_be_placed_is_a_remnant_told_with_what_is_there(motif):
    coords = motif.coords.astype(np.float64)
    coords[5, 3:] = np.nan
    filled, repairs, remnants = fill(motif, coords)
    assert [(remnant.kind, remnant.residue) for remnant in remnants] == [("remnant", 5)]
    assert remnants[0].detail.startswith("only P, OP1, OP2: too little to place O5', C5'")
    assert repairs == []
    assert np.array_equal(filled, coords, equal_nan=True)


def test_atoms_torn_off_are_found(motif):
    coords = motif.coords.astype(np.float64)
    slot = SLOT_INDEX[motif.sequence[6]]
    far = coords.copy()
    far[6, slot["O2'"]] += 20.0
    far[8, 12:] += 30.0  # the whole base
    lost = torn_off(motif, far)
    expected = np.zeros_like(lost)
    expected[6, slot["O2'"]] = True
    expected[8, 12:] = np.isfinite(coords[8, 12:]).all(-1)
    np.testing.assert_array_equal(lost, expected)
    assert not torn_off(motif, coords).any()


def test_atoms_beyond_a_missing_one_are_not_torn_off(motif):
    coords = motif.coords.astype(np.float64)
    coords[6, SLOT_INDEX["N"]["C1'"]] = np.nan
    assert not torn_off(motif, coords).any()
