"""Tier 2: compensatory swaps of base pairs that structure and sequence agree on.

G-C becomes A-U and A-U becomes G-C, purine for purine, so that the backbone can stay as it is and
each new base lies on the frame of the old one.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from rna_predict.constants import BASE_ATOMS, N_BACKBONE, PURINES, SLOT_INDEX
from rna_predict.geometry.frames import replace_base
from rna_predict.structure.chain import Chain

TIER = "pair_swap"
PARTNER: Final = {"G": "A", "A": "G", "C": "U", "U": "C"}
SWAPPABLE: Final = ("GC", "CG", "AU", "UA")
BOND: Final = 2.9
"""Distance from N1 of the purine to N3 of the pyrimidine in a Watson-Crick pair (angstrom)."""
BOND_TOLERANCE: Final = 0.6
"""Largest departure from it in a swapped pair; strained pairs stay as they are (angstrom)."""


def swappable_pairs(
    chain: Chain,
    pairs: pd.DataFrame,
    probabilities: pd.DataFrame,
    min_probability: float,
    untouchable: set[int],
) -> list[tuple[int, int]]:
    """List the pairs of a chain that may be swapped.

    Parameters
    ----------
    chain : Chain
    pairs : DataFrame
        Annotated pairs of this chain: i, j, lw.
    probabilities : DataFrame
        Predicted pairs of this chain: i, j, probability.
    min_probability : float
        Least predicted probability.
    untouchable : set of int
        Residues in contact with other chains.

    Returns
    -------
    list of (i, j)
        cWW pairs of G-C and A-U whose residues are unmodified, take part in no other annotated
        pair, and have the atoms that a new base is placed by, and whose new bases bond.
    """
    contacts = pd.concat([pairs["i"], pairs["j"]]).value_counts()
    sure = probabilities[probabilities["probability"] >= min_probability]
    confident = set(zip(sure["i"], sure["j"], strict=True))
    return [
        (i, j)
        for i, j, lw in zip(pairs["i"], pairs["j"], pairs["lw"], strict=True)
        if lw == "cWW"
        and chain.sequence[i] + chain.sequence[j] in SWAPPABLE
        and (i, j) in confident
        and contacts[i] == contacts[j] == 1
        and not {i, j} & untouchable
        and _rebuildable(chain, i)
        and _rebuildable(chain, j)
        and _bonds(chain, i, j)
    ]


def swap_copy(chain: Chain, candidates: list[tuple[int, int]], rng: np.random.Generator) -> Chain:
    """Swap a random choice of pairs, at least one of them.

    Parameters
    ----------
    chain : Chain
    candidates : list of (i, j)
        From :func:`swappable_pairs`; not empty. Each is chosen with probability 1/2.
    rng : numpy Generator

    Returns
    -------
    Chain
        Sequence, residue names and base atoms changed, backbone untouched.
    """
    chosen = rng.random(len(candidates)) < 0.5
    chosen[rng.integers(len(candidates))] = True
    letters, names = list(chain.sequence), list(chain.residue_names)
    coords = chain.coords.copy()
    for pair, take in zip(candidates, chosen, strict=True):
        for i in pair if take else ():
            new, atoms = _new_base(chain, i)
            coords[i, N_BACKBONE:] = np.nan
            coords[i, N_BACKBONE : N_BACKBONE + len(atoms)] = atoms
            letters[i] = names[i] = new
    return replace(
        chain,
        sequence="".join(letters),
        residue_names=tuple(names),
        coords=coords,
        atom_mask=np.isfinite(coords).all(-1),
    )


def _new_base(chain: Chain, i: int) -> tuple[str, np.ndarray]:
    """Build the base that takes the place of base ``i``: its letter and its atoms."""
    old, atoms = chain.sequence[i], chain.coords[i]
    new = PARTNER[old]
    return new, replace_base(atoms[:N_BACKBONE], old, atoms[N_BACKBONE:], new)


def _bonds(chain: Chain, i: int, j: int) -> bool:
    """Tell whether the new bases of a pair are as far apart as Watson-Crick pairs are."""
    ends = []
    for k in (i, j):
        letter, atoms = _new_base(chain, k)
        ends.append(atoms[BASE_ATOMS[letter].index("N1" if letter in PURINES else "N3")])
    return bool(abs(np.linalg.norm(ends[0] - ends[1]) - BOND) <= BOND_TOLERANCE)


def _rebuildable(chain: Chain, i: int) -> bool:
    """Tell whether a residue is unmodified and has C1' and the atoms of its base's frame."""
    letter = chain.sequence[i]
    if chain.residue_names[i] != letter:
        return False
    names = ("C1'", "N9", "C4") if letter in PURINES else ("C1'", "N1", "C2")
    return all(chain.atom_mask[i, SLOT_INDEX[letter][name]] for name in names)
