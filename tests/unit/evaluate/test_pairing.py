from dataclasses import replace

import numpy as np
import pytest

from rna_predict.constants import SLOT_INDEX
from rna_predict.errors import InputError
from rna_predict.evaluate.pairing import matched_coords, pair_residues


def renumbered(chain, shift):
    return replace(chain, auth_numbers=chain.auth_numbers + np.int32(shift))


def test_equal_numbers_pair_by_number(chain, part):
    native = chain("1y26_X")
    pairing = pair_residues(part(native, slice(10, 40)), native)
    assert pairing.how == "number"
    assert np.array_equal(pairing.native, np.arange(10, 40))
    assert np.array_equal(pairing.model, np.arange(30))


def test_shifted_numbers_pair_by_sequence(chain, part):
    native = chain("1y26_X")
    pairing = pair_residues(renumbered(part(native, slice(5, 60)), 3), native)
    assert pairing.how == "sequence"
    assert np.array_equal(pairing.native, np.arange(5, 60))


def test_unobserved_residues_do_not_pair(chain):
    native = chain("1q9a_A")
    coords = native.coords.copy()
    coords[4:6] = np.nan
    for model, other in (
        (native.with_coords(coords), native),
        (native, native.with_coords(coords)),
    ):
        for how in ("number", "sequence"):
            pairing = pair_residues(model, other, how)
            assert len(pairing.native) == len(native) - 2
            assert not {4, 5} & set(pairing.native.tolist())


def test_a_mutation_keeps_the_numbers_and_the_atoms_of_equal_name(chain):
    native = chain("1q9a_A")
    position = native.sequence.index("G")
    letters = native.sequence[:position] + "A" + native.sequence[position + 1 :]
    coords = native.coords.copy()
    coords[position, 12:] = np.nan
    coords[position, SLOT_INDEX["A"]["N6"]] = 0.0
    coords[position, SLOT_INDEX["A"]["C2"]] = 1.0
    model = replace(native.with_coords(coords), sequence=letters, residue_names=tuple(letters))
    pairing = pair_residues(model, native)
    matched = matched_coords(model, native, pairing)
    assert pairing.how == "number"
    assert (matched[position, SLOT_INDEX["G"]["C2"]] == 1.0).all()
    assert np.isnan(matched[position, SLOT_INDEX["G"]["O6"]]).all()
    assert np.array_equal(matched[position, :12], coords[position, :12], equal_nan=True)


def test_atoms_that_the_native_did_not_observe_are_left_out(chain):
    native = chain("1q9a_A")
    coords = native.coords.copy()
    coords[7, 3] = np.nan
    partial = native.with_coords(coords)
    matched = matched_coords(native, partial, pair_residues(native, partial))
    assert np.array_equal(np.isfinite(matched).all(-1), partial.atom_mask)


def test_insertion_codes_tell_residues_apart(chain):
    native = chain("1q9a_A")
    numbers, codes = native.auth_numbers.copy(), list(native.ins_codes)
    numbers[11:] -= 1
    codes[11] = "A"
    inserted = replace(native, auth_numbers=numbers, ins_codes=tuple(codes))
    pairing = pair_residues(inserted, inserted, "number")
    assert np.array_equal(pairing.model, pairing.native) and len(pairing.model) == len(native)


def test_another_rna_has_nothing_in_common(chain):
    with pytest.raises(InputError, match="nothing in common"):
        pair_residues(chain("1kxk_A"), chain("1y26_X"))


def test_too_few_numbers_in_common_are_an_error_that_counts_them(chain):
    native = chain("1q9a_A")
    with pytest.raises(InputError, match="0 residue numbers in common with 1q9a_A"):
        pair_residues(renumbered(native, 1000), native, "number")
