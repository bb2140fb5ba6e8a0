"""Templates in a file: read back as they were, refused where a chain must not see them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.data.chain_templates import (
    ChainTemplates,
    Found,
    search_facts,
    write_chain_templates,
)
from rna_predict.data.features import Templates
from rna_predict.errors import InputError

HAIRPIN = "GGCGAUACGUUCGCGUAUCGCC"


def frames(length):
    rotation = np.tile(np.eye(3, dtype=np.float32), (1, length, 1, 1))
    return Templates(rotation[..., 0], rotation, np.ones((1, length), dtype=bool))


def plant(path, tables, source, cutoff=""):
    """Write a file that shows a training chain a source."""
    facts = search_facts(tables.splits, tables.clusters, cutoff)
    write_chain_templates(path, [Found("1qry_A", 22, (source,), frames(22))], facts)
    return path


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("1vld_A", "of the split 'validation'"),
        ("1tst_A", "of the split 'test'"),
        ("1non_A", "of the split ''"),
        ("1qry_B", "of its own entry"),
        ("1kin_A", "of its own cluster q"),
    ],
)
def test_file_that_shows_a_chain_what_it_must_not_see_is_refused(tmp_path, planted, source, fault):
    path = plant(tmp_path / "t", planted, source)
    with pytest.raises(InputError, match=f"chain 1qry_A is shown {source}, {fault}"):
        ChainTemplates(path, planted)


def test_file_of_other_splits_or_another_cut_off_is_refused(tmp_path, planted):
    path = plant(tmp_path / "t", planted, "1old_A")
    ChainTemplates(path, planted)
    with pytest.raises(InputError, match="looked for under other cutoff: '', here '2020-01-01'"):
        ChainTemplates(path, planted, "2020-01-01")
    with pytest.raises(InputError, match="looked for under other clusters"):
        ChainTemplates(path, replace(planted, clusters=None))
    table = pd.read_csv(planted.splits, sep="\t")
    table.iloc[::-1].to_csv(planted.splits, sep="\t", index=False)
    with pytest.raises(InputError, match="looked for under other splits"):
        ChainTemplates(path, planted)


def test_chain_that_was_not_searched_for_or_has_another_length_is_refused(tmp_path, planted):
    templates = ChainTemplates(plant(tmp_path / "t", planted, "1old_A"), planted)
    templates.require(["1qry_A"])
    with pytest.raises(InputError, match="no search for templates of chain 1val_A"):
        templates.require(["1qry_A", "1val_A"])
    with pytest.raises(InputError, match="chain 1qry_A: expected 3 residues, got 22"):
        templates("1qry_A", "GCC")


@pytest.mark.parametrize("content", [b"", b"no safetensors", None])
def test_other_files_are_refused(tmp_path, planted, content):
    if content is not None:
        (tmp_path / "t").write_bytes(content)
    with pytest.raises(InputError, match="no readable templates"):
        ChainTemplates(tmp_path / "t", planted)


def test_template_file_is_read_once_for_many_draws(tmp_path, planted):
    templates = ChainTemplates(plant(tmp_path / "t", planted, "1old_A"), planted)
    first = templates("1qry_A", HAIRPIN)
    (tmp_path / "t").unlink()
    assert templates("1qry_A", HAIRPIN) is first
