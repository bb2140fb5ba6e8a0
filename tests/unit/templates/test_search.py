"""The search as a whole: real structures found, parts and loops filled in."""

import time

import numpy as np
import pytest

from rna_predict.secondary.fold import make_adjacency
from rna_predict.structure.store import write_chains
from rna_predict.templates.guards import Guard
from rna_predict.templates.hits import METHODS
from rna_predict.templates.library import Library, write_library
from rna_predict.templates.query import Query, make_query
from rna_predict.templates.search import find_templates, uncovered_parts
from tests.unit.templates.conftest import random_sequence


@pytest.fixture(scope="module")
def library(tmp_path_factory, example_chains):
    folder = tmp_path_factory.mktemp("example")
    write_chains(example_chains, folder / "chains.parquet")
    write_library(folder / "chains.parquet", folder / "library")
    return Library.read(folder / "library")


@pytest.fixture(scope="module")
def adenine(library):
    (place,) = (k for k, t in enumerate(library.templates) if t.entry == "1y26")
    template = library.templates[place]
    return place, make_query("q", template.sequence, make_adjacency("viennarna", 0.01, 0))


def test_a_known_structure_finds_itself_first(library, adenine):
    place, query = adenine
    best = find_templates(query, library)[0]
    assert (best.template, best.identity, best.coverage) == (place, 1.0, 1.0)
    assert (best.columns[:, 0] == best.columns[:, 1]).all()
    assert best.confidence.min() > 0.5 and best.satisfied > 0.5


def test_hits_are_what_the_record_promises(library, adenine):
    place, query = adenine
    entry = library.templates[place].entry
    hits = find_templates(query, library, Guard(exclude_entries=frozenset([entry])))
    assert hits and place not in {hit.template for hit in hits}
    for hit in hits:
        template = library.templates[hit.template]
        assert (np.diff(hit.columns, axis=0) > 0).all()
        assert template.observed[hit.columns[:, 1]].all()
        assert hit.columns[:, 0].max() < len(query) and hit.columns[:, 1].max() < len(template)
        assert len(hit.confidence) == len(hit.columns)
        assert (hit.confidence >= 0).all() and (hit.confidence <= 1).all()
        assert hit.method in METHODS
        assert hit.coverage == pytest.approx(len(hit.columns) / len(query))
        assert 0 <= hit.score <= hit.coverage + 1e-9
        assert 0 <= hit.satisfied <= 1 + 1e-6
    assert "fragment" in {hit.method for hit in hits}


def test_the_same_search_gives_the_same_hits(library, adenine):
    _, query = adenine
    first, second = (find_templates(query, library) for _ in range(2))
    assert [(hit.template, hit.score) for hit in first] == [
        (hit.template, hit.score) for hit in second
    ]


def test_the_part_that_the_first_hit_leaves_open_finds_its_own_template(make_library, make_dated):
    first, second = random_sequence(60, 1), random_sequence(40, 2)
    library = make_library([make_dated("1abc", first), make_dated("2abc", second)])
    query = Query("q", first + second, np.zeros((100, 100)))
    hits = find_templates(query, library, limit=1)
    assert library.templates[hits[0].template].entry == "1abc"
    assert uncovered_parts(query, hits[:1]) == [(60, 100)]
    part = next(hit for hit in hits[1:] if library.templates[hit.template].entry == "2abc")
    assert part.columns[0].tolist() == [60, 0] and part.columns[-1].tolist() == [99, 39]
    assert part.coverage == pytest.approx(0.4)


def test_a_query_longer_than_every_template_and_one_of_ten_residues_work(library):
    adjacency = make_adjacency("viennarna", 0.01, 0)
    for length in (10, 300):
        query = make_query("q", random_sequence(length, 3), adjacency)
        for hit in find_templates(query, library):
            assert hit.columns[:, 0].max() < length


def test_five_hundred_residues_are_searched_in_seconds(make_library, make_dated):
    chains = [make_dated(f"{k:04d}", random_sequence(20 + k, k)) for k in range(0, 480, 4)]
    library = make_library(chains)
    query = Query("q", random_sequence(500, 7), np.zeros((500, 500)))
    start = time.process_time()
    find_templates(query, library)
    assert time.process_time() - start < 20
