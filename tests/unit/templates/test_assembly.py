"""Templates and helices are laid over what they share, and what clashes is left out."""

import numpy as np
import pytest

from rna_predict.geometry.superpose import superpose
from rna_predict.templates.assembly import HELIX, OPEN, Part, assemble
from rna_predict.templates.helices import find_helices, stack_helices
from tests.unit.templates.hairpins import hairpin, kinds_of, pair_matrix

SEQUENCE = "GGCACGGAUUCGUCCGUGCC"
N = len(SEQUENCE)


@pytest.fixture(scope="module")
def native():
    return hairpin(SEQUENCE, 8)


def part(native, residues, source, moved=False, confidence=0.9):
    residues = np.asarray(residues)
    coords = native[residues]
    if moved:
        turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        coords = coords @ turn.T + 30.0
    return Part(residues, coords, np.full(len(residues), confidence), source)


def run(core, parts=(), probability=None):
    probability = np.zeros((N, N)) if probability is None else probability
    stacks = stack_helices(find_helices(probability))
    generator = np.random.default_rng(0)
    return assemble(kinds_of(SEQUENCE), core, parts, stacks, probability, generator)


def deviation(model, native):
    rows = model.placed
    mobile, fixed = model.coords[rows, 7], native[rows, 7]
    rotation, translation = superpose(mobile, fixed)
    return np.sqrt(((mobile @ rotation.T + translation - fixed) ** 2).sum(-1).mean())


def test_a_second_template_is_laid_over_the_overlap(native):
    model = run(part(native, range(12), 0), [part(native, range(6, N), 1, moved=True)])
    assert model.placed.all()
    np.testing.assert_allclose(model.coords, native, atol=1e-6)
    assert model.source.tolist() == [0] * 12 + [1] * (N - 12)


def test_a_template_that_shares_nothing_is_left_out(native):
    model = run(part(native, range(8), 0), [part(native, range(10, N), 1)])
    assert (model.source[8:] == OPEN).all()


def test_a_template_that_does_not_fit_the_overlap_is_left_out(native):
    wrong = part(native, range(6, N), 1)
    wrong = Part(wrong.residue, wrong.coords * 1.8, wrong.confidence, 1)
    assert (run(part(native, range(12), 0), [wrong]).source[12:] == OPEN).all()


def test_a_half_known_helix_is_completed_in_a_form(native):
    model = run(part(native, range(12), 0), probability=pair_matrix(N, (0, N - 1, 8)))
    assert (model.source[12:] == HELIX).all()
    assert deviation(model, native) < 0.5
    assert (model.confidence[12:] < 0.9).all() and (model.confidence[12:] > 0.4).all()


def test_without_a_template_the_longest_helix_is_the_core(native):
    model = run(None, probability=pair_matrix(N, (0, N - 1, 8)))
    assert (model.source == HELIX).sum() == 16
    assert deviation(model, native) < 0.1


def test_without_template_and_helix_nothing_is_placed():
    assert not run(None).placed.any()


def test_a_helix_in_no_template_is_joined_by_its_link():
    sequence = "GGCACGGAUUCGUCCGUGCCAGGCAGGAUUCGUCCUGCC"
    kinds, n = kinds_of(sequence), len(sequence)
    probability = pair_matrix(n, (0, 19, 8), (21, 38, 6))
    stacks = stack_helices(find_helices(probability))
    model = assemble(kinds, None, [], stacks, probability, np.random.default_rng(0))
    assert (model.source[21:27] == HELIX).all() and (model.source[33:] == HELIX).all()
    c4 = model.coords[:, 5]
    assert np.linalg.norm(c4[21] - c4[19]) < 2 * 7.2
    assert model.confidence[21:27].max() < model.confidence[:8].min()


def test_the_strand_of_a_likely_helix_that_the_core_leaves_open_is_placed_anew(native):
    wrong = part(native, range(N), 0, confidence=0.3)
    coords = wrong.coords.copy()
    coords[12:] += 25.0
    wrong = Part(wrong.residue, coords, np.where(np.arange(N) < 12, 0.3, 0.2), 0)
    model = run(wrong, probability=pair_matrix(N, (0, N - 1, 8)))
    assert (model.source[12:] == HELIX).all()
    assert deviation(model, native) < 0.5
