from dataclasses import replace

import numpy as np
import pytest

from rna_predict.constants import SLOT_INDEX
from rna_predict.errors import EntryError
from rna_predict.refine.prepare import prepare


def without(chain, residue, *names):
    coords = chain.coords.copy()
    for name in names:
        coords[residue, SLOT_INDEX[chain.sequence[residue]][name]] = np.nan
    return chain.with_coords(coords)


def reason(chain):
    with pytest.raises(EntryError) as caught:
        prepare(chain)
    return caught.value.reason, str(caught.value)


def test_a_whole_chain_is_one_stretch_as_it_was(chain):
    whole = chain("1ehz_A")
    prepared = prepare(whole)
    assert prepared.segments == ((0, 76),) and prepared.phosphate == (True,)
    plain = ~prepared.modified
    np.testing.assert_array_equal(prepared.coords[plain], whole.coords[plain])


def test_gaps_split_a_chain(motif):
    coords = motif.coords.copy()
    coords[8:10] = np.nan
    prepared = prepare(motif.with_coords(coords))
    assert prepared.segments == ((0, 8), (10, 26))
    assert prepared.phosphate[1]


def test_missing_base_atoms_are_built_near_where_they_were(motif):
    residue = motif.sequence.index("G", 5)
    prepared = prepare(without(motif, residue, "O6", "N2", "N7"))
    moved = np.linalg.norm(prepared.coords[residue] - motif.coords[residue], axis=-1)
    assert np.nanmax(moved) < 0.3


def test_what_cannot_be_built_is_named(motif):
    residue = motif.sequence.index("C", 5)
    for names in (("C3'",), ("N1",), ("P",), ("OP2", "O4")[:1]):
        word, message = reason(without(motif, residue, *names))
        assert word == "missing_atoms"
        number = motif.auth_numbers[residue]
        assert f"residue {number} 'C' lacks {names[0]}" in message


def test_an_unknown_base_and_an_empty_chain_are_refused(motif):
    coords = motif.coords.copy()
    coords[4, 12:] = np.nan
    unknown = replace(
        motif.with_coords(coords), sequence=motif.sequence[:4] + "N" + motif.sequence[5:]
    )
    assert reason(unknown)[0] == "unknown_base"
    assert reason(motif.with_coords(np.full_like(coords, np.nan)))[0] == "not_observed"
