"""The library: what is kept of a chain store, and how it comes back."""

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.families.covariance_models import read_models
from rna_predict.families.members import FAMILY_COLUMNS
from rna_predict.predict.template_library import find_families
from rna_predict.structure.store import write_chains
from rna_predict.templates.library import Library, write_library
from tests.unit.templates.conftest import HAIRPIN, STEM, random_sequence


def hide(chain, residues):
    coords = chain.coords.copy()
    coords[residues] = np.nan
    return chain.with_coords(coords)


def test_chains_come_back_with_their_residues_pairs_and_dates(make_library, make_dated):
    chain = hide(make_dated("1abc", HAIRPIN), [3, 10])
    library = make_library([chain], {chain.name: STEM})
    (template,) = library.templates
    assert (template.name, template.sequence) == (chain.name, chain.sequence)
    assert template.release_date == "2010-06-01"
    assert np.array_equal(template.observed, chain.observed)
    assert template.partner[0] == 21 and template.partner[21] == 0 and template.partner[10] == -1
    back = library.chain(0)
    assert np.array_equal(back.atom_mask, chain.atom_mask)
    assert np.nanmax(np.abs(back.coords - chain.coords)) < 0.006


def test_copies_within_an_entry_are_kept_once_as_the_one_with_most_residues(
    make_library, make_dated
):
    first = hide(make_dated("1abc", HAIRPIN), slice(0, 4))
    second = replace(make_dated("1abc", HAIRPIN, seed=1), chain="B")
    elsewhere = make_dated("2abc", HAIRPIN, seed=2)
    library = make_library([first, second, elsewhere])
    assert [template.name for template in library.templates] == ["1abc_B", "2abc_A"]
    assert library.templates[0].copies == ("1abc_A", "1abc_B")


def test_models_of_its_families_go_with_a_library(tmp_path, make_dated, root):
    write_chains([make_dated("1abc", HAIRPIN)], tmp_path / "chains.parquet")
    hit = dict.fromkeys(FAMILY_COLUMNS, 0) | {
        "chain_id": "1abc_A",
        "family": "RF00005",
        "label": True,
    }
    known = read_models([root / "config" / "example" / "rfam"])
    write_library(
        tmp_path / "chains.parquet", tmp_path / "with", families=pd.DataFrame([hit]), models=known
    )
    (brought,) = read_models([find_families(tmp_path / "with")])
    assert brought.family == "RF00005"
    assert brought.digest in {model.digest for model in known}
    write_library(tmp_path / "chains.parquet", tmp_path / "with", models=known)
    assert find_families(tmp_path / "with", []) is None


def test_augmented_copies_and_unobserved_chains_are_no_templates(make_library, make_dated):
    good = make_dated("1abc", HAIRPIN)
    changed = replace(make_dated("2abc", HAIRPIN), parent="1abc_A", tier="swap")
    empty = hide(make_dated("3abc", HAIRPIN), slice(0, 15))
    library = make_library([good, changed, empty])
    assert [template.name for template in library.templates] == ["1abc_A"]


def test_a_trace_of_phosphates_is_no_template(make_library, make_dated):
    chain = make_dated("1abc", HAIRPIN)
    coords = chain.coords.copy()
    coords[:, 1:] = np.nan
    part = make_dated("2abc", HAIRPIN).coords.copy()
    part[:5, 1:] = np.nan
    library = make_library(
        [chain.with_coords(coords), make_dated("2abc", HAIRPIN).with_coords(part)]
    )
    assert [template.name for template in library.templates] == ["2abc_A"]
    assert np.array_equal(np.flatnonzero(~library.templates[0].observed), np.arange(5))


def test_pairs_are_found_where_no_table_gives_them(tmp_path, example_chains):
    chain = next(chain for chain in example_chains if chain.entry == "1y26")
    write_chains([chain], tmp_path / "chains.parquet")
    assert write_library(tmp_path / "chains.parquet", tmp_path / "library") == 1
    partner = Library.read(tmp_path / "library").templates[0].partner
    paired = np.flatnonzero(partner >= 0)
    assert len(paired) > 30
    assert np.array_equal(partner[partner[paired]], paired)


def test_a_library_of_a_thousand_chains_is_read_in_seconds(make_library, make_dated):
    chains = [make_dated(f"{k:04d}", random_sequence(60, k), seed=k % 7) for k in range(1000)]
    library = make_library(chains)
    start = time.perf_counter()
    again = Library.read(library.folder)
    assert time.perf_counter() - start < 5
    start = time.perf_counter()
    for k in range(0, 1000, 10):
        assert again.chain(k).name == again.templates[k].name
    assert (time.perf_counter() - start) / 100 < 0.05


def test_missing_and_foreign_files_are_named(tmp_path, make_library, make_dated):
    with pytest.raises(InputError, match=r"templates\.parquet"):
        Library.read(tmp_path)
    one = make_library([make_dated("1abc", HAIRPIN)])
    other = make_library([make_dated("2abc", HAIRPIN)])
    (one.folder / "chains.safetensors").write_bytes(
        (other.folder / "chains.safetensors").read_bytes()
    )
    with pytest.raises(InputError, match="differ, first in"):
        Library.read(one.folder)
