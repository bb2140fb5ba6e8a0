"""Batched alignments: against a plain enumeration of all alignments, and their invariances."""

import numpy as np
import pytest

from rna_predict.templates.alignment import NONE, Gaps, best_scores, length_blocks, posteriors

GAPS = Gaps(2.0, 0.5)


def every_alignment(scores):
    """List all alignments of a small matrix as (columns, score)."""
    n, m = scores.shape

    def extend(columns, score):
        yield columns, score
        i, j = columns[-1]
        for a in range(i + 1, n):
            for b in range(j + 1, m):
                cost = sum(GAPS.opening + GAPS.extension * (k - 1) for k in (a - i - 1, b - j - 1)
                           if k)  # fmt: skip
                yield from extend([*columns, (a, b)], score + scores[a, b] - cost)

    for i in range(n):
        for j in range(m):
            yield from extend([(i, j)], scores[i, j])


@pytest.fixture
def small():
    return np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)


def test_best_scores_are_those_of_all_alignments(small):
    best = best_scores(small, GAPS)
    for row, scores in enumerate(small):
        assert best[row] == pytest.approx(max(s for _, s in every_alignment(scores)), abs=1e-5)


def test_posteriors_are_the_weighted_shares_of_all_alignments(small):
    found = posteriors(small, np.full(3, 5), GAPS)
    for row, scores in enumerate(small):
        truth, total = np.zeros(scores.shape), 0.0
        for columns, score in every_alignment(scores):
            total += np.exp(score)
            i, j = np.array(columns).T
            truth[i, j] += np.exp(score)
        np.testing.assert_allclose(found[row], truth / total, atol=1e-5)


def test_padding_changes_nothing(small):
    padded = np.full((3, 4, 9), NONE)
    padded[..., :5] = small
    np.testing.assert_allclose(best_scores(padded, GAPS), best_scores(small, GAPS), rtol=1e-6)
    lengths = np.full(3, 5)
    wide = posteriors(padded, lengths, GAPS)
    np.testing.assert_allclose(wide[..., :5], posteriors(small, lengths, GAPS), atol=1e-6)
    assert (wide[..., 5:] == 0).all()


def test_the_reversed_problem_has_the_reversed_posteriors(small):
    lengths = np.full(3, 5)
    turned = posteriors(np.ascontiguousarray(small[:, ::-1, ::-1]), lengths, GAPS)
    np.testing.assert_allclose(turned[:, ::-1, ::-1], posteriors(small, lengths, GAPS), atol=1e-5)


def test_long_alignments_neither_overflow_nor_vanish():
    n = 900
    scores = np.where(np.eye(n, dtype=bool), 3.0, -3.0).astype(np.float32)[None]
    found = posteriors(scores, np.array([n]), GAPS)[0]
    assert np.isfinite(found).all()
    assert np.diag(found)[50:-50].min() > 0.95
    assert found.sum(0).max() < 1 + 1e-4 and found.sum(1).max() < 1 + 1e-4


def test_blocks_hold_every_template_once_and_stay_small():
    lengths = np.random.default_rng(0).integers(10, 400, size=200)
    blocks = list(length_blocks(lengths, 1000))
    assert sorted(np.concatenate(blocks).tolist()) == list(range(200))
    assert all(len(block) * lengths[block].max() <= 1000 or len(block) == 1 for block in blocks)
    assert list(length_blocks(np.zeros(0, dtype=np.int64), 1000)) == []
