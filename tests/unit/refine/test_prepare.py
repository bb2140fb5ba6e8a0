from dataclasses import replace

import numpy as np
import pytest

from rna_predict.constants import SLOT_INDEX, slot_mask
from rna_predict.errors import EntryError
from rna_predict.evaluate.chirality import wrong_centres
from rna_predict.refine.prepare import describe, prepare


def without(chain, residue, *names):
    coords = chain.coords.copy()
    for name in names:
        coords[residue, SLOT_INDEX[chain.sequence[residue]][name]] = np.nan
    return chain.with_coords(coords)


def refused(chain):
    """Give reason and message."""
    with pytest.raises(EntryError) as caught:
        prepare(chain)
    assert chain.name in str(caught.value)
    return caught.value.reason, str(caught.value)


def assert_whole(chain, prepared):
    """Check that nothing is missing, not finite or of the wrong hand."""
    needed = slot_mask()[chain.kinds] & chain.observed[:, None]
    for (start, _), phosphate in zip(prepared.segments, prepared.phosphate, strict=True):
        needed[start, :3] = phosphate
    assert np.array_equal(np.isfinite(prepared.coords).all(-1), needed)
    assert not wrong_centres(chain.with_coords(prepared.coords.astype(np.float32))).any()


def kinds(prepared):
    return [repair.kind for repair in prepared.repairs]


def test_a_whole_chain_is_one_stretch_as_it_was(chain):
    whole = chain("1ehz_A")
    prepared = prepare(whole)
    assert prepared.segments == ((0, 76),) and prepared.phosphate == (True,)
    plain = ~prepared.modified
    np.testing.assert_array_equal(prepared.coords[plain], whole.coords[plain])
    told = {r.residue for r in prepared.repairs if r.kind == "modified_as_parent"}
    assert told == set(np.flatnonzero(prepared.modified)) and len(told) == 14


def test_natives_pass_without_repairs(example_chains):
    for chain in example_chains:
        if chain.resolution < 2.5 and chain.atom_mask[chain.observed][1:, :12].all():
            done = {r.kind for r in prepare(chain).repairs}
            assert done <= {"modified_as_parent", "built_atoms", "swapped_oxygens"}, chain.name


def test_gaps_split_a_chain_and_nothing_is_invented(motif):
    coords = motif.coords.copy()
    coords[8:10] = np.nan
    prepared = prepare(motif.with_coords(coords))
    assert prepared.segments == ((0, 8), (10, 26))
    assert prepared.phosphate[1] and not prepared.repairs
    assert np.isnan(prepared.coords[8:10]).all()


@pytest.mark.parametrize("names", [("O6", "N2", "N7"), ("C3'",), ("N9",), ("P",), ("P", "OP1")])
def test_missing_atoms_are_built_near_where_they_were(motif, names):
    residue = motif.sequence.index("G", 20)
    partial = without(motif, residue, *names)
    prepared = prepare(partial)
    moved = np.linalg.norm(prepared.coords[residue] - motif.coords[residue], axis=-1)
    assert np.nanmax(moved) < 0.4
    assert [(r.kind, r.residue) for r in prepared.repairs] == [("built_atoms", residue)]
    assert all(name in prepared.repairs[0].detail for name in names)
    assert describe(prepared.repairs, partial) == f"built_atoms {motif.auth_numbers[residue]}"


def test_all_faults_together_are_repaired_and_told(motif):
    coords = motif.coords.copy()
    slot = SLOT_INDEX["N"]
    coords[2, [1, 2]] = coords[2, [2, 1]]
    coords[3, 12:] = np.nan
    coords[8] = coords[7] if motif.sequence[7] == motif.sequence[8] else coords[8]
    coords[10, slot["O2'"]] += 25.0
    coords[16, 14:18] += np.float32(1.0)
    coords[20:] += np.float32(2.0)
    bad = motif.with_coords(coords)
    prepared = prepare(bad)
    assert_whole(bad, prepared)
    assert set(kinds(prepared)) == {
        "built_atoms", "swapped_oxygens", "flattened_base", "closed_link",
    }  # fmt: skip
    assert prepared.segments == ((0, 26),)


