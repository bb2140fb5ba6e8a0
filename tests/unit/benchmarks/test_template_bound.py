"""The bound of a library whose best chain is known because it was planted."""

from types import SimpleNamespace

import numpy as np
import pytest

from rna_predict.structure.chain import Chain, model_chain
from rna_predict.templates.hits import TemplateHit
from rna_predict.templates.library import C3, Template
from tests.benchmarks.template_bound import bound_of, copied_tm, ladder, shape_of, structural_tm
from tests.unit.templates.hairpins import hairpin

SEQUENCE = "GGCGAUACGUUCGCGUAUCGCC"


def turned(coords: np.ndarray) -> np.ndarray:
    """Turn by a right angle and shift."""
    x, y, z = np.moveaxis(coords, -1, 0)
    return np.stack([5.0 - y, x - 3.0, z + 8.0], axis=-1)


@pytest.fixture(scope="module")
def native() -> Chain:
    return model_chain("1nat", SEQUENCE, hairpin(SEQUENCE, 9).astype(np.float32))


@pytest.fixture(scope="module")
def helix(native) -> Chain:
    """One strand of it, moved."""
    coords = turned(native.coords)[:9]
    return model_chain("1hel", SEQUENCE[:9], coords.astype(np.float32))


@pytest.fixture(scope="module")
def moved(native) -> Chain:
    """All of it, moved, after four other residues."""
    coords = np.concatenate([native.coords[:4] + 40, turned(native.coords)])
    return model_chain("1mov", SEQUENCE[:4] + SEQUENCE, coords.astype(np.float32))


def library_of(*chains: Chain) -> SimpleNamespace:
    templates = [
        Template(
            chain.name, chain.entry, 1, (chain.name,), chain.sequence, "", 2.0,
            observed=chain.observed, partner=np.full(len(chain), -1),
        )
        for chain in chains
    ]  # fmt: skip
    return SimpleNamespace(templates=templates, chain=lambda place: chains[place])


def hit(template: int) -> TemplateHit:
    return TemplateHit(
        template, np.zeros((0, 2), int), np.zeros(0), 0.5, "structure", 0.0, 0.0, 0.0
    )


def test_the_planted_chain_is_the_bound(native, helix, moved):
    library, shape = library_of(helix, moved), shape_of(native)
    best, place = bound_of(library, shape, np.arange(2), {})
    assert place == 1
    assert best == pytest.approx(1.0, abs=0.01)
    assert bound_of(library, shape, np.arange(1), {})[0] <= 9 / 22 + 1e-6


def test_a_template_too_short_to_be_better_is_not_aligned(native, helix):
    library = library_of(helix)
    library.chain = None  # whoever reads it fails
    assert bound_of(library, shape_of(native), np.arange(1), {7: 0.5}) == (0.5, 7)


def test_no_template_bounds_at_zero(native):
    assert bound_of(library_of(), shape_of(native), np.arange(0), {}) == (0.0, -1)


def test_the_right_columns_copied_give_the_native_and_shifted_ones_less(native, moved):
    points, template = (chain.coords[:, C3].astype(float) for chain in (native, moved))
    residue = np.arange(len(native))
    right = np.stack([residue, residue + 4], axis=1)
    assert copied_tm(points, template, right) == pytest.approx(1.0, abs=1e-4)
    assert copied_tm(points, template, right[:11]) == pytest.approx(0.5, abs=1e-4)
    assert copied_tm(points, template, np.stack([residue, residue], axis=1)) < 0.9
    assert copied_tm(points, template, right[:2]) == 0.0


def test_the_shape_knows_pairs_and_leaves_out_what_was_not_observed(native):
    coords = native.coords.copy()
    coords[10] = np.nan
    shape = shape_of(native.with_coords(coords))
    assert len(shape) == len(native) - 1
    assert shape.codes[:5].tolist() == [1] * 5
    assert shape.codes[-5:].tolist() == [2] * 5
    assert structural_tm(shape, shape_of(native)) > 0.9


def test_each_step_of_the_ladder_looks_at_fewer_answers():
    hits = [hit(place) for place in (3, 3, 4, 5, 6, 7)]
    copied = [0.2, 0.3, 0.25, 0.1, 0.1, 0.6]
    structural = {3: 0.35, 4: 0.4, 5: 0.2, 6: 0.1, 7: 0.7}
    assert ladder(hits, copied, structural) == {
        "hits": 0.7, "first_structural": 0.35, "first_copied": 0.2,
        "best_structural": 0.4, "best_copied": 0.3,
    }  # fmt: skip
    assert set(ladder([], [], {}).values()) == {0.0}
