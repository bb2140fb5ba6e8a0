"""Tier 3: mutations inside large loops, where no base is held by a partner."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Int

from rna_predict.augment.contacts import Contacts
from rna_predict.augment.substitution import Change, rebuildable
from rna_predict.constants import BASES
from rna_predict.secondary.dot_bracket import to_dot_bracket
from rna_predict.structure.chain import Chain

TIER: Final = "loop"
LARGE: Final = 6
"""Loops up to this size stay as they are (nucleotides)."""


@dataclass(frozen=True, eq=False)
class Loop:
    """A loop: the residues of all its strands, and those of them that may change.

    Attributes
    ----------
    residues : (m,) int
    sites : (s,) int
    """

    residues: Int[np.ndarray, " m"]
    sites: Int[np.ndarray, " s"]


def find_loops(partner: Int[np.ndarray, " n"]) -> list[Int[np.ndarray, " m"]]:
    """Find the loops of a secondary structure.

    Parameters
    ----------
    partner : (n,) int
        Position of the partner, -1 for none.

    Returns
    -------
    list of (m,) int
        Unpaired residues of each hairpin, bulge, internal and multiple loop, all strands of one
        together, and of each single strand outside all helices. Which helices nest is decided as
        in a dot-bracket string; residues of those that cross them are paired and in no loop.
    """
    first = np.flatnonzero(partner > np.arange(len(partner)))
    text = to_dot_bracket(zip(first.tolist(), partner[first].tolist(), strict=True), len(partner))
    members: dict[tuple[int, int], list[int]] = {}
    opened: list[int] = []
    strand = 0
    for i, letter in enumerate(text):
        if letter == "(":
            opened.append(i)
        elif letter == ")":
            opened.pop()
        if letter in "()":
            strand += 1
        elif letter == ".":
            key = (opened[-1], 0) if opened else (-1, strand)
            members.setdefault(key, []).append(i)
    return [np.array(positions, dtype=np.int64) for positions in members.values()]


def large_loops(chain: Chain, contacts: Contacts) -> list[Loop]:
    """List the loops of a chain that have a residue that may change.

    Parameters
    ----------
    chain : Chain
    contacts : Contacts

    Returns
    -------
    list of Loop
        Of more than ``LARGE`` residues. A site is in the interior of a strand, not at its end, is
        in no annotated pair, tertiary contact or tetraloop, and has the atoms that a new base is
        placed by. None of a chain without a helix: whatever holds such a strand in its shape, a
        copy of itself in the crystal or a protein, is not in the chain.
    """
    if (contacts.partner < 0).all():
        return []
    ready = rebuildable(chain) & ~contacts.paired & ~contacts.fixed
    loops = []
    for residues in find_loops(contacts.partner):
        if len(residues) <= LARGE:
            continue
        inside = np.isin(residues - 1, residues) & np.isin(residues + 1, residues)
        sites = residues[inside & ready[residues]]
        if len(sites):
            loops.append(Loop(residues, sites))
    return loops


def choose_mutations(
    chain: Chain, loops: Sequence[Loop], fraction: float, rng: np.random.Generator
) -> list[Change]:
    """Draw the mutations of a copy.

    Parameters
    ----------
    chain : Chain
    loops : sequence of Loop
        From :func:`large_loops`.
    fraction : float
        Greatest share of a loop's residues that change. How many do is drawn evenly from one to
        that, and each becomes one of the three other bases.
    rng : numpy Generator

    Returns
    -------
    list of mapping of int to str
        One residue each.
    """
    changes: list[Change] = []
    for loop in loops:
        most = min(most_changes(len(loop.residues), fraction), len(loop.sites))
        if most < 1:
            continue
        chosen = rng.choice(loop.sites, size=rng.integers(1, most + 1), replace=False)
        for i in np.sort(chosen).tolist():
            letters = [letter for letter in BASES if letter != chain.sequence[i]]
            changes.append({i: letters[rng.integers(len(letters))]})
    return changes


def most_changes(size: int, fraction: float) -> int:
    """Give the greatest number of residues of a loop that may change."""
    return int(fraction * size + 1e-9)
