import numpy as np
import pytest

from rna_predict.refine.coincidence import distinct_share, separate


def nearest(coords):
    """Give the least distance between two atoms."""
    atoms = coords[np.isfinite(coords).all(-1)]
    gaps = np.linalg.norm(atoms[:, None] - atoms[None], axis=-1)
    return gaps[np.triu_indices(len(atoms), 1)].min()


def test_atoms_apart_stay_where_they_are(motif):
    coords = motif.coords.astype(np.float64)
    found, repairs = separate(coords)
    assert found is coords and not repairs and distinct_share(coords) == 1.0


def test_a_residue_on_another_moves_as_a_whole(motif):
    coords = motif.coords.astype(np.float64)
    first, second = [i for i, letter in enumerate(motif.sequence) if letter == "A"][:2]
    coords[second] = coords[first]
    found, repairs = separate(coords)
    assert [(repair.kind, repair.residue) for repair in repairs] == [("separated", second)]
    step = (found - coords)[second][np.isfinite(coords[second]).all(-1)]
    np.testing.assert_allclose(step, np.broadcast_to(step[0], step.shape), atol=1e-9)
    assert 0.1 < np.linalg.norm(step[0]) < 0.5
    assert nearest(found) > 0.01


def test_single_atoms_move_alone_and_the_same_way_each_time(motif):
    coords = motif.coords.astype(np.float64)
    coords[4, 3] = coords[4, 4]
    coords[9, 2] = coords[4, 4]
    found, repairs = separate(coords)
    assert sorted({repair.residue for repair in repairs}) == [4, 9]
    assert np.nanmax(np.linalg.norm(found - coords, axis=-1)) < 0.1
    assert nearest(found) > 0.01
    np.testing.assert_array_equal(found, separate(coords)[0])


def test_a_heap_is_parted_and_its_share_is_told(motif):
    heap = np.where(np.isfinite(motif.coords), 3.0, np.nan)
    present = np.isfinite(heap).all(-1).sum()
    assert distinct_share(heap) == pytest.approx(1 / present)
    assert nearest(separate(heap)[0]) > 1e-4
