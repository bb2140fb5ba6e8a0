import numpy as np
import pytest
from scipy.stats import circmean

from rna_predict.angles.table import COLUMNS, measure_angles
from rna_predict.constants import TORSIONS
from rna_predict.evaluate.mcq import MCQ_ANGLES
from rna_predict.evaluate.native import read_native
from rna_predict.evaluate.scores import score_models
from rna_predict.evaluate.torsion_accuracy import (
    ANGLES,
    PARTS,
    circular_mean,
    circular_median,
    constant_errors,
    grouped_interval,
    mcq_columns,
    torsion_errors,
)


@pytest.fixture
def native(chain):
    return chain("1ehz_A")


@pytest.fixture
def measured(native):
    return measure_angles([native], "mdanalysis")[0]


def random_angles(rng, n):
    return rng.uniform(-np.pi, np.pi, size=(n, len(TORSIONS)))


def test_columns_are_those_of_the_tables(measured):
    assert ANGLES == MCQ_ANGLES
    places = [COLUMNS.index(name) for name in ANGLES]
    np.testing.assert_allclose(mcq_columns(measured[:, :14]), measured[:, places], atol=1e-6)


def test_agrees_with_the_tables_of_scores(native, measured, noisy):
    model = noisy(native, 0.2)
    row = score_models([model], native, hydrogens=False).iloc[0]
    elements = read_native(native).elements
    torsions = measure_angles([model], "mdanalysis")[0][:, :14]
    errors = torsion_errors([torsions], [measured[:, :14]], [elements])
    # Angles that neither has count as right in the tables: those of the ends.
    for name in ("delta", "chi", "phase"):
        assert errors.count(name).tolist() == [len(native)]
        assert errors.pooled(name) == pytest.approx(row[f"mcq_{name}"], abs=1e-3)
    assert errors.count("mcq")[0] < 7 * len(native)
    assert errors.mean("mcq") == pytest.approx(row["mcq_torsions"], abs=0.3)
    assert errors.mean("mcq_phase") == pytest.approx(row["mcq"], abs=0.3)


def test_a_turn_of_every_angle_is_the_error_of_every_measure():
    rng = np.random.default_rng(0)
    native = [random_angles(rng, n) for n in (5, 9)]
    elements = [["stem"] * 5, ["loop"] * 4 + ["strand"] * 5]
    errors = torsion_errors([array + np.radians(20) for array in native], native, elements)
    for part in PARTS:
        assert errors.pooled("mcq", part) == pytest.approx(20)
        assert errors.mean("mcq", part) == pytest.approx(20)
    assert errors.count("mcq").tolist() == [35, 63]
    assert errors.count("mcq", "loop").tolist() == [0, 28]
    assert np.isnan(errors.by_chain("mcq", "loop")[0])


def test_a_full_turn_is_no_error():
    native = [random_angles(np.random.default_rng(1), 6)]
    errors = torsion_errors([native[0] + 2 * np.pi], native, [["stem"] * 6])
    assert errors.pooled("mcq") == pytest.approx(0, abs=1e-6)


def test_pooled_weighs_residues_and_mean_weighs_chains():
    native = [np.zeros((1, 14)), np.zeros((3, 14))]
    turned = [np.full((1, 14), np.radians(30)), np.full((3, 14), np.radians(10))]
    errors = torsion_errors(turned, native, [["stem"], ["stem"] * 3])
    assert errors.mean("alpha") == pytest.approx(20)
    sine = np.sin(np.radians(30)) + 3 * np.sin(np.radians(10))
    cosine = np.cos(np.radians(30)) + 3 * np.cos(np.radians(10))
    assert errors.pooled("alpha") == pytest.approx(np.degrees(np.arctan2(sine, cosine)))


def test_what_the_native_lacks_does_not_count_and_what_the_prediction_lacks_is_wrong():
    native, ours = np.zeros((2, 14)), np.zeros((2, 14))
    native[0, :7] = np.nan
    ours[1, 0] = np.nan
    errors = torsion_errors([ours], [native], [["stem", "loop"]])
    assert errors.count("mcq").tolist() == [7]
    assert errors.count("mcq", "stem").tolist() == [0]
    assert np.isnan(errors.pooled("mcq", "stem")) and np.isnan(errors.mean("mcq", "stem"))
    assert errors.pooled("alpha") == pytest.approx(180)
    assert errors.pooled("beta") == 0


def test_no_chains_have_no_error():
    errors = torsion_errors([], [], [])
    assert np.isnan(errors.pooled("mcq")) and np.isnan(errors.mean("mcq"))


def test_circular_mean_is_that_of_scipy():
    angles = np.random.default_rng(2).normal(3.0, 0.5, size=(50, 3))
    angles[::7, 1] = np.nan
    angles[:, 2] = np.nan
    ours = circular_mean(angles)
    for column in (0, 1):
        theirs = circmean(angles[:, column], high=np.pi, low=-np.pi, nan_policy="omit")
        assert np.cos(ours[column] - theirs) == pytest.approx(1)
    assert np.isnan(ours[2])


@pytest.mark.parametrize("seed", range(5))
def test_circular_median_has_the_least_sum_of_arcs(seed):
    rng = np.random.default_rng(seed)
    angles = np.concatenate([rng.vonmises(3.0, 4, 41), rng.uniform(-np.pi, np.pi, 20)])
    median = circular_median(angles[:, None])[0]

    def arcs(of):
        apart = np.abs(angles - of) % (2 * np.pi)
        return np.minimum(apart, 2 * np.pi - apart).sum()

    assert -np.pi < median <= np.pi
    grid = min(arcs(of) for of in np.linspace(-np.pi, np.pi, 20_000))
    assert arcs(median) <= grid + 1e-9


def test_circular_median_leaves_undefined_angles_out():
    angles = np.array([[0.1, np.nan], [0.2, np.nan], [np.nan, np.nan], [2.0, np.nan]])
    median = circular_median(angles)
    assert median[0] == pytest.approx(0.2)
    assert np.isnan(median[1])


def test_a_constant_is_compared_like_a_predictor():
    rng = np.random.default_rng(3)
    native, elements = [random_angles(rng, 8)], [["stem"] * 8]
    constant = circular_mean(mcq_columns(native[0]))
    errors = constant_errors(constant, native, elements)
    apart = np.abs(native[0][:, 2] - constant[2])
    apart = np.minimum(apart, 2 * np.pi - apart)
    wanted = np.degrees(np.arctan2(np.sin(apart).sum(), np.cos(apart).sum()))
    assert errors.pooled("gamma") == pytest.approx(wanted)
    assert errors.count("phase").tolist() == [8]


def test_relatives_widen_the_interval():
    rng = np.random.default_rng(4)
    values = np.repeat(rng.normal(size=20), 10)
    alone = grouped_interval(values, [str(k) for k in range(200)], 2000, np.random.default_rng(0))
    kin = grouped_interval(
        values, [str(k // 10) for k in range(200)], 2000, np.random.default_rng(0)
    )
    assert kin[0] < alone[0] < values.mean() < alone[1] < kin[1]
    assert kin[1] - kin[0] > 2 * (alone[1] - alone[0])
    assert np.isnan(grouped_interval(np.ones(3), ["a"] * 3, 10, rng)).all()