def test_two_residues_on_top_of_each_other_are_parted(motif):
    first, second = [i for i, letter in enumerate(motif.sequence) if letter == "A"][:2]
    coords = motif.coords.copy()
    coords[second] = coords[first]
    bad = motif.with_coords(coords)
    prepared = prepare(bad)
    assert_whole(bad, prepared)
    assert ("separated", second) in [(r.kind, r.residue) for r in prepared.repairs]


@pytest.mark.parametrize("noise", [0.5, 1.5, 4.0])
def test_noise_of_any_size_gives_whole_right_handed_residues_or_a_reason(motif, noisy, noise):
    bad = noisy(motif, noise)
    prepared = prepare(bad)
    assert np.isfinite(prepared.coords[slot_mask()[bad.kinds]]).all()
    wrong = wrong_centres(bad.with_coords(prepared.coords.astype(np.float32)))
    assert wrong.mean() < 0.1 and wrong_centres(bad).mean() > 0.25


def test_a_squeezed_model_is_prepared(motif):
    for factor in (0.5, 0.1, 0.01):
        prepared = prepare(motif.with_coords(motif.coords * np.float32(factor)))
        assert np.isfinite(prepared.coords[slot_mask()[motif.kinds]]).all()


@pytest.mark.parametrize("residues", [1, 2, 3])
def test_the_shortest_chains_are_prepared(motif, part, residues):
    short = part(motif, slice(4, 4 + residues))
    prepared = prepare(short)
    assert prepared.segments == ((0, residues),) and not prepared.repairs


def test_coordinates_beyond_the_columns_of_pdb_files_are_no_matter(motif):
    far = motif.with_coords(motif.coords + np.float32(20_000))
    prepared = prepare(far)
    assert not prepared.repairs
    np.testing.assert_array_equal(prepared.coords, far.coords.astype(np.float64))


def test_single_atoms_that_are_not_finite_are_missing_ones(motif):
    coords = motif.coords.copy()
    coords[6, 4, 1] = np.inf
    coords[7, 5, 0] = np.nan
    prepared = prepare(motif.with_coords(coords))
    assert kinds(prepared) == ["built_atoms", "built_atoms"]


def test_what_cannot_be_repaired_is_refused_with_entry_and_residue(motif):
    coords = motif.coords.copy()
    coords[4, 12:] = np.nan
    letters = motif.sequence
    unknown = replace(motif.with_coords(coords), sequence=letters[:4] + "N" + letters[5:])
    number = motif.auth_numbers[4]
    word, message = refused(unknown)
    assert word == "unknown_base" and f"residue {number} " in message

    coords = motif.coords.copy()
    coords[4 : 4 + len(motif) // 2 + 1, 3:] = np.nan
    word, message = refused(motif.with_coords(coords))
    assert word == "missing_atoms" and f"residue {number} 'C' has only P, OP1, OP2" in message

    coords = motif.coords.copy()
    coords[4, 3] = 1e8
    word, message = refused(motif.with_coords(coords))
    assert word == "out_of_range" and f"residue {number} " in message

    assert refused(motif.with_coords(np.full_like(coords, np.nan)))[0] == "not_observed"
    assert refused(motif.with_coords(motif.coords * np.float32(0)))[0] == "collapsed"


def test_the_same_chain_is_prepared_the_same_way(motif, noisy):
    bad = noisy(motif, 0.8)
    first, second = prepare(bad), prepare(bad)
    assert first.coords.tobytes() == second.coords.tobytes()
    assert first.repairs == second.repairs


def test_a_remnant_is_set_aside_and_breaks_the_chain(motif):
    coords = motif.coords.copy()
    coords[4, 3:] = np.nan
    prepared = prepare(motif.with_coords(coords))
    assert np.flatnonzero(prepared.aside).tolist() == [4]
    assert np.isnan(prepared.coords[4]).all()
    assert prepared.segments == ((0, 4), (5, len(motif)))
    (remnant,) = [repair for repair in prepared.repairs if repair.kind == "remnant"]
    assert (remnant.residue, remnant.detail.split(":")[0]) == (4, "only P, OP1, OP2")
