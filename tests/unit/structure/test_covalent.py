import numpy as np
import pytest

from rna_predict.constants import ALPHABET, IDEAL_BOND, SLOT_INDEX
from rna_predict.structure.covalent import (
    BOND_TOLERANCE,
    OVERLAP,
    SPREAD,
    bond_lengths,
    broken_residues,
)

SLOT = SLOT_INDEX["G"]


@pytest.fixture
def hairpin(example_chains):
    """Coordinates and kinds of a whole crystal structure."""
    (chain,) = (chain for chain in example_chains if chain.name == "1kxk_A")
    return chain.coords.copy(), chain.kinds


def test_experimental_residues_are_whole(example_chains):
    broken = sum(int(broken_residues(chain.coords, chain.kinds).sum()) for chain in example_chains)
    assert broken <= 0.005 * sum(len(chain) for chain in example_chains)


def test_bonds_are_near_their_ideal_and_padding_is_nan(hairpin):
    coords, kinds = hairpin
    lengths, ideal = bond_lengths(coords, kinds)
    assert np.nanmax(np.abs(lengths - ideal)) < 0.1
    counts = dict(zip("ACGU", (24, 21, 25, 21), strict=True))
    for kind, count in zip(kinds, np.isfinite(ideal).sum(axis=1), strict=True):
        assert count == counts[ALPHABET[kind]]
    assert np.isnan(lengths[np.isnan(ideal)]).all()
    assert np.isnan(lengths[0, :3]).all()  # the first residue has no phosphate
    assert np.isfinite(lengths[1:][np.isfinite(ideal[1:])]).all()


def test_a_stretched_bond_breaks_its_residue(hairpin):
    coords, kinds = hairpin
    step, ideal = np.array([0, 0, 1.0]), IDEAL_BOND["P", "OP1"]
    coords[7, SLOT["OP1"]] = coords[7, SLOT["P"]] + step * (ideal + 0.9 * BOND_TOLERANCE)
    assert not broken_residues(coords, kinds)[7]
    coords[7, SLOT["OP1"]] = coords[7, SLOT["P"]] + step * (ideal + 1.1 * BOND_TOLERANCE)
    assert np.flatnonzero(broken_residues(coords, kinds)).tolist() == [7]


def test_atoms_in_one_place_break_both_residues(hairpin):
    coords, kinds = hairpin
    coords[3] = np.nan
    coords[3, SLOT["P"]] = coords[20, SLOT["O2'"]] + np.array([0.9 * OVERLAP, 0, 0])
    assert np.flatnonzero(broken_residues(coords, kinds)).tolist() == [3, 20]
    coords[3, SLOT["P"]] = np.nan
    assert not broken_residues(coords, kinds).any()


def test_residues_without_atoms_are_not_broken_and_zeros_are(hairpin):
    coords, kinds = hairpin
    assert not broken_residues(np.full_like(coords, np.nan), kinds).any()
    coords[np.isfinite(coords)] = 0.0
    assert broken_residues(coords, kinds).all()


def test_atoms_far_apart_break_a_residue_without_a_bond_between_them(hairpin):
    coords, kinds = hairpin
    coords[5] = np.nan
    coords[5, SLOT["P"]] = 100.0
    coords[5, SLOT["C1'"]] = [100.0, 100.0, 101 + SPREAD]
    assert np.flatnonzero(broken_residues(coords, kinds)).tolist() == [5]


def test_a_base_turned_over_breaks_a_pseudouridine_read_by_its_own_names(example_chains):
    (chain,) = (chain for chain in example_chains if chain.name == "1ehz_A")
    row = chain.residue_names.index("PSU")
    assert not broken_residues(chain.coords, chain.kinds)[row]
    coords = chain.coords.copy()
    for first, second in (("N1", "C5"), ("C2", "C4"), ("O2", "O4")):
        a, b = SLOT_INDEX["U"][first], SLOT_INDEX["U"][second]
        coords[row, [a, b]] = coords[row, [b, a]]
    assert broken_residues(coords, chain.kinds)[row]
