"""Guards: one planted template of each kind that a query must not see."""

import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.templates.guards import Guard
from rna_predict.templates.query import Query
from rna_predict.templates.search import find_templates
from tests.unit.templates.conftest import random_sequence

QUERY = random_sequence(60, 0)


def mutate(sequence, count, seed):
    letters = list(sequence)
    generator = np.random.default_rng(seed)
    for k in generator.choice(len(letters), count, replace=False):
        letters[k] = generator.choice([x for x in "ACGU" if x != letters[k]])
    return "".join(letters)


@pytest.fixture
def planted(make_library, make_dated):
    """Give a library with one template of each kind."""
    chains = {
        "1old": make_dated("1old", mutate(QUERY, 24, 1), "2009-12-31"),
        "1day": make_dated("1day", mutate(QUERY, 24, 2), "2010-01-01"),
        "1new": make_dated("1new", mutate(QUERY, 24, 3), "2020-05-05"),
        "1non": make_dated("1non", mutate(QUERY, 24, 4), ""),
        "1own": make_dated("1own", mutate(QUERY, 24, 5), "2001-01-01"),
        "1ide": make_dated("1ide", mutate(QUERY, 3, 6), "2001-01-01"),
        "1lng": make_dated(
            "1lng", random_sequence(40, 7) + QUERY + random_sequence(40, 8), "2001-01-01"
        ),
        "1par": make_dated("1par", QUERY[10:40], "2001-01-01"),
        "1fam": make_dated("1fam", mutate(QUERY, 24, 9), "2001-01-01"),
        "1wea": make_dated("1wea", mutate(QUERY, 24, 10), "2001-01-01"),
    }
    families = [
        {"chain_id": "1fam_A", "family": "RF1", "label": True},
        {"chain_id": "1wea_A", "family": "RF1", "label": False},
        {"chain_id": "1old_A", "family": "RF2", "label": True},
    ]
    return make_library(list(chains.values()), families=families)


def excluded(library, guard):
    reasons = guard.reasons(library, QUERY)
    return {t.entry: why for t, why in zip(library.templates, reasons, strict=True) if why}


def test_without_a_guard_everything_is_seen(planted):
    assert excluded(planted, Guard()) == {}


def test_nothing_released_on_or_after_the_cutoff_nor_undated_is_seen(planted):
    found = excluded(planted, Guard(cutoff="2010-01-01"))
    assert found == {
        "1day": "released 2010-01-01, cut-off 2010-01-01",
        "1new": "released 2020-05-05, cut-off 2010-01-01",
        "1non": "no release date, cut-off 2010-01-01",
    }


def test_named_entries_are_not_seen_in_either_case(planted):
    found = excluded(planted, Guard(exclude_entries=frozenset(["1OWN"])))
    assert found == {"1own": "entry 1own is excluded"}


def test_a_named_chain_takes_its_copy_in_the_library_with_it(make_library, make_dated):
    from dataclasses import replace

    twin = replace(make_dated("1abc", QUERY, seed=1), chain="B")
    library = make_library([make_dated("1abc", QUERY), twin])
    assert [template.name for template in library.templates] == ["1abc_A"]
    guard = Guard(exclude_chains=frozenset(["1abc_B"]))
    assert guard.reasons(library, QUERY) == ["chain 1abc_B is excluded"]


def test_a_family_goes_with_its_members_and_with_weak_hits(planted):
    found = excluded(planted, Guard(exclude_families=frozenset(["RF1"])))
    assert found == dict.fromkeys(("1fam", "1wea"), "family RF1 is excluded")


def test_similar_longer_and_contained_sequences_are_not_seen(planted):
    found = excluded(planted, Guard(max_identity=0.9))
    assert set(found) == {"1ide", "1lng", "1par"}
    assert found["1ide"] == "identity 0.95 to the query"


def test_the_word_filter_loses_no_similar_sequence(make_library, make_dated):
    from rna_predict.families.similarity import align

    texts = [mutate(QUERY, count, count) for count in range(0, 40)]
    library = make_library([make_dated(f"{k:04d}", text) for k, text in enumerate(texts)])
    for bound in (0.5, 0.7, 0.9):
        truth = []
        for template in library.templates:
            identity, coverage = align(QUERY, template.sequence)
            truth.append(identity >= bound and coverage >= 0.8)
        assert np.array_equal(Guard(max_identity=bound).allowed(library, QUERY), ~np.array(truth))


def test_a_search_gives_nothing_that_is_guarded(planted):
    query = Query("q", QUERY, np.zeros((60, 60)))
    guard = Guard("2010-01-01", frozenset(["1own"]), frozenset(), frozenset(["RF1"]), 0.9)
    hits = find_templates(query, planted, guard)
    assert {planted.templates[hit.template].entry for hit in hits} <= {"1old"}
    free = find_templates(query, planted)
    assert "1ide" in {planted.templates[hit.template].entry for hit in free}


def test_a_library_with_everything_excluded_gives_no_hits(planted):
    query = Query("q", QUERY, np.zeros((60, 60)))
    assert find_templates(query, planted, Guard(cutoff="1990-01-01")) == []


@pytest.mark.parametrize("cutoff", ["2010", "2010-13-01", "yesterday", "20100101"])
def test_a_cutoff_that_is_no_date_is_refused(cutoff):
    with pytest.raises(InputError, match="YYYY-MM-DD"):
        Guard(cutoff=cutoff)


def test_an_identity_out_of_range_is_refused():
    with pytest.raises(InputError, match="max_identity"):
        Guard(max_identity=90.0)
