from dataclasses import replace

import numpy as np
import pytest

from rna_predict.constants import SLOT_INDEX
from rna_predict.refine.energies import measure_geometry
from rna_predict.refine.gates import ANGLE_LIMIT, failed_gate, tm_to


@pytest.fixture(scope="module")
def sound(motif):
    return measure_geometry(motif)


def test_what_did_not_change_passes(motif, sound):
    assert failed_gate(motif, motif, motif, sound, sound) == ""


def test_more_clashes_or_wrong_hands_than_before_fail(motif, sound):
    worse = replace(sound, clashes=sound.clashes + 1)
    assert failed_gate(motif, motif, motif, sound, worse) == "clashes"
    worse = replace(sound, chirality_errors=sound.chirality_errors + 1)
    assert failed_gate(motif, motif, motif, sound, worse) == "chirality"


def test_angles_fail_only_above_the_limit_and_above_the_input(motif, sound):
    much = replace(sound, angle_outliers=ANGLE_LIMIT + 0.05)
    little = replace(sound, angle_outliers=ANGLE_LIMIT - 0.05)
    more = replace(sound, angle_outliers=ANGLE_LIMIT + 0.1)
    assert failed_gate(motif, motif, motif, sound, much) == "angles"
    assert failed_gate(motif, motif, motif, sound, little) == ""
    assert failed_gate(motif, motif, motif, more, much) == ""


def test_one_long_bond_fails(motif, sound):
    coords = motif.coords.copy()
    p, op1 = (SLOT_INDEX["A"][name] for name in ("P", "OP1"))
    coords[5, op1] += 0.2 * (coords[5, op1] - coords[5, p])
    long = motif.with_coords(coords)
    assert failed_gate(motif, motif, long, sound, sound) == "bonds"


def test_a_move_fails_by_tm_score_but_not_below_an_angstrom(motif, noisy, sound):
    near, far = (motif.with_coords(motif.coords * np.float32(by)) for by in (1.04, 1.3))
    assert tm_to(near, motif) < 0.85
    assert failed_gate(motif, near, motif, sound, sound) == ""
    assert failed_gate(motif, far, motif, sound, sound) == "moved"


def test_two_residues_have_no_tm_score_and_pass(motif, part, sound):
    pair = part(motif, slice(0, 2))
    assert np.isnan(tm_to(pair, pair))
    geometry = measure_geometry(pair)
    assert failed_gate(pair, pair, pair, geometry, geometry) == ""
