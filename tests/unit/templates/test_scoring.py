"""Expected accuracy, agreement and difference of models."""

from dataclasses import replace

import numpy as np
import pytest

from rna_predict.templates.query import Query
from rna_predict.templates.scoring import (
    Features,
    agreements,
    order_different,
    satisfied_pairs,
    similarities,
)


@pytest.fixture
def cloud():
    return np.cumsum(np.random.default_rng(0).normal(scale=4.0, size=(60, 3)), axis=0)


def rotated(points, seed):
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q[:, 0] *= np.sign(np.linalg.det(q))
    return points @ q.T + 30.0


FACTS = Features(0.5, 0.5, 0.5, 0.0, 0.9)


@pytest.mark.parametrize("name", ["confident", "identity", "satisfied", "family", "agreement"])
def test_every_fact_in_favour_raises_the_expected_score(name):
    better = replace(FACTS, **{name: getattr(FACTS, name) + 0.3})
    assert better.expected_tm > FACTS.expected_tm


def test_the_expected_score_is_no_more_than_the_coverage():
    assert Features(1.0, 1.0, 1.0, 1.0, 0.05, 1.0).expected_tm == 0.05


def test_models_are_alike_up_to_a_motion(cloud):
    other = np.cumsum(np.random.default_rng(1).normal(scale=4.0, size=(60, 3)), axis=0)
    matrix = similarities(np.stack([cloud, rotated(cloud, 2), other, cloud * [-1.0, 1.0, 1.0]]))
    assert matrix[0, 1] == pytest.approx(1, abs=1e-6)
    assert matrix[0, 2] < 0.5 and matrix[0, 3] < 0.7
    np.testing.assert_allclose(matrix, matrix.T)


def test_only_common_residues_are_compared(cloud):
    first, second, third = cloud.copy(), rotated(cloud, 3), cloud.copy()
    first[30:], second[:20], third[:31] = np.nan, np.nan, np.nan
    matrix = similarities(np.stack([first, second, third]))
    assert matrix[0, 1] == pytest.approx(10 / 30, abs=1e-6)  # ten residues in common
    assert matrix[0, 2] == 0


def test_the_best_of_each_kind_comes_first():
    matrix = np.eye(4)
    matrix[0, 1] = matrix[1, 0] = matrix[2, 3] = matrix[3, 2] = 0.95
    assert order_different(matrix, 0.7) == [0, 2, 1, 3]
    assert order_different(matrix, 0.99) == [0, 1, 2, 3]
    assert order_different(np.zeros((0, 0)), 0.7) == []


def test_models_that_others_confirm_agree_more():
    matrix = np.eye(3)
    matrix[0, 1] = matrix[1, 0] = 0.9
    found = agreements(matrix, np.ones(3), np.full(3, 0.5))
    assert found[0] == found[1] > found[2] == 0


def test_pairs_count_where_both_ends_are_aligned(make_library, make_dated):
    library = make_library(
        [make_dated("1abc", "GGGGAAAACCCC")], {"1abc_A": [(0, 11), (1, 10), (2, 9), (3, 8)]}
    )
    probability = np.zeros((12, 12))
    for i, j, p in ((0, 11, 0.5), (1, 10, 0.25), (4, 7, 0.9)):
        probability[i, j] = probability[j, i] = p
    query = Query("q", "GGGGAAAACCCC", probability)
    every = np.arange(12)[:, None].repeat(2, 1)
    assert satisfied_pairs(query, library.templates[0], every) == pytest.approx(1.5)
    assert satisfied_pairs(query, library.templates[0], every[1:]) == pytest.approx(0.5)
