"""What a homolog changes in a chain."""

import numpy as np
import pandas as pd
import pytest

from rna_predict.augment.contacts import find_contacts
from rna_predict.augment.homologs import homolog_changes, near_homologs
from rna_predict.errors import InputError
from rna_predict.secondary.pairs import find_pairs


@pytest.fixture(scope="module")
def chain(example_chains):
    return next(chain for chain in example_chains if chain.entry == "1y26")


@pytest.fixture(scope="module")
def contacts(chain):
    i, j, lw = find_pairs(chain.kinds, chain.coords)
    return find_contacts(chain, pd.DataFrame({"i": i, "j": j, "lw": lw}))


@pytest.fixture(scope="module")
def pair(chain, contacts):
    """Give a G and the C that it pairs with in a helix; both may change."""
    for i, j in enumerate(contacts.partner.tolist()):
        whole = {chain.sequence[i], chain.sequence[j]} == {"G", "C"}
        if j > i and whole and not contacts.fixed[[i, j]].any():
            return (i, j) if chain.sequence[i] == "G" else (j, i)
    raise AssertionError("no such pair")


def row_with(chain, letters):
    return "".join(letters.get(i, "-") for i in range(len(chain)))


@pytest.mark.parametrize("new", ["AU", "UA"])
def test_paired_residues_change_together(chain, contacts, pair, new):
    change = dict(zip(pair, new, strict=True))
    assert homolog_changes(chain, contacts, row_with(chain, change)) == [change]


@pytest.mark.parametrize("new", ["GU", "UG", "AA", "A-", "-U", "--", "NN", "GG"])
def test_a_pair_stays_where_the_homolog_has_no_watson_crick_pair(chain, contacts, pair, new):
    change = dict(zip(pair, new, strict=True))
    assert homolog_changes(chain, contacts, row_with(chain, change)) == []


def test_fixed_and_paired_residues_do_not_change_alone(chain, contacts):
    row = "".join("A" if letter != "A" else "C" for letter in chain.sequence)
    changed = [change for change in homolog_changes(chain, contacts, row) if len(change) == 1]
    spots = {i for change in changed for i in change}
    assert spots == set(np.flatnonzero(~contacts.paired & ~contacts.fixed).tolist())
    assert all(row[i] == letter for change in changed for i, letter in change.items())


def test_homologs_at_the_threshold_are_not_near_enough():
    rows = [("a", 0.6, "AC"), ("a", 0.7, "AG"), ("a", 0.8, "AG"), ("b", 0.9, "CC")]
    table = pd.DataFrame(rows, columns=["chain_id", "identity", "row"])
    assert near_homologs(table, 0.6) == {"a": ["AG"], "b": ["CC"]}
    with pytest.raises(InputError, match="row"):
        near_homologs(table.drop(columns="row"), 0.6)
