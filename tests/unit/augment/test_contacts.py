"""Contacts by construction: what is held by its helix, by a tertiary contact, by a tetraloop."""

import numpy as np
import pandas as pd
import pytest

from rna_predict.augment.contacts import find_contacts
from rna_predict.augment.parents import describe_parents
from rna_predict.constants import N_SLOTS, SLOT_INDEX
from rna_predict.secondary.pairs import annotate_pairs
from rna_predict.secondary.stacking import find_stackings
from rna_predict.structure.chain import model_chain


def bare(sequence):
    """Make a chain without atoms: all its contacts are annotated ones."""
    return model_chain("x", sequence, np.full((len(sequence), N_SLOTS, 3), np.nan, np.float32))


def table(*rows):
    return pd.DataFrame(rows, columns=["i", "j", "lw"]).astype({"i": "int64", "j": "int64"})


def helix(first, last, size):
    return [(first + k, last - k, "cWW") for k in range(size)]


def where(mask):
    return np.flatnonzero(mask).tolist()


def test_canonical_pairs_of_a_helix_are_no_tertiary_contact():
    contacts = find_contacts(bare("GGGAAAAAAACCC"), table(*helix(0, 12, 3)))
    assert contacts.partner.tolist() == [12, 11, 10, *[-1] * 7, 2, 1, 0]
    assert where(contacts.paired) == [0, 1, 2, 10, 11, 12]
    assert not contacts.fixed.any()


@pytest.mark.parametrize("lw", ["tHS", "cWW"])  # the bases are A and A
def test_pairs_that_are_not_canonical_are_tertiary_contacts(lw):
    contacts = find_contacts(bare("GGGAAAAAAACCC"), table(*helix(0, 12, 3), (4, 8, lw)))
    assert where(contacts.tertiary) == [4, 8]
    assert where(contacts.paired) == [0, 1, 2, 4, 8, 10, 11, 12]


def test_stacks_across_the_fold_are_tertiary_contacts_those_of_a_helix_are_not(example_chains):
    far = near = 0
    for chain in example_chains:
        pairs = annotate_pairs([chain])
        contacts = find_contacts(chain, pairs)
        partner = contacts.partner
        for i, j, _ in zip(*find_stackings(chain.kinds, chain.coords), strict=True):
            of_helix = {i - 1, i + 1, *(p + k for p in (partner[i],) if p >= 0 for k in (-1, 0, 1))}
            other = {k for k in range(len(chain)) if partner[k] >= 0 and abs(partner[k] - i) <= 1}
            if j in of_helix | other:
                near += 1
            else:
                far += 1
                assert contacts.tertiary[i], (chain.name, i, j)
                assert contacts.tertiary[j], (chain.name, i, j)
    assert near > far > 10


def test_triples_lone_pairs_and_pairs_with_other_chains_are_tertiary_contacts():
    pairs = table(*helix(0, 14, 3), (1, 5, "tWS"), (7, 10, "cWW"))
    contacts = find_contacts(bare("GGGAAAAGAACACCC"), pairs, {9})
    assert where(contacts.tertiary) == [1, 5, 7, 9, 10]
    assert not contacts.paired[9]


def test_four_residues_closed_by_a_pair_are_a_tetraloop():
    contacts = find_contacts(bare("GGGAAACC"), table(*helix(0, 7, 2)))
    assert where(contacts.tetraloop) == [2, 3, 4, 5]


def test_a_gnra_fold_within_a_larger_loop_is_a_tetraloop():
    contacts = find_contacts(bare("GGAGCAAUACC"), table(*helix(0, 10, 2), (3, 6, "tSH")))
    assert where(contacts.tetraloop) == [3, 4, 5, 6]
    assert not find_contacts(bare("GGAGCAAUACC"), table(*helix(0, 10, 2))).tetraloop.any()


def test_a_base_near_a_far_phosphate_or_another_chain_is_in_a_tertiary_contact():
    chain = bare("AAAAA")
    coords = np.array(chain.coords)
    coords[0, SLOT_INDEX["A"]["N6"]] = 0.0
    coords[1, SLOT_INDEX["A"]["OP1"]] = [0.0, 3.0, 0.0]  # a neighbour's
    chain = chain.with_coords(coords)
    assert not find_contacts(chain, table()).tertiary.any()
    assert where(find_contacts(chain, table(), others=np.array([[0, 0, 3.2]])).tertiary) == [0]
    assert not find_contacts(chain, table(), others=np.array([[0, 0, 3.4]])).tertiary.any()
    coords[3, SLOT_INDEX["A"]["OP1"]] = [3.0, 0.0, 0.0]
    assert where(find_contacts(chain.with_coords(coords), table()).tertiary) == [0]


def test_pairs_with_any_other_chain_of_the_entry_are_seen(example_chains):
    by_entry = {}
    for chain in example_chains:
        by_entry.setdefault(chain.entry, []).append(chain)
    several = [chains for chains in by_entry.values() if len(chains) > 1]
    assert several
    nothing = pd.DataFrame({name: [] for name in ("chain_id", "model", "i", "j", "lw")})
    found = 0
    for chains in several:
        name = {chains[0].name}
        (among,) = describe_parents(chains, name, nothing, nothing, {})
        (single,) = describe_parents(chains[:1], name, nothing, nothing, {})
        assert len(among.others) == sum(chain.atom_mask.sum() for chain in chains[1:])
        assert (among.contacts.tertiary >= single.contacts.tertiary).all()
        found += among.contacts.tertiary.sum() - single.contacts.tertiary.sum()
    assert found > 0
