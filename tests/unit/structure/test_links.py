import numpy as np

from rna_predict.constants import SLOT_INDEX
from rna_predict.structure.links import linked_to_previous

O3, P = SLOT_INDEX["N"]["O3'"], SLOT_INDEX["N"]["P"]


def strand(gaps: list[float]) -> np.ndarray:
    """Residues in a row with the given O3'-P distances between them."""
    coords = np.full((len(gaps) + 1, 23, 3), np.nan, dtype=np.float32)
    x = 0.0
    coords[0, P] = 0.0
    for i, gap in enumerate([*gaps, 0.0]):
        coords[i, O3] = [x + 5, 0, 0]
        if i < len(gaps):
            x += 5 + gap
            coords[i + 1, P] = [x, 0, 0]
    return coords


def test_distance_decides_where_both_atoms_are_there():
    coords = strand([1.6, 2.1, 1.6])
    assert linked_to_previous(coords, np.array([1, 2, 3, 40])).tolist() == [
        False, True, False, True
    ]  # fmt: skip


def test_numbering_decides_where_an_atom_is_missing():
    coords = strand([1.6, 1.6, 1.6, 1.6])
    coords[1:, P] = np.nan
    numbers = np.array([5, 6, 6, 8, 7])
    assert linked_to_previous(coords, numbers).tolist() == [False, True, True, False, False]


def test_an_unobserved_residue_breaks_the_chain():
    coords = strand([1.6, 1.6])
    coords[1] = np.nan
    assert not linked_to_previous(coords, np.array([1, 2, 3])).any()
