import numpy as np
import pytest
from scipy.stats import circmean

from rna_predict.evaluate.circular import circular_differences, mean_of_circular
from rna_predict.evaluate.complexes import join_chains, pair_complexes
from rna_predict.evaluate.mcq import (
    MCQ_ANGLES,
    MCQ_TORSIONS,
    mcq_angles,
    paired_angles,
)
from rna_predict.evaluate.pairing import pair_residues
from rna_predict.structure.mmcif import read_chains


def differences(model, native, pairing):
    """Compare all angles of the native's observed residues."""
    matched = paired_angles(mcq_angles(model), pairing, len(native))
    return circular_differences(matched, mcq_angles(native))[native.observed]


def test_a_structure_does_not_differ_from_itself(chain):
    native = chain("1y26_X")
    found = differences(native, native, pair_residues(native, native))
    assert found.shape == (71, len(MCQ_ANGLES))
    assert (found == 0).all()
    assert mean_of_circular(found) == 0


def test_the_arc_is_the_shorter_one():
    found = circular_differences(
        np.deg2rad([350.0, 10.0, -170.0]), np.deg2rad([10.0, 350.0, 175.0])
    )
    assert np.rad2deg(found) == pytest.approx([20, 20, 15])


def test_an_angle_that_only_one_has_is_as_wrong_as_can_be():
    nan = np.nan
    found = circular_differences(np.array([nan, 0.1, nan]), np.array([0.3, nan, nan]))
    assert found == pytest.approx([np.pi, np.pi, 0.0])


def test_missing_residues_count_against_the_model(chain, part):
    native = chain("1y26_X")
    model = part(native, slice(0, 60))
    found = differences(model, native, pair_residues(model, native))
    assert mean_of_circular(found[:59]) == pytest.approx(0, abs=1e-9)
    assert (found[60:-1, : len(MCQ_TORSIONS)] == np.float64(np.pi)).all()


def test_equal_to_the_circular_mean_of_scipy(chain, noisy):
    native = chain("1y26_X")
    model = noisy(native, 0.4)
    found = differences(model, native, pair_residues(model, native))
    assert mean_of_circular(found) == pytest.approx(circmean(found.ravel()), abs=1e-9)
    assert mean_of_circular(found, axis=0) == pytest.approx(circmean(found, axis=0), abs=1e-9)
    assert mean_of_circular(found, axis=1) == pytest.approx(circmean(found, axis=1), abs=1e-9)


def test_order_within_puzzles_is_that_of_the_official_tables(official):
    """The official values themselves are off by 2 to 18 degrees, and its zeros are no values."""
    table = official[official["results_mcq"] > 0]
    found = []
    for row in table.itertuples():
        model, native = read_chains(row.model), read_chains(row.native)
        compared = differences(
            join_chains(model), join_chains(native), pair_complexes(model, native)
        )
        found.append(np.rad2deg(mean_of_circular(compared)))
    table = table.assign(found=found)
    within = table.groupby("puzzle")[["found", "results_mcq"]]
    assert len(table) == 113
    assert within.corr().loc[(slice(None), "found"), "results_mcq"].mean() > 0.85
    assert (table[["found", "results_mcq"]] - within.transform("mean")).corr().iloc[0, 1] > 0.8
