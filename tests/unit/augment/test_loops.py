"""Loops of known structures, and which of their residues may change."""

import numpy as np
import pytest

from rna_predict.augment.contacts import Contacts
from rna_predict.augment.loops import choose_mutations, find_loops, large_loops, most_changes
from rna_predict.constants import BASE_ATOMS, N_BACKBONE, N_SLOTS
from rna_predict.secondary.dot_bracket import from_dot_bracket
from rna_predict.structure.chain import model_chain


def partners(text):
    partner = np.full(len(text), -1)
    for i, j in from_dot_bracket(text):
        partner[i], partner[j] = j, i
    return partner


def loops_of(text):
    return [loop.tolist() for loop in find_loops(partners(text))]


def chain_of(sequence):
    """Make a chain with all its atoms somewhere."""
    coords = np.full((len(sequence), N_SLOTS, 3), np.nan, np.float32)
    for i, letter in enumerate(sequence):
        size = N_BACKBONE + len(BASE_ATOMS[letter])
        coords[i, :size] = np.random.default_rng(i).normal(20 * i, 1, (size, 3))
    return model_chain("x", sequence, coords)


def contacts_of(text, fixed=(), paired=()):
    partner, none = partners(text), np.zeros(len(text), dtype=bool)
    tertiary, held = none.copy(), partner >= 0
    tertiary[list(fixed)] = True
    held[list(paired)] = True
    return Contacts(partner, held, tertiary, none)


@pytest.mark.parametrize(
    ("text", "loops"),
    [
        ("((...))", [[2, 3, 4]]),
        ("(.((...))..)", [[1, 9, 10], [4, 5, 6]]),  # an internal loop is one loop
        ("(.((..)).((..)).)", [[1, 8, 15], [4, 5], [11, 12]]),  # so is a multiple loop
        ("..((..))..((..))..", [[0, 1], [4, 5], [8, 9], [12, 13], [16, 17]]),
        ("((.[[.)).]]", [[2, 5], [8]]),  # a pseudoknot's residues are in no loop
        ("....", [[0, 1, 2, 3]]),
        ("", []),
    ],
)
def test_loops_of_known_structures(text, loops):
    assert sorted(loops_of(text)) == loops


def test_sites_are_interior_free_and_of_large_loops_alone():
    text = "((.......))((......))"
    chain = chain_of("G" * len(text))
    (loop,) = large_loops(chain, contacts_of(text))
    assert loop.residues.tolist() == [2, 3, 4, 5, 6, 7, 8]
    assert loop.sites.tolist() == [3, 4, 5, 6, 7]
    (loop,) = large_loops(chain, contacts_of(text, fixed=[4], paired=[6]))
    assert loop.sites.tolist() == [3, 5, 7]


def test_modified_and_incomplete_residues_are_no_sites():
    text = "((.......))"
    chain = chain_of("G" * len(text))
    names = list(chain.residue_names)
    names[4] = "2MG"
    coords = np.array(chain.coords)
    coords[6] = np.nan
    changed = type(chain)(
        **{
            **chain.__dict__,
            "residue_names": tuple(names),
            "coords": coords,
            "atom_mask": np.isfinite(coords).all(-1),
        }
    )
    (loop,) = large_loops(changed, contacts_of(text))
    assert loop.sites.tolist() == [3, 5, 7]


def test_a_chain_without_a_helix_has_no_loops():
    assert large_loops(chain_of("A" * 20), contacts_of("." * 20)) == []


@pytest.mark.parametrize(("fraction", "most"), [(0.0, 0), (0.4, 4), (0.1, 1), (1.0, 10)])
def test_mutations_stay_within_the_fraction_of_the_loop(fraction, most):
    text = "((" + 10 * "." + "))"
    chain, contacts = chain_of("GG" + "ACGUACGUAC" + "CC"), contacts_of(text)
    loops = large_loops(chain, contacts)
    counts = set()
    for seed in range(200):
        changes = choose_mutations(chain, loops, fraction, np.random.default_rng(seed))
        residues = [i for change in changes for i in change]
        assert set(residues) <= set(loops[0].sites.tolist())
        assert len(residues) == len(set(residues))
        assert all(
            letter in "ACGU" and letter != chain.sequence[i]
            for change in changes
            for i, letter in change.items()
        )
        counts.add(len(residues))
    assert most_changes(10, fraction) == most
    assert counts == set(range(1, min(most, 8) + 1)) or (counts == {0} and most == 0)
