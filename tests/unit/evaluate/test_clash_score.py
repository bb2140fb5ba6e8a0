from dataclasses import replace

import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.evaluate.clash_score import clashing_pairs, molprobity_clash_score
from rna_predict.evaluate.complexes import join_chains
from rna_predict.evaluate.hydrogens import all_atoms
from rna_predict.structure.mmcif import read_chains


def test_hydrogens_are_those_of_the_four_nucleotides(chain):
    native = chain("1q9a_A")
    atoms = all_atoms(native)
    count = {"A": 11, "C": 11, "G": 11, "U": 10}
    assert int((~atoms.hydrogen).sum()) == int(native.atom_mask.sum())
    inner = [i for i, name in enumerate(native.residue_names) if name in count][1:-1]
    found = np.bincount(atoms.residue[atoms.hydrogen], minlength=len(native))
    assert [found[i] for i in inner] == [count[native.sequence[i]] for i in inner]
    bonded = atoms.positions[atoms.hydrogen][:, None] - atoms.positions[~atoms.hydrogen][None]
    nearest = np.linalg.norm(bonded, axis=-1).min(1)
    assert nearest.min() > 0.8
    assert nearest.max() < 1.2


def test_a_rigid_motion_changes_nothing(chain):
    native = chain("1q9a_A")
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], dtype=np.float32)
    moved = native.with_coords(native.coords @ turn.T + np.float32(7))
    assert molprobity_clash_score(moved) == pytest.approx(molprobity_clash_score(native), abs=1.5)


def test_two_residues_on_top_of_each_other_clash(chain):
    native = chain("1q9a_A")
    coords = native.coords.copy()
    shift = np.nanmean(coords[20], axis=0) - np.nanmean(coords[5], axis=0)
    coords[5] += shift + np.float32(1.0)
    broken = native.with_coords(coords)
    atoms = all_atoms(broken)
    pairs = clashing_pairs(broken, atoms)
    between = {tuple(sorted(pair)) for pair in atoms.residue[pairs].tolist()}
    assert (5, 20) in between
    assert molprobity_clash_score(broken) > molprobity_clash_score(native) + 10


def test_a_residue_far_from_all_others_has_no_clash(chain, part):
    assert molprobity_clash_score(part(chain("1q9a_A"), slice(4, 5))) == 0.0


def test_a_chain_without_atoms_has_no_score(chain, part):
    one = part(chain("1q9a_A"), slice(4, 5))
    nothing = one.with_coords(np.full_like(one.coords, np.nan))
    assert np.isnan(molprobity_clash_score(nothing))


def test_coordinates_beyond_pdb_columns_are_refused(chain):
    native = chain("1q9a_A")
    far = native.with_coords(native.coords + np.float32(2e6))
    with pytest.raises(InputError, match="1q9a_A.*coordinates beyond"):
        molprobity_clash_score(far)


def test_chains_of_a_complex_clash_with_each_other(chain):
    native = chain("1q9a_A")
    copy = replace(native.with_coords(native.coords + np.float32(0.9)), chain="B")
    assert molprobity_clash_score(join_chains([native, copy])) > 100


def scores(official, step):
    """Score every so manyth model with an official clash score; rp18's column is not computed."""
    table = official[official["results_Clash Score"].notna() & (official["puzzle"] != "rp18")]
    table = table.iloc[::step]
    found = [molprobity_clash_score(join_chains(read_chains(path))) for path in table["model"]]
    return np.array(found), table["results_Clash Score"].to_numpy()


def test_close_to_the_official_score_of_rna_puzzles(official):
    found, stated = scores(official, 24)
    assert len(found) == 5
    assert np.corrcoef(found, stated)[0, 1] > 0.98
    assert np.median(np.abs(found - stated)) < 1.5


@pytest.mark.slow
def test_close_to_the_official_score_of_all_rna_puzzles(official):
    found, stated = scores(official, 1)
    assert len(found) == 114
    assert np.corrcoef(found, stated)[0, 1] > 0.99
    assert np.median(np.abs(found - stated)) < 1.0
