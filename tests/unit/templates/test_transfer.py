"""Residues are copied as they are, with another base on the old frame."""

import numpy as np
import pytest

from rna_predict.constants import ALPHABET, BASE_ATOMS, N_BACKBONE, SLOT_INDEX, slot_mask
from rna_predict.geometry.frames import replace_base
from rna_predict.structure.chain import model_chain
from rna_predict.templates.helices import place_stack
from rna_predict.templates.transfer import complete_residues, copy_residues


@pytest.fixture
def template():
    sequence = "GACUGA"
    kinds = np.array([ALPHABET.index(letter) for letter in sequence])
    atoms = place_stack(kinds, np.arange(6), np.zeros(6, dtype=int))
    atoms = atoms + np.random.default_rng(0).normal(scale=0.1, size=atoms.shape)
    return model_chain("tmpl", sequence, atoms.astype(np.float32))


def columns(*pairs):
    return np.array(pairs)


def without(chain, residue, *names):
    coords = chain.coords.copy()
    for name in names:
        coords[residue, SLOT_INDEX[chain.sequence[residue]][name]] = np.nan
    return chain.with_coords(coords)


def test_equal_residues_are_copied_atom_by_atom(template):
    coords = copy_residues("AGACUGA", columns(*[(k + 1, k) for k in range(6)]), template)
    np.testing.assert_array_equal(coords[1:], template.coords.astype(float))
    assert np.isnan(coords[0]).all()


@pytest.mark.parametrize("new", "ACU")
def test_another_base_lies_on_the_frame_of_the_old_one(template, new):
    coords = copy_residues(new, columns((0, 0)), template)[0]
    old = template.coords[0].astype(float)
    expected = replace_base(old[:N_BACKBONE], "G", old[N_BACKBONE:], new)
    last = N_BACKBONE + len(BASE_ATOMS[new])
    np.testing.assert_array_equal(coords[:N_BACKBONE], old[:N_BACKBONE])
    np.testing.assert_allclose(coords[N_BACKBONE:last], expected, atol=1e-6)
    assert np.isnan(coords[last:]).all()


def test_a_modified_residue_is_copied_as_its_parent(template):
    from dataclasses import replace

    modified = replace(template, residue_names=("2MG", *template.residue_names[1:]))
    coords = copy_residues("G", columns((0, 0)), modified)
    np.testing.assert_array_equal(coords[0], template.coords[0].astype(float))


def test_missing_atoms_are_filled_near_where_they_were(template):
    partial = without(template, 2, "P", "OP1", "OP2", "O2'", "N4")
    coords = copy_residues(template.sequence, columns(*[(k, k) for k in range(6)]), partial)
    wanted = slot_mask()[template.kinds]
    assert np.isfinite(coords[wanted]).all()
    np.testing.assert_allclose(coords[wanted], template.coords[wanted], atol=1.2)


def test_a_residue_of_few_atoms_stays_open(template):
    backbone = [name for name in SLOT_INDEX["N"] if name not in ("P", "OP1", "O5'")]
    partial = without(template, 1, *backbone)
    coords = copy_residues("GA", columns((0, 0), (1, 1)), partial)
    assert np.isnan(coords[1]).all() and np.isfinite(coords[0, :N_BACKBONE]).all()


def test_an_unknown_base_gives_its_place_to_an_ideal_one(template):
    from dataclasses import replace

    coords = template.coords.copy()
    coords[0, N_BACKBONE:] = np.nan
    unknown = replace(template.with_coords(coords), sequence="N" + template.sequence[1:])
    copied = copy_residues("C", columns((0, 0)), unknown)
    assert np.isfinite(copied[0, slot_mask()[ALPHABET.index("C")]]).all()


def test_no_columns_give_no_residue(template):
    assert np.isnan(copy_residues("GAC", np.zeros((0, 2), dtype=int), template)).all()
    assert complete_residues(np.zeros((0, 23, 3)), np.zeros(0, dtype=int)).shape == (0, 23, 3)
