"""Sampled residues become ideal ones where they are."""

from math import radians

import numpy as np
import pytest
import torch

from rna_predict.constants import ALPHABET, SLOT_INDEX, TORSIONS, slot_mask
from rna_predict.evaluate.bonds import bond_deviations, link_lengths
from rna_predict.evaluate.chirality import chirality_errors
from rna_predict.evaluate.clashes import clash_score
from rna_predict.evaluate.lddt import lddt, native_contacts
from rna_predict.evaluate.outliers import outlier_share
from rna_predict.geometry.dihedrals import dihedral
from rna_predict.geometry.nerf import build_atoms
from rna_predict.model.build import build_network
from rna_predict.model.torsion_net import A_FORM
from rna_predict.predict.idealise import idealise
from rna_predict.predict.sampling import predict_target
from rna_predict.predict.weights import Predictor
from rna_predict.structure.chain import model_chain

SEQUENCE = "GACUUCGGNAUC"
SLOT = SLOT_INDEX[ALPHABET[-1]]
LINK_LENGTH = 1.605


def strand(sequence=SEQUENCE, **degrees):
    """Build a strand of A-form, or with other torsions."""
    kinds = torch.tensor([ALPHABET.index(letter) for letter in sequence])
    angles = torch.tensor([radians((A_FORM | degrees)[name]) for name in TORSIONS])
    coords = build_atoms(angles.double().repeat(len(sequence), 1), kinds).numpy()
    return np.where(slot_mask()[kinds][..., None], coords, np.nan).astype(np.float32)


def noised(coords, angstrom, seed=0):
    noise = np.random.default_rng(seed).normal(scale=angstrom, size=coords.shape)
    return (coords + noise).astype(np.float32)


def apart(first, second):
    return float(np.sqrt(np.nanmean(((first - second) ** 2).sum(-1))))


def same_contacts(model, native):
    return lddt(model, native_contacts(native, np.isfinite(native).all(-1)))[0]


@pytest.fixture(scope="module")
def native():
    return strand()


@pytest.fixture(scope="module")
def blurred(native):
    return noised(native, 0.35)


@pytest.fixture(scope="module")
def ideal(blurred):
    return idealise(SEQUENCE, blurred)


def test_ideal_strand_stays_where_it_is(native):
    assert apart(idealise(SEQUENCE, native), native) < 0.15


def test_residues_of_a_blurred_strand_become_ideal_and_joined(blurred, ideal):
    before, after = (model_chain("x", SEQUENCE, coords) for coords in (blurred, ideal))
    assert outlier_share(before, "bond") > 0.5
    assert outlier_share(after, "bond") < 0.01
    assert outlier_share(after, "angle") < 0.02
    assert chirality_errors(after) == 0
    assert np.abs(bond_deviations(after)).max() < 0.1
    assert np.abs(link_lengths(after) - LINK_LENGTH).max() < 0.1


def test_what_blur_hid_comes_back(native, blurred, ideal):
    assert apart(ideal, native) < 0.7 * apart(blurred, native)
    assert same_contacts(blurred, native) < 0.95
    assert same_contacts(ideal, native) > 0.99


def test_result_depends_on_the_sample_alone(blurred, ideal):
    torch.manual_seed(7)
    np.testing.assert_array_equal(idealise(SEQUENCE, blurred), ideal)


def test_result_moves_with_the_sample(blurred, ideal):
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    moved = (blurred @ turn.T + [30.0, -50.0, 8.0]).astype(np.float32)
    np.testing.assert_allclose(
        idealise(SEQUENCE, moved), ideal @ turn.T + [30.0, -50.0, 8.0], atol=0.05
    )


@pytest.mark.parametrize("flipped", [("O2'",), ("O4'", "C1'", "C2'"), ("OP1", "OP2")])
def test_mirrored_centres_get_the_right_hand_and_the_rest_stays(native, flipped):
    wrong = native.copy()
    centre = {"O2'": "C2'", "O4'": "C3'", "OP1": "P"}[flipped[0]]
    place = wrong[4, SLOT[centre]]
    for name in flipped:
        wrong[4, SLOT[name]] = 2 * place - wrong[4, SLOT[name]]
    right = idealise(SEQUENCE, wrong)
    chain = model_chain("x", SEQUENCE, right)
    assert chirality_errors(chain) == 0
    others = np.arange(len(SEQUENCE)) != 4
    assert apart(right[others], native[others]) < 0.6
    assert outlier_share(chain, "bond") < 0.02


