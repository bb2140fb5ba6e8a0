"""Frames of templates are where the residues are, and nothing is shown where nothing is."""

from dataclasses import replace

import numpy as np
import pytest

from rna_predict.data.features import Templates, sequence_inputs
from rna_predict.structure.chain import model_chain
from rna_predict.structure.store import write_chains
from rna_predict.templates.features import (
    LibraryFeatures,
    guards_by_chain,
    template_features,
)
from rna_predict.templates.guards import Guard
from rna_predict.templates.hits import TemplateHit
from rna_predict.templates.library import Library, write_library
from rna_predict.templates.query import Query
from tests.unit.templates.hairpins import hairpin

SEQUENCE = "GGCACGGAUUCGUCCGUGCC"
N = len(SEQUENCE)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    coords = hairpin(SEQUENCE, 8).astype(np.float32)
    coords[3, 12:] = np.nan  # a residue without a base has no frame
    chains = [
        replace(model_chain(f"{k}abc", SEQUENCE, coords), release_date=f"20{10 + k}-01-01")
        for k in range(1, 7)
    ]
    write_chains(chains, folder / "chains.parquet")
    write_library(folder / "chains.parquet", folder / "library")
    return Library.read(folder / "library")


def hit(template=0, start=2, confidence=0.9):
    columns = np.stack([np.arange(start, N), np.arange(N - start)], axis=1)
    return TemplateHit(
        template, columns, np.full(N - start, confidence), 0.5, "structure", 1.0, 0.9, 1.0
    )


def test_frames_are_c1_and_the_glycosidic_axes(library):
    shown = template_features(N, [hit()], library)
    chain = library.chain(0)
    base = {"G": ("N9", "C4"), "A": ("N9", "C4"), "C": ("N1", "C2"), "U": ("N1", "C2")}
    from rna_predict.constants import SLOT_INDEX

    for place in (2, 9, 15):
        source = place - 2
        slot = SLOT_INDEX[chain.sequence[source]]
        atoms = chain.coords[source]
        nitrogen, carbon = base[chain.sequence[source]]
        x = atoms[slot[nitrogen]] - atoms[slot["C1'"]]
        np.testing.assert_allclose(shown.origin[0, place], atoms[slot["C1'"]])
        np.testing.assert_allclose(shown.rotation[0, place][:, 0], x / np.linalg.norm(x), atol=1e-5)
        assert (atoms[slot[carbon]] - atoms[slot["C1'"]]) @ shown.rotation[0, place][:, 1] > 0
        assert np.linalg.det(shown.rotation[0, place]) == pytest.approx(1.0, abs=1e-5)


def test_the_mask_is_zero_where_nothing_is_known(library):
    shown = template_features(N, [hit()], library)
    assert shown.mask[0].tolist() == [k >= 2 and k != 5 for k in range(N)]
    assert not shown.origin[~shown.mask].any() and not shown.rotation[~shown.mask].any()


def test_uncertain_columns_are_not_shown(library):
    assert template_features(N, [hit(confidence=0.05)], library).mask.shape == (0, N)


def test_at_most_four_templates_are_shown(library):
    shown = template_features(N, [hit(k) for k in range(6)], library)
    assert shown.mask.shape == (4, N)


def test_a_network_takes_them(library):
    shown = template_features(N, [hit()], library)
    inputs = sequence_inputs(
        SEQUENCE,
        np.zeros((0, 2), dtype=np.int64),
        np.zeros(0, dtype=np.float32),
        templates=Templates(shown.origin, shown.rotation, shown.mask),
    )
    assert inputs["template_mask"].sum() == N - 3


def make_query(name, sequence):
    return Query(name, sequence, np.zeros((len(sequence), len(sequence))))


def allowed_hits(query, library, guard, limit):
    return [hit(k) for k in np.flatnonzero(guard.allowed(library, query.sequence)).tolist()][:limit]


def test_the_socket_shows_only_what_the_guard_of_the_chain_allows(library):
    guards = {"4abc_A": Guard(cutoff="2014-01-01"), "1abc_A": Guard(cutoff="2011-01-01")}
    source = LibraryFeatures(library, guards.__getitem__, make_query, allowed_hits)
    assert source("4abc_A", SEQUENCE).mask.shape[0] == 3
    assert source("1abc_A", SEQUENCE) is None


def test_what_was_found_is_kept(library):
    calls = []

    def search(query, *rest):
        calls.append(query.name)
        return allowed_hits(query, *rest)

    source = LibraryFeatures(library, lambda name: Guard(), make_query, search)
    source("x_A", SEQUENCE)
    source("x_A", SEQUENCE)
    assert calls == ["x_A"]


def test_guards_leave_out_own_entry_cluster_later_and_undated_templates(library):
    dates = {"3abc_A": "2013-01-01", "1abc_A": "2011-01-01"}
    guard = guards_by_chain(dates, {"3abc_A": "c", "1abc_A": "c"}, max_identity=1.0)
    free = replace(guard("3abc_A"), max_identity=None)
    allowed = np.flatnonzero(free.allowed(library, SEQUENCE))
    kept = [library.templates[k].name for k in allowed]
    assert kept == ["2abc_A"]
    assert not guard("3abc_A").allowed(library, SEQUENCE).any()  # all are copies of the query
    assert not replace(guard("new_A"), max_identity=None).allowed(library, SEQUENCE).any()
