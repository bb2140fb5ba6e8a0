"""Conformers of loops: what the table holds, how it is drawn from, how it was made."""

import numpy as np
import pytest

from rna_predict.angles.table import COLUMNS, measure_angles
from rna_predict.constants import TORSIONS
from rna_predict.geometry.dihedrals import circular_difference
from rna_predict.secondary.pairs import annotate_pairs, canonical_pairs
from rna_predict.templates.loop_conformers import (
    BUILT,
    cluster_conformers,
    read_conformers,
    sample_conformers,
)


def test_table_has_stacked_and_other_residues_of_both_puckers():
    torsions, share = read_conformers()
    assert torsions.shape == (40, 9)
    assert share.sum() == pytest.approx(1.0)
    assert (np.diff(share) <= 0).all()
    column = dict(zip(BUILT, np.rad2deg(torsions).T, strict=True))
    helical = (np.abs(column["alpha"] + 68) < 20) & (np.abs(column["zeta"] + 71) < 20)
    assert 0.35 < share[helical].sum() < 0.75
    assert 0.15 < share[column["nu2"] < 0].sum() < 0.5
    assert ((column["delta"] > 110) == (column["nu2"] < 10)).sum() >= 38


def test_conformers_are_drawn_by_their_share():
    _, share = read_conformers()
    drawn = sample_conformers(20_000, np.random.default_rng(0))
    alpha = read_conformers()[0][:, BUILT.index("alpha")]
    first = np.isclose(drawn[:, TORSIONS.index("alpha")], alpha[0]).mean()
    assert first == pytest.approx(share[np.isclose(alpha, alpha[0])].sum(), abs=0.01)
    again = sample_conformers(20_000, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn, again)


def test_clusters_are_found_across_the_turn_of_the_circle():
    generator = np.random.default_rng(0)
    centres = np.deg2rad([[179.0] * 9, [0.0] * 9, [-90.0] * 9])
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    torsions = centres[labels] + generator.normal(scale=0.05, size=(100, 9))
    table = cluster_conformers(torsions, 3, generator)
    assert table["n"].tolist() == [60, 30, 10]
    found = np.deg2rad(table[list(BUILT)].to_numpy())
    assert np.abs(circular_difference(found, centres)).max() < 0.2
    with pytest.raises(ValueError, match="expected at least 101 residues, got 100"):
        cluster_conformers(torsions, 101, generator)


def test_residues_of_real_loops_are_near_a_conformer(example_chains):
    """Of entries outside the table or in it: half of them within 20 degrees on average."""
    chains = [chain for chain in example_chains if len(chain) > 20]
    columns = [COLUMNS.index(name) for name in BUILT]
    loops = []
    for chain, angles in zip(chains, measure_angles(chains, "mdanalysis"), strict=True):
        pairs = canonical_pairs(annotate_pairs([chain]))
        loose = np.isfinite(angles[:, columns]).all(axis=1)
        loose[pairs[["i", "j"]].to_numpy().flatten()] = False
        loops.append(angles[loose][:, columns])
    loops = np.concatenate(loops)
    apart = (
        np.abs(circular_difference(*np.broadcast_arrays(loops[:, None], read_conformers()[0])))
        .mean(-1)
        .min(1)
    )
    assert len(loops) > 100
    assert np.rad2deg(np.median(apart)) < 20