def test_swapped_oxygens_of_a_phosphate_get_their_names_back(native):
    swapped = native.copy()
    swapped[:, [SLOT["OP1"], SLOT["OP2"]]] = native[:, [SLOT["OP2"], SLOT["OP1"]]]
    right = idealise(SEQUENCE, swapped)[:, SLOT["OP1"]]
    to_right = np.linalg.norm(right - native[:, SLOT["OP1"]], axis=-1)
    to_wrong = np.linalg.norm(right - native[:, SLOT["OP2"]], axis=-1)
    assert (to_right[1:] < to_wrong[1:]).all()


@pytest.mark.parametrize(
    ("torsions", "name"),
    [
        ({"nu2": -36.0, "nu3": 22.0, "delta": 142.0}, "nu2"),
        ({"chi": 65.0}, "chi"),
        ({"gamma": 178.0, "alpha": 150.0}, "gamma"),
    ],
)
def test_rarer_conformers_are_told_from_the_sample(torsions, name):
    chain = noised(strand("GGGG", **torsions), 0.1)
    ideal = idealise("GGGG", chain)[1:3]
    names = {
        "nu2": ("C1'", "C2'", "C3'", "C4'"), "chi": ("O4'", "C1'", "N9", "C4"),
        "gamma": ("O5'", "C5'", "C4'", "C3'"),
    }[name]  # fmt: skip
    angles = np.rad2deg(dihedral(ideal[:, [SLOT_INDEX["G"][atom] for atom in names]]))
    difference = (angles - torsions[name] + 180) % 360 - 180
    assert np.abs(difference).max() < 30


def test_torn_links_between_whole_residues_are_closed(native):
    shift = np.random.default_rng(0).normal(scale=0.5, size=(len(SEQUENCE), 1, 3))
    torn = (native + shift).astype(np.float32)
    assert link_lengths(model_chain("x", SEQUENCE, torn)).max() > LINK_LENGTH + 0.2
    closed = link_lengths(model_chain("x", SEQUENCE, idealise(SEQUENCE, torn)))
    assert np.abs(closed - LINK_LENGTH).max() < 0.1


def test_clashes_of_a_pressed_strand_are_fewer(native):
    pressed = native * np.float32(0.7)
    before, after = (
        clash_score(model_chain("x", SEQUENCE, coords))
        for coords in (pressed, idealise(SEQUENCE, pressed))
    )
    assert before > 500
    assert after < 0.1 * before


@pytest.mark.parametrize("sequence", ["G", "N", "CA"])
def test_shortest_chains_are_made_ideal(sequence):
    sample = noised(strand(sequence), 0.2)
    chain = model_chain("x", sequence, idealise(sequence, sample))
    assert outlier_share(chain, "bond") < 0.01
    np.testing.assert_array_equal(chain.atom_mask, slot_mask()[chain.kinds])


def test_collapsed_sample_gives_finite_ideal_residues(native):
    collapsed = noised(np.float32(0.0) * native, 0.5)
    coords = idealise(SEQUENCE, collapsed)
    np.testing.assert_array_equal(np.isfinite(coords), np.isfinite(native))
    assert chirality_errors(model_chain("x", SEQUENCE, coords)) == 0


def test_missing_atom_is_refused(native):
    native = native.copy()
    native[3, SLOT["C2'"]] = np.nan
    with pytest.raises(ValueError, match="every atom"):
        idealise(SEQUENCE, native)


def test_predictions_are_ideal_unless_asked_otherwise_and_judged_alike(small_model):
    torch.manual_seed(0)
    network = build_network(small_model.dimensions).eval().requires_grad_(False)
    predictor = Predictor(network, small_model.sampling, 0, "")
    (ideal,) = predict_target(predictor, "t", "GGCGAAAGCC", 1, 0)
    (sampled,) = predict_target(predictor, "t", "GGCGAAAGCC", 1, 0, idealised=False)
    assert chirality_errors(ideal.chain) == 0
    assert outlier_share(sampled.chain, "bond") > 0.5
    np.testing.assert_array_equal(ideal.chain.coords, idealise("GGCGAAAGCC", sampled.chain.coords))
    np.testing.assert_array_equal(ideal.plddt, sampled.plddt)
    np.testing.assert_array_equal(ideal.pae, sampled.pae)
    assert ideal.ptm == sampled.ptm
