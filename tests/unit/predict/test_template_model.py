"""Models of templates are whole, say what they rest on, and do not depend on what is excluded."""

import os
from dataclasses import replace

import numpy as np
import pytest

from rna_predict.constants import SLOT_INDEX, slot_mask
from rna_predict.errors import InputError
from rna_predict.evaluate.outliers import outlier_share
from rna_predict.evaluate.tm_score import tm_score
from rna_predict.predict.template_library import (
    FamilyModels,
    describe_library,
    find_families,
    find_library,
)
from rna_predict.predict.template_model import fold_with_templates, provenance_table
from rna_predict.refine import batch
from rna_predict.structure.chain import model_chain
from rna_predict.structure.store import write_chains
from rna_predict.templates.guards import Guard
from rna_predict.templates.library import Library, write_library
from rna_predict.templates.query import Query
from tests.unit.templates.hairpins import hairpin, pair_matrix

TEMPLATE = "GGCACGGACAUUCGUGUCCGUGCC"
SEQUENCE = "GGCAUGGACAUUCGUGUCCAUGCCA"
N = len(SEQUENCE)
C3 = SLOT_INDEX["A"]["C3'"]


@pytest.fixture(scope="module")
def native():
    return hairpin(TEMPLATE, 10).astype(np.float32)


@pytest.fixture(scope="module")
def library(tmp_path_factory, native):
    folder = tmp_path_factory.mktemp("library")
    chain = replace(model_chain("1abc", TEMPLATE, native), release_date="2010-05-04")
    other = hairpin("GGGAAACCCGUUUGCGAAAGC", 3).astype(np.float32)
    other = replace(model_chain("2abc", "GGGAAACCCGUUUGCGAAAGC", other), release_date="2020-01-01")
    write_chains([chain, other], folder / "chains.parquet")
    write_library(folder / "chains.parquet", folder / "results" / "templates")
    return Library.read(folder / "results" / "templates")


@pytest.fixture(scope="module")
def query():
    return Query("hp", SEQUENCE, pair_matrix(N, (0, 23, 10)))


@pytest.fixture(scope="module")
def models(query, library):
    return fold_with_templates(query, library, Guard(), 3, seed=1, minimize=False)


def test_models_have_every_heavy_atom_and_a_joined_chain(models):
    kinds = models[0].chain.kinds
    for model in models:
        np.testing.assert_array_equal(model.chain.atom_mask, slot_mask()[kinds])
        assert model.longest_link < 4.0


def test_the_best_model_is_the_template(models, native):
    best = models[0]
    copied = best.chain.coords[:24, C3]
    assert tm_score(copied.astype(float), native[:, C3].astype(float)) > 0.9
    assert best.sources and best.on_core


def test_models_come_best_first_with_confidence_from_0_to_100(models):
    expected = [model.expected_tm for model in models]
    assert expected == sorted(expected, reverse=True)
    for model in models:
        assert model.confidence.shape == (N,)
        assert (model.confidence > 0).all() and (model.confidence < 100).all()


def test_provenance_names_chain_residues_identity_coverage_and_date(models, library):
    table = provenance_table(dict(enumerate(models, start=1)), library)
    core = table[(table["model"] == 1) & (table["role"] == "core")].iloc[0]
    assert core["template"] == "1abc_A" and core["release_date"] == "2010-05-04"
    assert 0.8 < core["identity"] < 1.0 and core["coverage"] > 0.9
    assert core["residues"].startswith("1-")
    assert set(table["model"]) == {1, 2, 3}


def test_an_excluded_template_leaves_no_trace(query, library):
    guard = Guard(exclude_entries=frozenset({"1abc", "2abc"}))
    for model in fold_with_templates(query, library, guard, 2, seed=1, minimize=False):
        assert not model.sources
    table = provenance_table({1: model}, library)
    assert table["role"].tolist() == ["none"]


def test_a_cutoff_excludes_what_was_released_later(query, library):
    models = fold_with_templates(query, library, Guard(cutoff="2010-05-04"), 1, minimize=False)
    assert not models[0].sources


