"""Drafts that others agree with are expected to be right; answers differ."""

from dataclasses import replace

import numpy as np
import pytest

from rna_predict.templates.assembly import HELIX, OPEN, Assembly
from rna_predict.templates.hits import TemplateHit
from rna_predict.templates.ranking import (
    choose_different,
    draft_facts,
    expected_tms,
    residue_confidence,
)
from rna_predict.templates.scoring import similarities
from tests.unit.templates.hairpins import hairpin

SEQUENCE = "GGCACGGAUUCGUCCGUGCC"
N = len(SEQUENCE)
HIT = TemplateHit(0, np.zeros((0, 2), int), np.zeros(0), 0.4, "structure", 0.5, 0.9, 0.5)


@pytest.fixture(scope="module")
def coords():
    return hairpin(SEQUENCE, 8)


def assembly(coords, source=0, confidence=0.8):
    return Assembly(coords, np.full(N, confidence), np.full(N, source))


def test_surer_residues_closer_relatives_and_added_helices_raise_the_expectation(coords):
    helical = replace(assembly(coords), source=np.where(np.arange(N) < 10, HELIX, 0))
    drafts = [assembly(coords, confidence=0.6), assembly(coords), assembly(coords), helical]
    nearer = replace(HIT, identity=0.7)
    expected = expected_tms(draft_facts(drafts, [HIT, HIT, nearer, nearer], np.ones((4, 4))))
    assert (np.diff(expected) > 0).all()
    assert (expected > 0).all() and (expected < 1).all()


def test_a_draft_that_the_templates_agree_with_is_better_than_one_alone(coords):
    likeness = np.eye(4)
    likeness[:3, :3] = 0.8
    np.fill_diagonal(likeness, 1.0)
    expected = expected_tms(draft_facts([assembly(coords)] * 4, [HIT] * 4, likeness))
    assert expected[:3].min() > expected[3]


def test_helices_stand_below_a_near_copy_and_above_poor_templates(coords):
    near = replace(HIT, score=0.9, identity=0.9)
    poor = replace(HIT, score=0.15, identity=0.3)
    drafts = [assembly(coords, HELIX), assembly(coords, confidence=0.95)]
    on_helix, on_template = expected_tms(
        draft_facts(drafts, [None, near], np.array([[1, 0.5], [0.5, 1]]))
    )
    assert on_helix < on_template
    likeness = np.array([[1, 0.5, 0.5], [0.5, 1, 0.2], [0.5, 0.2, 1]])
    drafts = [assembly(coords, HELIX), *[assembly(coords, confidence=0.2)] * 2]
    on_helix, *others = expected_tms(draft_facts(drafts, [None, poor, poor], likeness))
    assert on_helix > max(others)


def test_without_any_template_drafts_are_judged_by_their_residues(coords):
    drafts = [assembly(coords, HELIX, 0.5), assembly(coords, HELIX, 0.8)]
    one, other = expected_tms(draft_facts(drafts, [None, None], np.ones((2, 2))))
    assert one < other


def test_confidence_is_0_to_100_and_least_where_the_kinematics_built(coords):
    source = np.where(np.arange(N) < 10, 0, OPEN)
    model = Assembly(coords, np.where(source == 0, 0.9, 0.0), source)
    values = residue_confidence(model, 0.5)
    assert (values > 0).all() and (values < 100).all()
    assert values[:10].min() > values[10:].max()


def test_the_best_comes_first_and_a_copy_of_it_after_another_answer(coords):
    points = coords[:, 7]
    likeness = similarities(np.stack([points, points + 3.0, points * [-1.0, 1.0, 1.0]]))
    expected = np.array([0.50, 0.52, 0.45])
    assert choose_different(likeness, expected, 3).tolist() == [1, 2, 0]
    assert choose_different(likeness, expected, 1).tolist() == [1]
