"""Tier 2: compensatory swaps of base pairs that structure and sequence agree on.

G-C becomes A-U and A-U becomes G-C, purine for purine, so that the backbone can stay as it is and
each new base lies on the frame of the old one.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from rna_predict.augment.contacts import Contacts
from rna_predict.augment.substitution import WATSON_CRICK, Change, bonds, rebuildable
from rna_predict.structure.chain import Chain

TIER: Final = "pair_swap"
PARTNER: Final = {"G": "A", "A": "G", "C": "U", "U": "C"}


def swappable_pairs(
    chain: Chain, contacts: Contacts, probabilities: pd.DataFrame, min_probability: float
) -> list[Change]:
    """List the pairs of a chain that may be swapped, with what they become.

    Parameters
    ----------
    chain : Chain
    contacts : Contacts
    probabilities : DataFrame
        Predicted pairs of this chain: i, j, probability.
    min_probability : float
        Least predicted probability.

    Returns
    -------
    list of mapping of int to str
        Pairs of G-C and A-U whose residues are unmodified, are in no tertiary contact, and have
        the atoms that a new base is placed by, and whose new bases bond.
    """
    sure = probabilities[probabilities["probability"] >= min_probability]
    ready = rebuildable(chain) & ~contacts.fixed
    found = []
    for i, j in sorted(zip(sure["i"], sure["j"], strict=True)):
        letters = chain.sequence[i] + chain.sequence[j]
        if contacts.partner[i] == j and letters in WATSON_CRICK and ready[i] and ready[j]:
            change = {int(i): PARTNER[letters[0]], int(j): PARTNER[letters[1]]}
            if bonds(chain, change):
                found.append(change)
    return found


def choose_swaps(candidates: Sequence[Change], rng: np.random.Generator) -> list[Change]:
    """Choose pairs, each with probability 1/2 but at least one; ``candidates`` is not empty."""
    chosen = rng.random(len(candidates)) < 0.5
    chosen[rng.integers(len(candidates))] = True
    return [change for change, take in zip(candidates, chosen, strict=True) if take]
