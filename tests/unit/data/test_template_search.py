"""Templates of training chains: what is planted must be left out, the rest is shown."""

import numpy as np
import pytest

from rna_predict.data.chain_templates import ChainTemplates
from rna_predict.data.template_search import ChainSearch, SearchTables, search_chain_templates
from rna_predict.errors import InputError
from rna_predict.templates.library import Library

HAIRPIN = "GGCGAUACGUUCGCGUAUCGCC"
OTHER = "GGCAUAUCGCAAGCGAUAUGCC"


@pytest.fixture
def searched(planted):
    """Give the tables that a search reads."""
    return SearchTables(
        planted.chains, planted.probabilities, planted.splits, clusters=planted.clusters
    )


@pytest.fixture
def library(tmp_path, planted):
    return tmp_path / "library"


def test_chain_is_shown_none_of_what_is_planted(searched, library):
    search = ChainSearch.read(searched, library)
    found = search.one("1qry_A")
    assert found.sources == ("1old_A",)
    assert found.frames.mask.shape == (1, len(HAIRPIN))
    assert found.frames.mask.sum() > 10


def test_validation_chain_is_shown_older_chains_of_the_training_split_alone(
    searched, library, planted_chains
):
    found = ChainSearch.read(searched, library).one("1val_A")
    assert {"1old_A", "1new_A", "1kin_A"} <= set(found.sources)
    assert {planted_chains[name][2] for name in found.sources} == {"train"}
    assert not {"1qry_A", "1cpy_A", "1und_A"} & set(found.sources)


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        ("1cpy_A", "identity 1.00 to the query"),
        ("1qry_B", "entry 1qry is excluded"),
        ("1kin_A", "chain 1kin_A is excluded"),
        ("1new_A", "released 2015-01-01, cut-off 2015-01-01"),
        ("1und_A", "no release date, cut-off 2015-01-01"),
    ],
)
def test_guard_says_why_each_planted_template_is_left_out(searched, library, plant, reason):
    search = ChainSearch.read(searched, library)
    guard = search.guard("1qry_A")
    reasons = dict(
        zip(
            [template.name for template in search.library.templates],
            guard.reasons(search.library, HAIRPIN),
            strict=True,
        )
    )
    assert reasons[plant] == reason
    assert reasons["1old_A"] == ""


def test_only_the_training_split_is_left_in_the_library(searched, library, planted_chains):
    names = {template.name for template in ChainSearch.read(searched, library).library.templates}
    assert names == {name for name, (*_, split) in planted_chains.items() if split == "train"}
    assert len(Library.read(library)) == len(planted_chains)


def test_cut_off_of_the_run_holds_for_validation_chains_too(searched, library):
    found = ChainSearch.read(searched, library, cutoff="2012-01-01").one("1val_A")
    assert "1new_A" not in found.sources and "1old_A" in found.sources


def test_chain_without_a_date_is_shown_nothing(searched, library):
    found = ChainSearch.read(searched, library).one("1und_A")
    assert found.sources == () and found.frames is None


def test_search_writes_the_chains_of_two_splits_whatever_the_processes(
    tmp_path, planted, searched, library
):
    counts = search_chain_templates(searched, library, tmp_path / "one")
    assert counts == {"chains": 9, "shown": 3}
    search_chain_templates(searched, library, tmp_path / "two", processes=2)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    templates = ChainTemplates(tmp_path / "one", planted)
    shown = templates("1qry_A", HAIRPIN)
    wanted = ChainSearch.read(searched, library).one("1qry_A").frames
    for name in ("origin", "rotation", "mask"):
        np.testing.assert_array_equal(getattr(shown, name), getattr(wanted, name))
    assert templates("1und_A", OTHER) is None


def test_library_with_another_sequence_of_a_chain_is_refused(planted, searched, library):
    search = ChainSearch.read(searched, library)
    with pytest.raises(InputError, match="chain 1qry_A: the library holds another sequence"):
        search.query("1qry_A", OTHER)
