import numpy as np

from rna_predict.constants import ALPHABET, SLOT_INDEX
from rna_predict.structure.atoms import fill_slots, one_conformer, slot_column, slot_table


def test_old_names_find_the_slots_of_the_new_ones():
    old = slot_table(["O1P", "O2P", "O5*", "C1*", "PA"])
    new = slot_table(["OP1", "OP2", "O5'", "C1'", "P"])
    assert np.array_equal(old, new)
    assert (new >= 0).all()


def test_base_atoms_have_a_slot_only_in_bases_that_own_them():
    table = slot_table(["N6", "C7", "H5'"])
    assert table[0, ALPHABET.index("A")] == SLOT_INDEX["A"]["N6"]
    assert table[0, ALPHABET.index("G")] == -1
    assert (table[1:] == -1).all()


def test_atoms_of_a_c_glycoside_have_their_own_column():
    table = slot_table(["N1", "C5", "N3", "O2", "P"])
    uridine = [SLOT_INDEX["U"][name] for name in ("C5", "N1", "N3", "O4", "P")]
    assert table[:, slot_column("PSU", "U")].tolist() == uridine
    assert slot_column("5MU", "U") == ALPHABET.index("U")


def test_neighbours_take_the_same_conformer():
    residue = np.array([0, 0, 1, 1, 2, 3, 3])
    altloc = np.array([65, 66, 65, 66, 0, 65, 66])
    occupancy = np.array([0.4, 0.6, 0.55, 0.45, 1.0, 0.9, 0.1])
    keep = one_conformer(residue, altloc, occupancy, 4)
    assert keep.tolist() == [False, True, False, True, True, True, False]


def test_a_residue_without_the_chosen_label_takes_its_own_best():
    residue = np.array([0, 0, 1, 1])
    altloc = np.array([65, 66, 67, 68])
    occupancy = np.array([0.3, 0.7, 0.2, 0.4])
    assert one_conformer(residue, altloc, occupancy, 2).tolist() == [False, True, False, True]


def test_equal_occupancies_take_the_first_label():
    keep = one_conformer(np.array([0, 0]), np.array([66, 65]), np.array([0.5, 0.5]), 1)
    assert keep.tolist() == [False, True]


def test_first_of_two_atoms_in_one_slot_stays_and_infinite_ones_are_left_out():
    positions = np.array([[1.0, 2, 3], [4, 5, 6], [7, np.inf, 9], [1, 1, 1]])
    coords = fill_slots(np.array([0, 0, 0, 1]), np.array([2, 2, 3, -1]), positions, 2)
    assert coords[0, 2].tolist() == [1.0, 2.0, 3.0]
    assert np.isfinite(coords).all(-1).sum() == 1
