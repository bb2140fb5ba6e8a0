"""Tier 2: compensatory swaps of base pairs that structure and sequence agree on.

G-C becomes A-U and A-U becomes G-C, purine for purine, so that the backbone can stay as it is and
each new base lies on the frame of the old one.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from rna_predict.constants import N_BACKBONE, PURINES, SLOT_INDEX
from rna_predict.geometry.frames import replace_base
from rna_predict.structure.chain import Chain

TIER = "pair_swap"
PARTNER: Final = {"G": "A", "A": "G", "C": "U", "U": "C"}
SWAPPABLE: Final = ("GC", "CG", "AU", "UA")


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
        pair, and have the atoms that a new base is placed by.
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
            old, new = letters[i], PARTNER[letters[i]]
            atoms = replace_base(coords[i, :N_BACKBONE], old, coords[i, N_BACKBONE:], new)
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


def _rebuildable(chain: Chain, i: int) -> bool:
    """Tell whether a residue is unmodified and has C1' and the atoms of its base's frame."""
    letter = chain.sequence[i]
    if chain.residue_names[i] != letter:
        return False
    names = ("C1'", "N9", "C4") if letter in PURINES else ("C1'", "N1", "C2")
    return all(chain.atom_mask[i, SLOT_INDEX[letter][name]] for name in names)
