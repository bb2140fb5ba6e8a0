import numpy as np
import pytest

from rna_predict.secondary import contacts
from rna_predict.secondary.contacts import contacts_between, contacts_within, join_chains
from rna_predict.secondary.pairs import annotate_between, annotate_pairs, find_pairs
from rna_predict.secondary.stacking import annotate_stackings
from rna_predict.structure.chain import Chain, model_chain
from rna_predict.structure.mmcif import read_chains


@pytest.fixture
def chains():
    """Give four chains of three complexes, residues without atoms."""
    parts = [("x", "A", 1), ("x", "B", 1), ("y", "A", 1), ("x", "A", 2)]
    made = []
    for entry, letter, model in parts:
        chain = model_chain(entry, "ACG", np.full((3, 23, 3), np.nan, dtype=np.float32))
        made.append(Chain(**{**vars(chain), "chain": letter, "model": model}))
    return made


def everything(kinds, coords, structure):
    """Find a contact between every two residues of one structure."""
    i, j = np.triu_indices(len(kinds), k=1)
    same = structure[i] == structure[j]
    return i[same], j[same], np.full(same.sum(), "near")


def test_contacts_within_chains_never_leave_them(chains):
    table = contacts_within(chains, everything, "kind")
    assert list(table.columns) == ["chain_id", "model", "i", "j", "kind", "bases"]
    rows = table[["chain_id", "model"]].drop_duplicates().to_numpy().tolist()
    assert rows == [["x_A", 1], ["x_B", 1], ["y_A", 1], ["x_A", 2]]
    assert table[["i", "j"]].to_numpy().tolist() == [[0, 1], [0, 2], [1, 2]] * 4
    assert table["bases"].tolist() == ["AC", "AG", "CG"] * 4


def test_contacts_between_chains_are_of_one_entry_and_model(chains):
    table = contacts_between(chains, everything, "kind")
    assert set(zip(table["first_chain"], table["second_chain"], strict=True)) == {("x_A", "x_B")}
    assert table["model"].tolist() == [1] * 9
    assert table[["i", "j"]].to_numpy().tolist() == [[i, j] for i in range(3) for j in range(3)]


def test_batches_change_nothing(example_chains, monkeypatch):
    whole = [annotate(example_chains) for annotate in (annotate_pairs, annotate_stackings)]
    assert all(len(table) for table in whole)
    monkeypatch.setattr(contacts, "BATCH", 50)
    for table, annotate in zip(whole, (annotate_pairs, annotate_stackings), strict=True):
        assert annotate(example_chains).equals(table)


def test_tables_hold_what_the_finder_finds_in_each_chain(example_chains):
    table = annotate_pairs(example_chains)
    for chain in example_chains:
        rows = table[(table["chain_id"] == chain.name) & (table["model"] == chain.model)]
        i, j, lw = find_pairs(chain.kinds, chain.coords)
        assert rows["i"].tolist() == i.tolist()
        assert rows["j"].tolist() == j.tolist()
        assert rows["lw"].tolist() == lw.tolist()


def test_a_complex_is_counted_through_its_chains(shared_data):
    chains = read_chains(shared_data / "reference" / "1a4d.cif")
    i, j, lw = find_pairs(*join_chains(chains))
    first = len(chains[0])
    across = (i < first) & (j >= first)
    table = annotate_between(chains)
    assert table["i"].tolist() == i[across].tolist()
    assert table["j"].tolist() == (j[across] - first).tolist()
    assert table["lw"].tolist() == lw[across].tolist()
    assert across.sum() == 19


@pytest.mark.parametrize("find", [contacts_within, contacts_between])
def test_tables_of_nothing_have_the_same_types(find, chains):
    assert dict(find([], everything, "kind").dtypes) == dict(
        find(chains, everything, "kind").dtypes
    )
