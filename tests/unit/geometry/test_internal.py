"""Gathering atoms by name, whole stretches, and what cannot be measured."""

import numpy as np
import pytest
import torch

from rna_predict.constants import ALPHABET, SLOT_INDEX
from rna_predict.geometry.internal import measure_geometry, whole_stretches
from rna_predict.geometry.named_atoms import atom_points
from rna_predict.geometry.nerf import build_atoms

P, O3 = SLOT_INDEX["A"]["P"], SLOT_INDEX["A"]["O3'"]


@pytest.fixture
def strand():
    """Build an ideal chain of eight residues in float64, two of each base."""
    torsions = torch.tensor(np.random.default_rng(0).uniform(-0.6, 0.6, (8, 14)))
    kinds = torch.arange(8) % 4
    return build_atoms(torsions, kinds).numpy(), kinds.numpy()


def test_atoms_are_gathered_by_name_from_the_residue_and_its_neighbours(strand):
    coords, kinds = strand
    linked = np.arange(8) > 0
    points = atom_points(coords, kinds, linked, ("O3'-1", "P", "N9|N1", "P+1"))
    np.testing.assert_array_equal(points[1:, 0], coords[:-1, O3])
    np.testing.assert_array_equal(points[:, 1], coords[:, P])
    for row, kind in enumerate(kinds):
        name = "N9" if ALPHABET[kind] in "AG" else "N1"
        np.testing.assert_array_equal(points[row, 2], coords[row, SLOT_INDEX[ALPHABET[kind]][name]])
    np.testing.assert_array_equal(points[:-1, 3], coords[1:, P])
    assert np.isnan(points[0, 0]).all() and np.isnan(points[-1, 3]).all()


def test_no_atom_is_gathered_across_a_break_or_from_a_base_without_it(strand):
    coords, kinds = strand
    linked = np.arange(8) > 0
    linked[4] = False
    points = atom_points(coords, kinds, linked, ("O3'-1", "P+1", "N9"))
    assert np.isnan(points[4, 0]).all() and np.isnan(points[3, 1]).all()
    assert np.isfinite(points[5, 0]).all() and np.isfinite(points[4, 1]).all()
    assert np.isfinite(points[:, 2]).all(-1).tolist() == [ALPHABET[k] in "AG" for k in kinds]


def test_whole_stretches_end_at_missing_atoms_and_broken_bonds(strand):
    coords, _ = strand
    assert whole_stretches(coords) == [slice(0, 8)]
    coords[0, P] = np.nan
    assert whole_stretches(coords) == [slice(0, 8)]
    coords[5:] += 30.0
    assert whole_stretches(coords) == [slice(0, 5), slice(5, 8)]
    coords[2, O3] = np.nan
    assert whole_stretches(coords) == [slice(0, 2), slice(3, 5), slice(5, 8)]
    coords[3, P] = np.nan
    assert whole_stretches(coords) == [slice(0, 2), slice(3, 5), slice(5, 8)]
    assert whole_stretches(np.full((3, 23, 3), np.nan)) == []


def test_a_chain_may_lack_its_first_phosphate_and_base_atoms_but_no_other_atom(strand):
    coords, kinds = strand
    coords[0, :3] = np.nan
    coords[2, 14:] = np.nan
    torsions, geometry = measure_geometry(coords, kinds)
    built = build_atoms(torsions, torch.from_numpy(kinds), geometry).numpy()
    assert np.isfinite(built).all()
    with pytest.raises(ValueError, match="no P in residue 3"):
        coords[3, P] = np.nan
        measure_geometry(coords, kinds)
