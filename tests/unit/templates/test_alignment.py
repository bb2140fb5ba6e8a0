"""Batched alignments: against a plain enumeration of all alignments, and their invariances."""

import numpy as np
import pytest

from rna_predict.templates.alignment import NONE, Gaps, best_scores, length_blocks, posteriors


def gaps(templates, n, m, seed=1):
    """Draw costs that differ from place to place."""
    generator = np.random.default_rng(seed)
    template, query = generator.uniform(0.5, 3.0, (templates, m)), generator.uniform(0.5, 3.0, n)
    return Gaps(template.astype(np.float32), query.astype(np.float32), 0.5)


def every_alignment(scores, costs, row):
    """List all alignments of a small matrix as (columns, score)."""
    n, m = scores.shape

    def extend(columns, score):
        yield columns, score
        i, j = columns[-1]
        for a in range(i + 1, n):
            for b in range(j + 1, m):
                runs = ((a - i - 1, costs.template[row, j]), (b - j - 1, costs.query[a - 1]))
                cost = sum(opening + costs.extension * (k - 1) for k, opening in runs if k)
                yield from extend([*columns, (a, b)], score + scores[a, b] - cost)

    for i in range(n):
        for j in range(m):
            yield from extend([(i, j)], scores[i, j])


@pytest.fixture
def small():
    return np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)


@pytest.fixture
def costs():
    return gaps(3, 4, 5)


def test_best_scores_are_those_of_all_alignments(small, costs):
    best = best_scores(small, costs)
    for row, scores in enumerate(small):
        found = max(score for _, score in every_alignment(scores, costs, row))
        assert best[row] == pytest.approx(found, abs=1e-5)


def test_posteriors_are_the_weighted_shares_of_all_alignments(small, costs):
    found = posteriors(small, np.full(3, 5), costs)
    for row, scores in enumerate(small):
        truth, total = np.zeros(scores.shape), 0.0
        for columns, score in every_alignment(scores, costs, row):
            total += np.exp(score)
            i, j = np.array(columns).T
            truth[i, j] += np.exp(score)
        np.testing.assert_allclose(found[row], truth / total, atol=1e-5)


def test_padding_changes_nothing(small, costs):
    padded = np.full((3, 4, 9), NONE)
    padded[..., :5] = small
    wide = np.pad(costs.template, ((0, 0), (0, 4)), constant_values=1.0)
    more = Gaps(wide, costs.query, costs.extension)
    np.testing.assert_allclose(best_scores(padded, more), best_scores(small, costs), rtol=1e-6)
    lengths = np.full(3, 5)
    found = posteriors(padded, lengths, more)
    np.testing.assert_allclose(found[..., :5], posteriors(small, lengths, costs), atol=1e-6)
    assert (found[..., 5:] == 0).all()


def test_a_gap_costs_what_its_place_costs():
    scores = np.full((1, 7, 6), -9.0, dtype=np.float32)
    for j, i in enumerate([0, 1, 2, 4, 5, 6]):  # residue 3 of the query has no partner
        scores[0, i, j] = 4.0
    for place, more in ((2, 1.5), (1, 0.0), (3, 0.0)):
        template = np.full((1, 6), 2.0, dtype=np.float32)
        template[0, place] += 1.5
        costs = Gaps(template, np.full(7, 2.0, dtype=np.float32), 0.3)
        assert best_scores(scores, costs)[0] == pytest.approx(6 * 4.0 - 2.0 - more)


def test_long_alignments_neither_overflow_nor_vanish():
    n = 900
    scores = np.where(np.eye(n, dtype=bool), 3.0, -3.0).astype(np.float32)[None]
    found = posteriors(scores, np.array([n]), gaps(1, n, n))[0]
    assert np.isfinite(found).all()
    assert np.diag(found)[50:-50].min() > 0.9
    assert found.sum(0).max() < 1 + 1e-4 and found.sum(1).max() < 1 + 1e-4


def test_blocks_hold_every_template_once_and_stay_small():
    lengths = np.random.default_rng(0).integers(10, 400, size=200)
    blocks = list(length_blocks(lengths, 1000))
    assert sorted(np.concatenate(blocks).tolist()) == list(range(200))
    assert all(len(block) * lengths[block].max() <= 1000 or len(block) == 1 for block in blocks)
    assert list(length_blocks(np.zeros(0, dtype=np.int64), 1000)) == []