def test_the_same_seed_gives_the_same_models(query, library, models):
    again = fold_with_templates(query, library, Guard(), 3, seed=1, minimize=False)
    for one, other in zip(models, again, strict=True):
        np.testing.assert_array_equal(one.chain.coords, other.chain.coords)


def test_a_minimised_model_has_no_broken_link_and_no_more_clashes(query, library):
    (model,) = fold_with_templates(query, library, Guard(), 1, refinement={"max_iterations": 200})
    assert model.minimised and model.why == ""
    assert model.longest_link < 2.0
    assert model.clashes_after <= model.clashes_before
    assert np.isfinite(model.energy)


def test_a_refused_model_is_put_on_ideal_geometry_and_minimised_again(query, library, monkeypatch):
    real, seen = batch.minimize_chains, []

    def refuse_the_first(chains, **settings):
        seen.append(chains)
        after, table = real(chains, max_iterations=200)
        return (after, table) if len(seen) > 1 else (chains, table.assign(kept=False))

    monkeypatch.setattr(batch, "minimize_chains", refuse_the_first)
    (model,) = fold_with_templates(query, library, Guard(), 1)
    (built,), (ideal,) = seen
    assert outlier_share(ideal, "bond") < min(0.02, outlier_share(built, "bond"))
    assert model.minimised
    assert model.longest_link < 2.0


def test_a_sequence_without_helix_and_template_is_a_strand(library):
    query = Query("strand", "ACACACAC", np.zeros((8, 8)))
    guard = Guard(exclude_entries=frozenset({"1abc", "2abc"}))
    (model,) = fold_with_templates(query, library, guard, 1, minimize=False)
    assert model.chain.atom_mask.any(1).all()


@pytest.mark.parametrize(("sequence", "models"), [("GGNCC", 1), ("GGACC", 0)])
def test_what_cannot_be_modelled_is_refused(library, sequence, models):
    query = Query("bad", sequence, np.zeros((5, 5)))
    with pytest.raises(InputError):
        fold_with_templates(query, library, Guard(), models, minimize=False)


def test_the_library_of_a_run_is_found(library):
    root = library.folder.parent.parent
    assert find_library([root / "nowhere", root]) == library.folder
    assert find_library([root / "nowhere"]) is None


def test_families_come_from_the_library_or_else_the_configuration(library, tmp_path, root):
    (tmp_path / "config").mkdir()
    (tmp_path / "models").mkdir()
    assert find_families(library.folder, [tmp_path]) is None
    (tmp_path / "config" / "config.yaml").write_text("families:\n  models: models\n")
    assert find_families(library.folder, [tmp_path]) == tmp_path / "models"
    own = tmp_path / "library" / "families"
    own.mkdir(parents=True)
    model = root / "config/example/rfam/tRNA.c.cm"
    (own / model.name).write_bytes(model.read_bytes())
    assert find_families(own.parent, [tmp_path]) == own
    assert [one.family for one in FamilyModels.read(own).models] == ["RF00005"]


def test_a_configuration_that_is_no_yaml_is_refused(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text("families: [")
    with pytest.raises(InputError, match="no YAML"):
        find_families(None, [tmp_path])


def test_a_model_that_takes_too_long_is_left_as_it_was_built(query, library):
    (model,) = fold_with_templates(
        query, library, Guard(), 1, refinement={"time_limit": 1e-3, "grace": 0.0}
    )
    assert not model.minimised and model.why == "time_limit"
    (plain,) = fold_with_templates(query, library, Guard(), 1, minimize=False)
    np.testing.assert_array_equal(model.chain.coords, plain.chain.coords)


def test_a_library_of_the_example_alone_is_called_so(library, tmp_path):
    os.makedirs(tmp_path / "config" / "example")
    listed = tmp_path / "config" / "example" / "entries.txt"
    listed.write_text("# ids\n1abc\n2ABC\n9xyz\n")
    assert "only the embedded example" in describe_library(library, [tmp_path])
    listed.write_text("1abc\n")
    assert "only" not in describe_library(library, [tmp_path])
    assert "2 chains of 2 entries" in describe_library(library, [tmp_path])
