"""Better templates, formed pairs and few clashes are expected to be right; answers differ."""

import numpy as np
import pytest

from rna_predict.templates.assembly import HELIX, OPEN, Assembly
from rna_predict.templates.ranking import (
    ALONE,
    choose_different,
    expected_tm,
    formed_pairs,
    residue_confidence,
    similarity,
)
from tests.unit.templates.hairpins import hairpin, pair_matrix

SEQUENCE = "GGCACGGAUUCGUCCGUGCC"
N = len(SEQUENCE)


@pytest.fixture(scope="module")
def coords():
    return hairpin(SEQUENCE, 8)


def assembly(coords, source=0, confidence=0.8):
    return Assembly(coords, np.full(N, confidence), np.full(N, source))


def test_all_likely_pairs_of_a_hairpin_are_formed(coords):
    assert formed_pairs(coords, pair_matrix(N, (0, N - 1, 8))) == 1.0


def test_open_residues_form_no_pairs(coords):
    half = np.where(np.arange(N)[:, None, None] < 4, np.nan, coords)
    assert formed_pairs(half, pair_matrix(N, (0, N - 1, 8))) == pytest.approx(0.5)


def test_without_likely_pairs_none_is_missed(coords):
    assert formed_pairs(coords, np.zeros((N, N))) == 1.0


def test_a_better_template_more_pairs_and_fewer_clashes_raise_the_expectation(coords):
    model = assembly(coords)
    base = expected_tm(0.5, model, 0.5, clashes=50.0)
    assert expected_tm(0.6, model, 0.5, clashes=50.0) > base
    assert expected_tm(0.5, model, 0.9, clashes=50.0) > base
    assert expected_tm(0.5, model, 0.5, clashes=0.0) > base
    assert expected_tm(0.5, assembly(coords, HELIX), 0.5, clashes=50.0) > base


def test_helices_alone_are_better_than_a_poor_template_and_worse_than_a_good_one(coords):
    alone = expected_tm(0.0, assembly(coords, HELIX), 1.0)
    assert alone == ALONE
    assert (
        expected_tm(0.15, assembly(coords), 1.0) < alone < expected_tm(0.5, assembly(coords), 1.0)
    )


def test_confidence_is_0_to_100_and_least_where_the_kinematics_built(coords):
    source = np.where(np.arange(N) < 10, 0, OPEN)
    model = Assembly(coords, np.where(source == 0, 0.9, 0.0), source)
    values = residue_confidence(model, 0.5)
    assert (values > 0).all() and (values < 100).all()
    assert values[:10].min() > values[10:].max()


def test_similarity_is_one_for_a_moved_copy_and_less_for_a_mirror_image(coords):
    points = coords[:, 7]
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert similarity(points, points @ turn.T + 5.0) == pytest.approx(1.0)
    assert similarity(points, points * [-1.0, 1.0, 1.0]) < 0.5
    assert similarity(points, np.full_like(points, np.nan)) == 0.0


def test_the_best_comes_first_and_a_copy_of_it_after_another_answer(coords):
    points = coords[:, 7]
    answers = [points, points + 3.0, points * [-1.0, 1.0, 1.0]]
    assert choose_different(answers, [0.50, 0.52, 0.45], 3).tolist() == [1, 2, 0]
    assert choose_different(answers, [0.50, 0.52, 0.45], 1).tolist() == [1]
