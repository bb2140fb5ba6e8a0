"""Open residues are built, the chain has no gap, and known residues stay."""

import numpy as np
import pytest

from rna_predict.constants import SLOT_INDEX, slot_mask
from rna_predict.templates.closure import Gap, close_models, find_gaps, widen_gaps
from tests.unit.templates.hairpins import kinds_of, stem

SLOT = SLOT_INDEX["N"]
SEQUENCE = "GGCACGUUCGCGUGCC"


def links(coords):
    return np.linalg.norm(coords[1:, SLOT["P"]] - coords[:-1, SLOT["O3'"]], axis=-1)


def close(coords, seed=0, sequence=SEQUENCE):
    generator = np.random.default_rng(seed)
    return close_models(kinds_of(sequence), [coords], [np.ones(len(sequence))], generator)[0]


def test_a_hairpin_loop_is_closed_and_the_stem_stays():
    known = stem(SEQUENCE, 6)
    closed = close(known)
    assert np.isfinite(closed[slot_mask()[kinds_of(SEQUENCE)]]).all()
    assert np.isnan(closed[~slot_mask()[kinds_of(SEQUENCE)]]).all()
    assert links(closed).max() < 2.5
    kept = [0, 1, 2, 3, 12, 13, 14, 15]
    np.testing.assert_allclose(closed[kept], known[kept])


def test_the_same_seed_gives_the_same_loop_and_another_seed_another():
    known = stem(SEQUENCE, 6)
    np.testing.assert_array_equal(close(known), close(known))
    assert not np.allclose(close(known), close(known, seed=1), equal_nan=True)


def test_ends_of_the_chain_are_built_onto_the_known_part():
    known = stem(SEQUENCE, 6)
    known[:2] = known[-2:] = np.nan
    closed = close(known)
    assert np.isfinite(closed[slot_mask()[kinds_of(SEQUENCE)]]).all()
    assert links(closed).max() < 2.5


def test_without_anything_known_a_strand_is_built():
    closed = close(np.full((16, 23, 3), np.nan))
    assert links(closed).max() == pytest.approx(1.6, abs=0.05)


def test_a_break_between_known_neighbours_is_opened_on_the_less_certain_side():
    known = stem("GGCACGGUUCGCCGUGCC", 7)
    known[7:11] = stem("GGCACGGUUCGCCGUGCC", 9)[7:11]
    known[:4] += 6.0
    value = np.ones(18)
    value[:4] = 0.1
    kept = widen_gaps(known, value)
    assert not kept[3] and kept[4] and kept[0]


def test_the_ends_of_a_chain_are_gaps_too():
    kept = np.array([False, True, True, False, False, True, False])
    assert find_gaps(3, kept) == [Gap(3, -1, 1), Gap(3, 2, 5), Gap(3, 5, 7)]


def test_a_whole_chain_is_left_as_it_is():
    closed = close(stem(SEQUENCE, 6))
    again = close(closed)
    moved = np.linalg.norm(again - closed, axis=-1)
    assert np.nanmax(moved[[0, 1, 2, 13, 14, 15]]) == 0.0
