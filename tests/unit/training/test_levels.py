"""Three levels of comparison, on structures whose faults are known."""

import numpy as np
import pytest

from rna_predict.constants import SLOT_INDEX, slot_mask
from rna_predict.evaluate.elements import ELEMENTS, structural_elements
from rna_predict.evaluate.scores import residue_scores, score_models
from rna_predict.structure.chain import model_chain
from rna_predict.training.levels import Reference, compare, compare_levels, make_reference


@pytest.fixture(scope="module")
def native(example_chains):
    return next(chain for chain in example_chains if chain.name == "1ehz_A")


@pytest.fixture(scope="module")
def reference(native) -> Reference:
    coords = np.nan_to_num(native.coords)
    return make_reference(native.name, native.sequence, coords, native.atom_mask)


def slots_of(chain):
    return slot_mask()[chain.kinds][..., None]


def filled(chain):
    """Give a chain's coordinates as a sample: every atom of the sequence."""
    return np.where(slots_of(chain), np.nan_to_num(chain.coords), np.nan)


def test_native_compared_with_itself_is_perfect_in_every_level(native, reference):
    result = compare_levels(filled(native), reference)
    ones = ("lddt", "tm", "spread", "neighbour", "pair_sensitivity", "pair_precision", "pair_f1")
    for name in (*ones, *(f"lddt_{element}" for element in ELEMENTS)):
        assert result[name] == pytest.approx(1, abs=1e-6), name
    for name in ("rmsd", *(f"rmsd_residue_{element}" for element in ELEMENTS)):
        assert result[name] == pytest.approx(0, abs=1e-4), name
    assert result["chirality_errors"] == 0
    assert result["bond_outliers"] < 0.05 and result["angle_outliers"] < 0.05
    assert result["clashes"] < 3


def test_point_has_no_spread_and_its_clashes_are_not_counted(native, reference):
    noise = np.random.default_rng(0).normal(scale=0.01, size=native.coords.shape)
    result = compare_levels(np.where(slots_of(native), noise, np.nan), reference)
    assert result["spread"] < 0.01 and result["neighbour"] < 0.01
    assert result["tm"] < 0.2
    assert np.isnan(result["clashes"])
    assert result["bond_outliers"] == 1


def test_swollen_structure_keeps_neither_distances_nor_spread(native, reference):
    result = compare_levels(2 * filled(native), reference)
    assert result["spread"] == pytest.approx(2)
    assert result["neighbour"] == pytest.approx(2)
    assert result["lddt"] < 0.3
    assert result["pair_sensitivity"] == 0 and np.isnan(result["pair_precision"])


def test_mirror_image_has_every_centre_wrong_and_every_bond_right(native, reference):
    mirrored = filled(native) * [-1, 1, 1]
    result, plain = compare_levels(mirrored, reference), compare_levels(filled(native), reference)
    assert result["chirality_errors"] == 4 * len(native)
    for name in ("bond_outliers", "angle_outliers", "clashes"):
        assert result[name] == pytest.approx(plain[name], abs=1e-3)


def test_agrees_with_the_tables_of_scores(native, reference):
    noise = np.random.default_rng(1).normal(scale=0.3, size=native.coords.shape)
    sample = filled(native) + noise
    model = model_chain("model", native.sequence, sample.astype(np.float32))
    result = compare_levels(sample, reference)
    row = score_models([model], native, hydrogens=False, pairing="sequence").iloc[0]
    same = {
        "lddt": "lddt", "tm": "tm_score", "rmsd": "rmsd", "pair_f1": "pair_f1",
        "bond_outliers": "bond_outliers", "angle_outliers": "angle_outliers",
        "clashes": "clashes", "chirality_errors": "chirality_errors",
        **{f"lddt_{element}": f"lddt_{element}" for element in ELEMENTS},
    }  # fmt: skip
    for ours, theirs in same.items():
        assert result[ours] == pytest.approx(row[theirs], abs=1e-4), ours
    residues = residue_scores([model], native, pairing="sequence")
    means = residues.groupby("element")["rmsd"].mean()
    for element in ELEMENTS:
        assert result[f"rmsd_residue_{element}"] == pytest.approx(means[element], abs=1e-4)


def test_pairs_lost_and_pairs_invented_are_told_apart(native, reference):
    moved = filled(native)
    moved[:7] += 40.0  # one strand of the acceptor stem
    result = compare_levels(moved, reference)
    lost = (reference.pairs[:, 0] < 7).sum()
    assert lost == 7
    assert result["pair_sensitivity"] == pytest.approx(1 - lost / len(reference.pairs))
    assert result["pair_precision"] == 1
    fewer = Reference(reference.chain, reference.contacts, reference.pairs[5:], reference.elements)
    result = compare_levels(filled(native), fewer)
    assert result["pair_sensitivity"] == 1
    assert result["pair_precision"] == pytest.approx(1 - 5 / len(reference.pairs))


def test_pairs_of_residues_that_the_native_does_not_show_do_not_count(native):
    mask = native.atom_mask.copy()
    mask[:7] = False
    coords = np.nan_to_num(native.coords)
    result = compare_levels(
        filled(native), make_reference(native.name, native.sequence, coords, mask)
    )
    assert result["pair_sensitivity"] == result["pair_precision"] == 1


def test_chain_without_loops_has_no_value_for_them(native):
    rows = slice(0, 12)
    coords, mask = np.nan_to_num(native.coords[rows]), native.atom_mask[rows]
    part = make_reference("part", native.sequence[rows], coords, mask)
    assert structural_elements(12, part.pairs) == ["strand"] * 12
    result = compare_levels(np.where(slots_of(native)[rows], coords, np.nan), part)
    for name in ("lddt_stem", "lddt_loop", "rmsd_residue_loop", "pair_sensitivity", "pair_f1"):
        assert np.isnan(result[name]), name
    assert result["lddt_strand"] == 1


def test_a_lengthened_bond_is_an_outlier(native, reference):
    sample = filled(native)
    before = compare_levels(sample, reference)["bond_outliers"]
    sample[:, SLOT_INDEX["A"]["OP1"]] += 0.5
    assert compare_levels(sample, reference)["bond_outliers"] > before + 0.02


def test_whole_is_compared_without_a_reference_too(native, reference):
    sample = filled(native) + np.random.default_rng(2).normal(scale=0.5, size=native.coords.shape)
    alone = compare(sample, np.nan_to_num(native.coords), native.atom_mask)
    levels = compare_levels(sample, reference)
    assert alone == pytest.approx({name: levels[name] for name in alone}, abs=1e-5)
