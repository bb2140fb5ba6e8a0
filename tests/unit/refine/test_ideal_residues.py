import numpy as np
import pytest

from rna_predict.constants import BASES, IDEAL_BOND, PURINES, SLOT_INDEX
from rna_predict.evaluate.chirality import chiral_volumes as volumes_of_chain
from rna_predict.refine.ideal_residues import (
    chiral_volumes,
    extended_slots,
    gather_residue,
    ideal_residue,
)


@pytest.mark.parametrize("base", BASES)
def test_every_conformation_has_ideal_bonds_and_the_right_hand(base):
    ideal = ideal_residue(base)
    slot = extended_slots(base)
    where = {tuple(sorted(pair)): row for row, pair in enumerate(ideal.pairs.tolist())}
    for (first, second), length in IDEAL_BOND.items():
        if second == "N9|N1":
            continue
        row = where[tuple(sorted((slot[first], slot[second])))]
        assert ideal.bonded[row]
        np.testing.assert_allclose(ideal.distance[:, row], length, atol=1e-6)
    assert (chiral_volumes(ideal.atoms, base) > 1.5).all()


@pytest.mark.parametrize("base", BASES)
def test_fixed_distances_depend_on_the_pucker_alone(base):
    ideal = ideal_residue(base)
    first, second = ideal.pairs.T
    found = np.linalg.norm(ideal.atoms[:, first] - ideal.atoms[:, second], axis=-1)
    np.testing.assert_allclose(found, ideal.distance[ideal.pucker], atol=1e-6)


def test_volumes_of_sugars_are_those_of_the_scores(motif):
    expected = volumes_of_chain(motif)
    coords = motif.coords.astype(np.float64)
    for index in range(1, len(motif) - 1):
        atoms = gather_residue(coords, index, True, True)
        found = chiral_volumes(atoms, motif.sequence[index])
        np.testing.assert_allclose(found[:4], expected[index], atol=1e-5)
        assert (found[4:] > 1.5).all()  # the phosphate, which the scores do not look at


def test_unlinked_neighbours_lend_no_atoms(motif):
    atoms = gather_residue(motif.coords.astype(np.float64), 5, False, True)
    slot = extended_slots(motif.sequence[5])
    assert np.isnan(atoms[[slot["O3'-1"], slot["C3'-1"]]]).all()
    np.testing.assert_array_equal(atoms[slot["P+1"]], motif.coords[6, SLOT_INDEX["N"]["P"]])
    assert extended_slots("G")["N"] == SLOT_INDEX["G"]["N9"] and "G" in PURINES
