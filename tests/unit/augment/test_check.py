"""A copy with a fault does not pass: each test spoils one thing of a good copy."""

from dataclasses import replace

import numpy as np
import pytest

from rna_predict.augment.check import c1_shift, check_copies
from rna_predict.augment.contacts import Contacts, find_contacts
from rna_predict.augment.loops import choose_mutations, large_loops
from rna_predict.augment.pair_swap import PARTNER
from rna_predict.augment.parents import Parent
from rna_predict.augment.substitution import WATSON_CRICK, bonds, substitute
from rna_predict.constants import SLOT_INDEX
from rna_predict.errors import InputError
from rna_predict.secondary.pairs import annotate_pairs

FRACTION = 0.4


@pytest.fixture(scope="module")
def parent(example_chains):
    chain = next(chain for chain in example_chains if chain.entry == "2gdi")
    pairs = annotate_pairs([chain])
    return Parent(chain, find_contacts(chain, pairs), pairs)


@pytest.fixture(scope="module")
def swapped(parent):
    chain, contacts = parent.chain, parent.contacts
    for i, j in enumerate(contacts.partner.tolist()):
        letters = chain.sequence[i] + chain.sequence[j]
        if j <= i or letters not in WATSON_CRICK or contacts.fixed[[i, j]].any():
            continue
        change = {i: PARTNER[letters[0]], j: PARTNER[letters[1]]}
        made = substitute(chain, [change]) if bonds(chain, change) else chain
        if made is not chain:
            return labelled(made, parent, "pair_swap"), i, j
    raise AssertionError("no pair can be swapped")


def labelled(copy, parent, tier):
    return replace(copy, chain=f"X~{tier}1", parent=parent.chain.name, tier=tier)


def check(copy, parent):
    return check_copies([copy], {parent.key: parent}, FRACTION)


def test_good_copies_pass_and_keep_c1_where_it_is(parent, swapped):
    shifts = check(swapped[0], parent)
    assert list(shifts) == ["pair_swap"]
    assert shifts["pair_swap"].max() == 0
    assert len(shifts["pair_swap"]) == parent.chain.atom_mask[:, SLOT_INDEX["A"]["C1'"]].sum()


def test_a_moved_c1_is_found(parent, swapped):
    copy, i, _ = swapped
    coords = copy.coords.copy()
    coords[i + 1, SLOT_INDEX["A"]["C1'"]] += [0.6, 0, 0]
    moved = copy.with_coords(coords)
    assert c1_shift(moved, parent.chain).max() == pytest.approx(0.6, abs=1e-4)
    with pytest.raises(InputError, match=r"copy 2gdi_X~pair_swap1: a C1' moved 0.60 A"):
        check(moved, parent)


def test_a_stretched_base_is_found(parent, swapped):
    copy, i, _ = swapped
    coords = copy.coords.copy()
    letter = copy.sequence[i]
    name = {"A": "N6", "G": "O6", "C": "O2", "U": "O2"}[letter]
    carbon = {"A": "C6", "G": "C6", "C": "C2", "U": "C2"}[letter]
    spots = SLOT_INDEX[letter]
    bond = coords[i, spots[name]] - coords[i, spots[carbon]]
    coords[i, spots[name]] += 0.05 * bond / np.linalg.norm(bond)
    with pytest.raises(InputError, match=rf"residue {i}: a bond of its base is 0.050 A off"):
        check(copy.with_coords(coords), parent)
    coords[i, spots[name]] = np.nan
    with pytest.raises(InputError, match=rf"residue {i}: a bond of its base is inf A off"):
        check(copy.with_coords(coords), parent)


@pytest.mark.parametrize(
    ("part", "what"), [("tertiary", "a tertiary contact"), ("tetraloop", "a tetraloop")]
)
def test_a_touched_contact_or_tetraloop_is_found(parent, swapped, part, what):
    copy, i, _ = swapped
    mask = getattr(parent.contacts, part).copy()
    mask[i] = True
    strict = replace(parent, contacts=replace(parent.contacts, **{part: mask}))
    with pytest.raises(InputError, match=f"residue {i}: a changed base in {what}"):
        check(copy, strict)


def test_half_a_swap_is_found(parent, swapped):
    copy, i, j = swapped
    new = {"G": "A", "C": "A", "A": "C", "U": "C"}[parent.chain.sequence[i]]
    half = labelled(substitute(parent.chain, [{i: new}]), parent, "pair_swap")
    assert half.sequence != parent.chain.sequence
    with pytest.raises(InputError, match=f"residue {i}: its canonical pair became"):
        check(half, parent)


def test_a_base_without_room_is_found(parent, swapped):
    copy, i, _ = swapped
    atom = copy.coords[i, SLOT_INDEX[copy.sequence[i]]["C6"]]
    with pytest.raises(InputError, match=f"residue {i}: its new base clashes"):
        check(copy, replace(parent, others=atom[None].astype(np.float64) + [0, 0, 2.0]))


def test_copies_of_strangers_and_without_a_change_are_found(parent, swapped):
    with pytest.raises(InputError, match="'2gdi_Q' is no training chain"):
        check(replace(swapped[0], parent="2gdi_Q"), parent)
    with pytest.raises(InputError, match="no base is changed"):
        check(labelled(parent.chain, parent, "homolog"), parent)
    with pytest.raises(InputError, match="its bases are not those of its parent"):
        check(replace(swapped[0], tier="coordinates"), parent)


def test_loop_mutations_outside_large_loops_or_too_many_are_found(parent, swapped):
    with pytest.raises(InputError, match=f"residue {min(swapped[1:])}: changed outside loops"):
        check(replace(swapped[0], tier="loop"), parent)
    chain = parent.chain
    n = len(chain)
    free = Contacts(np.full(n, -1), *np.zeros((3, n), dtype=bool))
    free.partner[[0, n - 1]] = n - 1, 0
    changes = choose_mutations(chain, large_loops(chain, free), 1.0, np.random.default_rng(1))
    copy = labelled(substitute(chain, changes), parent, "loop")
    many = int((copy.kinds != chain.kinds).sum())
    bare = replace(parent, contacts=free)
    assert check_copies([copy], {parent.key: bare}, many / (n - 2))
    with pytest.raises(InputError, match=f"{many} of {n - 2} residues of its loop changed"):
        check_copies([copy], {parent.key: bare}, (many - 1) / (n - 2))
