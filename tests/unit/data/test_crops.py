"""Contiguous crops."""

import numpy as np

from rna_predict.data.crops import contiguous_crop


def test_short_chain_stays_whole():
    crop = contiguous_crop(10, 16, np.random.default_rng(0))
    assert crop.tolist() == list(range(10))


def test_every_start_is_drawn_and_crops_are_stretches():
    generator = np.random.default_rng(0)
    crops = [contiguous_crop(10, 6, generator) for _ in range(200)]
    assert {int(crop[0]) for crop in crops} == {0, 1, 2, 3, 4}
    assert all(np.array_equal(np.diff(crop), np.ones(5)) for crop in crops)


def test_same_generator_same_crop():
    first = contiguous_crop(100, 6, np.random.default_rng(5))
    assert np.array_equal(first, contiguous_crop(100, 6, np.random.default_rng(5)))
