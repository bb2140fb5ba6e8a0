"""Crops along the chain and in space."""

import numpy as np

from rna_predict.data.crops import contiguous_crop, spatial_crop


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


def test_spatial_crop_takes_the_residues_nearest_to_one_of_them():
    points = np.zeros((40, 3))
    points[:20, 0] = np.arange(20) * 5.0
    points[20:] = points[:20][::-1] + [0.0, 1.0, 0.0]  # a hairpin: 0 beside 39, 19 beside 20
    for seed in range(20):
        crop = spatial_crop(points, 8, np.random.default_rng(seed))
        assert len(crop) == 8 and (np.diff(crop) > 0).all()
        far = np.linalg.norm(points[crop, None] - points[None, crop], axis=-1).max()
        assert far <= 36
        assert (crop < 20).any() and (crop >= 20).any()


def test_spatial_crop_leaves_out_what_was_not_observed():
    points = np.arange(30.0)[:, None] * np.ones(3)
    points[10:15] = np.nan
    for seed in range(10):
        assert not set(spatial_crop(points, 12, np.random.default_rng(seed))) & set(range(10, 15))
    points[8:] = np.nan
    few = spatial_crop(points, 12, np.random.default_rng(0))
    assert np.array_equal(np.diff(few), np.ones(11))  # a stretch, where too little was seen
    assert len(spatial_crop(points, 30, np.random.default_rng(0))) == 30
