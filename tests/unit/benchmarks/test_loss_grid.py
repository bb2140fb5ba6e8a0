"""The grid of weights of diffusion and angle, and its tables."""

import pytest

from rna_predict.data.records import read_record
from rna_predict.training.settings import ModelFile
from tests.benchmarks.loss_grid import (
    COORDINATE_TERMS,
    MODEL,
    RESULTS,
    grid_model,
    grid_weights,
    result_table,
    shares_table,
)


@pytest.fixture
def model() -> ModelFile:
    return read_record(ModelFile, MODEL)


def test_weights_are_those_asked_for_and_ratios_within_a_group_stay(model):
    losses = model.training.phases[0].losses
    scaled = grid_weights(losses, 0.5, 2.0)
    assert (scaled.diffusion, scaled.torsion) == (0.5, 2.0)
    ratio = losses.smooth_lddt / losses.diffusion
    assert scaled.smooth_lddt / scaled.diffusion == pytest.approx(ratio)
    ratio = losses.torsion_likelihood / losses.torsion
    assert scaled.torsion_likelihood / scaled.torsion == pytest.approx(ratio)


@pytest.mark.parametrize(("pair", "absent"), [((0.0, 1.0), True), ((1.0, 0.0), False)])
def test_group_of_weight_zero_is_off_and_pairs_of_residues_weigh_the_same(model, pair, absent):
    scaled, both = (grid_weights(model.training.phases[0].losses, *p) for p in (pair, (1.0, 1.0)))
    assert any(getattr(scaled, name) for name in COORDINATE_TERMS) != absent
    assert bool(scaled.torsion) == bool(scaled.torsion_likelihood) == absent
    assert (scaled.distogram, scaled.contact) == (both.distogram, both.contact) != (0.0, 0.0)


def test_runs_differ_in_their_weights_alone(model):
    one, other = (grid_model(model, *pair, steps=200) for pair in ((1.0, 0.0), (0.0, 1.0)))
    (first,), (second,) = one.training.phases, other.training.phases
    different = {name for name in vars(first) if getattr(first, name) != getattr(second, name)}
    assert different == {"losses"}
    assert (one.dimensions, one.sampling) == (other.dimensions, other.sampling)


@pytest.fixture
def rows() -> list[dict]:
    """Give two seeds of two pairs of weights; values tell which run they are of."""
    return [
        {"diffusion": 1.0, "angle": angle, "seed": seed, **dict.fromkeys(RESULTS, seed + angle)}
        | {"gradient": {"bond": 0.2, "clash": 0.1, "contact": 0.7 - angle} | torsion}
        for seed in (0, 1)
        for angle, torsion in ((0.0, {}), (0.5, {"torsion": 0.4 + 0.2 * seed}))
    ]


def test_table_has_a_row_a_run_and_the_means_over_the_seeds(rows):
    table = result_table(rows)
    assert table["seed"].tolist() == [0, 1, 0, 1, "mean", "mean"]
    means = table[table["seed"] == "mean"].set_index("weights")["lDDT"]
    assert means.to_dict() == {"[1, 0]": 0.5, "[1, 0.5]": 1.0}


def test_shares_are_means_over_seeds_with_sums_of_groups(rows):
    table = shares_table(rows, "gradient").set_index("term")
    assert table.columns.tolist() == ["[1, 0]", "[1, 0.5]"]
    assert table.loc["torsion"].tolist() == pytest.approx([0.0, 0.5])
    assert table.loc["all coordinates"].tolist() == pytest.approx([0.3, 0.3])
    assert table.loc["all angles"].tolist() == pytest.approx([0.0, 0.5])
    assert table.loc["all pairs"].tolist() == pytest.approx([0.7, 0.2])
