"""Training chains with what a copy of them has to respect."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from jaxtyping import Float

from rna_predict.augment.contacts import Contacts, find_contacts
from rna_predict.augment.substitution import Change, substitute
from rna_predict.secondary.pairs import annotate_between
from rna_predict.secondary.stacking import annotate_stackings_between
from rna_predict.structure.chain import Chain

Key = tuple[str, int]
"""Name and model of a chain."""


@dataclass(frozen=True, eq=False)
class Parent:
    """A training chain.

    Attributes
    ----------
    chain : Chain
    contacts : Contacts
    probabilities : DataFrame
        Pairs predicted from its sequence: i, j, probability.
    homologs : list of str
        Rows of its family's alignment, in the chain's positions.
    others : (k, 3) float, angstrom
        Atoms of the other chains of its entry and model.
    """

    chain: Chain
    contacts: Contacts
    probabilities: pd.DataFrame
    homologs: list[str] = field(default_factory=list)
    others: Float[np.ndarray, "k 3"] = field(default_factory=lambda: np.zeros((0, 3)))

    @property
    def key(self) -> Key:
        """Name and model."""
        return self.chain.name, self.chain.model

    def substitute(self, changes: Sequence[Change]) -> Chain:
        """Change bases where there is room among the chain's own atoms and the others."""
        return substitute(self.chain, changes, self.others)


def describe_parents(
    chains: Sequence[Chain],
    names: set[str],
    pairs: pd.DataFrame,
    probabilities: pd.DataFrame,
    homologs: Mapping[str, list[str]],
) -> list[Parent]:
    """Describe the chains that will be copied.

    Parameters
    ----------
    chains : sequence of Chain
        All chains: those that are not copied may touch those that are.
    names : set of str
        Chains to describe.
    pairs : DataFrame
        Annotated pairs: chain_id, model, i, j, lw.
    probabilities : DataFrame
        Pairs predicted from sequence: chain_id, i, j, probability.
    homologs : mapping of str to list of str
        Rows of each chain.

    Returns
    -------
    list of Parent
        In the order of the chains.
    """
    annotated = dict(list(pairs.groupby(["chain_id", "model"])))
    predicted = dict(list(probabilities.groupby("chain_id")))
    complexes: dict[Key, list[Chain]] = defaultdict(list)
    for chain in chains:
        complexes[chain.entry, chain.model].append(chain)
    members = [part for group in complexes.values() for part in group if _any(group, names)]
    between = _residues_between(members)
    parents = []
    for chain in members:
        if chain.name not in names:
            continue
        others = [
            other.coords[other.atom_mask]
            for other in complexes[chain.entry, chain.model]
            if other is not chain
        ]
        atoms = np.concatenate([np.zeros((0, 3)), *others])
        key = chain.name, chain.model
        contacts = find_contacts(chain, annotated.get(key, pairs[:0]), between[key], atoms)
        sure = predicted.get(chain.name, probabilities[:0])
        parents.append(Parent(chain, contacts, sure, homologs.get(chain.name, []), atoms))
    return parents


def _any(group: Sequence[Chain], names: set[str]) -> bool:
    """Tell whether a chain of a complex is to be described."""
    return any(chain.name in names for chain in group)


def _residues_between(chains: Sequence[Chain]) -> dict[Key, set[int]]:
    """List the residues of each chain that pair or stack with another chain."""
    touched: dict[Key, set[int]] = defaultdict(set)
    for annotate in (annotate_between, annotate_stackings_between):
        for row in annotate(chains).itertuples(index=False):
            touched[row.first_chain, row.model].add(row.i)
            touched[row.second_chain, row.model].add(row.j)
    return touched
