import numpy as np

from rna_predict.constants import SLOT_INDEX
from rna_predict.refine.bases import restore_bases


def modified(chain):
    return np.array(chain.residue_names) != np.array(list(chain.sequence))


def test_sound_bases_stay_as_they_are(chain):
    model = chain("1ehz_A")
    coords = model.coords.astype(np.float64)
    restored, repairs = restore_bases(coords, model.kinds, modified(model))
    assert not repairs
    np.testing.assert_array_equal(restored, coords)


def test_a_base_flattened_to_a_line_or_bent_comes_back_where_it_was(motif):
    coords = motif.coords.astype(np.float64)
    for index in (4, 9, 13):
        base = motif.sequence[index]
        slot = SLOT_INDEX[base]
        axis = np.linalg.svd(coords[index, 12:20] - coords[index, 12:20].mean(0))[2]
        bent = coords.copy()
        far = [slot[name] for name in ("N3", "C2") if name in slot]
        bent[index, far] += 1.2 * axis[2]  # out of the plane
        restored, repairs = restore_bases(bent, motif.kinds, modified(motif))
        assert [repair.residue for repair in repairs] == [index]
        assert repairs[0].kind == "flattened_base"
        moved = np.linalg.norm(restored[index] - coords[index], axis=-1)
        assert np.nanmax(moved) < 0.9
        present = np.isfinite(restored[index, 12:]).all(-1)
        plane = restored[index, 12:][present]
        assert np.linalg.svd(plane - plane.mean(0), compute_uv=False)[2] < 1e-6
        others = np.arange(len(motif)) != index
        np.testing.assert_array_equal(restored[others], coords[others])


def test_a_squeezed_base_gets_its_bonds_back(motif):
    coords = motif.coords.astype(np.float64)
    squeezed = coords.copy()
    centre = coords[6, 12:20].mean(0)
    squeezed[6, 12:] = centre + 0.6 * (coords[6, 12:] - centre)
    restored, repairs = restore_bases(squeezed, motif.kinds, modified(motif))
    assert [repair.residue for repair in repairs] == [6]
    assert np.nanmax(np.linalg.norm(restored[6, 12:] - coords[6, 12:], axis=-1)) < 0.6


def test_missing_bases_are_left_alone(motif):
    coords = motif.coords.astype(np.float64)
    coords[3, 14] = np.nan
    restored, repairs = restore_bases(coords, motif.kinds, modified(motif))
    assert not repairs
    np.testing.assert_array_equal(restored, coords)
