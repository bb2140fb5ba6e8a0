"""The fit of the drafts' ranking finds what made its data."""

import numpy as np
import pytest

from tests.benchmarks.template_ranking import fit_ranking


def test_fit_finds_the_coefficients_that_made_the_scores():
    generator = np.random.default_rng(1)
    true = np.array([-1.0, 0.5, 0.8, -0.6, 1.2, 0.9, -0.4])
    facts = [generator.normal(size=(30, 6)) for _ in range(60)]
    truth = [1 / (1 + np.exp(-(true[0] + one @ true[1:]))) for one in facts]
    assert fit_ranking(facts, truth) == pytest.approx(true, abs=0.02)


def test_each_query_has_the_same_weight_however_many_drafts_it_has():
    facts = [np.zeros((1, 6)), np.zeros((9, 6))]
    intercept = fit_ranking(facts, [np.full(1, 0.2), np.full(9, 0.6)])[0]
    assert 1 / (1 + np.exp(-intercept)) == pytest.approx(0.4, abs=1e-3)
