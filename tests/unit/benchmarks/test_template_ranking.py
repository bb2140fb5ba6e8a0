"""The fit of the drafts' ranking has the facts that fold uses and finds what made its data."""

from dataclasses import replace

import numpy as np
import pytest

from rna_predict.templates import ranking
from rna_predict.templates.assembly import HELIX, OPEN, Assembly
from rna_predict.templates.hits import TemplateHit
from rna_predict.templates.library import C3
from rna_predict.templates.ranking import expected_tms
from rna_predict.templates.scoring import similarities
from tests.benchmarks.template_ranking import NAMES, Drafts, draft_facts, fit_ranking

N = 24
HIT = TemplateHit(0, np.zeros((0, 2), int), np.zeros(0), 0.6, "structure", 0.5, 0.9, 0.5)
CORES = (HIT, replace(HIT, score=0.2, identity=0.3), None)


@pytest.fixture(scope="module")
def assemblies():
    generator = np.random.default_rng(0)
    base = generator.normal(scale=8.0, size=(N, 1, 3))
    found = []
    for left_open, on_helix in ((3, 4), (6, 8), (9, 15)):
        coords = np.repeat(base + generator.normal(scale=1.0, size=(N, 1, 3)), 23, axis=1)
        source = np.where(np.arange(N) < on_helix, HELIX, 0)
        source[N - left_open :] = OPEN
        coords[source == OPEN] = np.nan
        confidence = np.where(source == OPEN, 0.0, generator.uniform(0.2, 0.9, N))
        found.append(Assembly(coords, confidence, source))
    return found


def drafts_of(assemblies):
    none = np.zeros(len(assemblies))
    return Drafts(
        points=np.stack([assembly.coords[:, C3] for assembly in assemblies]),
        on_helices=np.array([core is None for core in CORES]),
        score=np.array([core.score if core else 0.0 for core in CORES]),
        identity=np.array([core.identity if core else 0.0 for core in CORES]),
        confidence=np.array([assembly.confidence.mean() for assembly in assemblies]),
        helical=np.array([(assembly.source == HELIX).mean() for assembly in assemblies]),
        expected=none,
        tm=none,
    )


def test_facts_and_the_coefficients_in_use_give_the_expectation_of_fold(assemblies):
    drafts = drafts_of(assemblies)
    similarity = similarities(drafts.points)
    intercept, *weights = (getattr(ranking, name) for name in NAMES)
    logit = intercept + draft_facts(drafts, similarity) @ weights
    expected = expected_tms(assemblies, CORES, similarity)
    assert 1 / (1 + np.exp(-logit)) == pytest.approx(expected, abs=1e-12)


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
