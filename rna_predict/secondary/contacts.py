"""Contacts of residues as tables: within each chain, or between the chains of each complex.

A finder takes the kinds and coordinates of residues, and the structure that each belongs to, and
gives the residues in contact with a label: :func:`rna_predict.secondary.pairs.find_pairs`,
:func:`rna_predict.secondary.stacking.find_stackings`. Chains are looked at in batches, so that a
thousand short ones cost little more than one long one.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from rna_predict.structure.chain import Chain

Finder = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]

BATCH: Final = 20_000
"""Residues looked at together: bounds memory."""


def join_chains(
    chains: Sequence[Chain],
) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, "n 23 3"]]:
    """Put the residues of the chains of one complex in one row, chain after chain.

    Parameters
    ----------
    chains : sequence of Chain
        At least one.

    Returns
    -------
    kinds : (n,) int
    coords : (n, 23, 3) float, angstrom
        What finders take: ``find_pairs(*join_chains(chains))`` counts residues through all chains.
    """
    kinds = np.concatenate([chain.kinds for chain in chains])
    return kinds, np.concatenate([chain.coords for chain in chains])


def contacts_within(chains: Sequence[Chain], find: Finder, label: str) -> pd.DataFrame:
    """Find the contacts within each chain, each looked at alone.

    Parameters
    ----------
    chains : sequence of Chain
    find : callable
        A finder.
    label : str
        Name of the column of its labels.

    Returns
    -------
    DataFrame
        Columns chain_id, model, i, j (positions in the full sequence, ``i < j``), the label, and
        bases (letters of i and j); by chain as given, then i, j.
    """
    parts = [
        {
            "chain_id": _pick([chain.name for chain in members], owner_i),
            "model": _pick([chain.model for chain in members], owner_i),
            **columns,
        }
        for members, owner_i, _, columns in _search([[chain] for chain in chains], find, label)
    ]
    types = {"chain_id": "str", "model": "int64", "i": "int64", "j": "int64"}
    return _table(parts, {**types, label: "str", "bases": "str"})


def contacts_between(chains: Sequence[Chain], find: Finder, label: str) -> pd.DataFrame:
    """Find the contacts between different chains of the same entry and model.

    Parameters
    ----------
    chains : sequence of Chain
        Of any number of entries.
    find : callable
        A finder; it sees all chains of a complex at once.
    label : str
        Name of the column of its labels.

    Returns
    -------
    DataFrame
        Columns first_chain, second_chain (chain_id), model, i, j (position in each), the label,
        bases; the chain given earlier comes first.
    """
    complexes: dict[tuple[str, int], list[Chain]] = {}
    for chain in chains:
        complexes.setdefault((chain.entry, chain.model), []).append(chain)
    parts = []
    groups = [members for members in complexes.values() if len(members) > 1]
    for members, owner_i, owner_j, columns in _search(groups, find, label):
        names = [chain.name for chain in members]
        apart = owner_i != owner_j
        part = {
            "first_chain": _pick(names, owner_i),
            "second_chain": _pick(names, owner_j),
            "model": _pick([chain.model for chain in members], owner_i),
            **columns,
        }
        parts.append({name: values[apart] for name, values in part.items()})
    types = {"first_chain": "str", "second_chain": "str", "model": "int64"}
    return _table(parts, {**types, "i": "int64", "j": "int64", label: "str", "bases": "str"})


def _search(
    groups: Sequence[Sequence[Chain]], find: Finder, label: str
) -> Iterator[tuple[list[Chain], np.ndarray, np.ndarray, dict[str, np.ndarray]]]:
    """Run a finder over groups of chains; each group is one structure.

    Yields the chains of a batch, which of them each residue i and j belongs to, and the columns
    i, j (counted within their chains), label and bases.
    """
    for batch in _batches(groups):
        members = [chain for group in batch for chain in group]
        sizes = np.array([len(chain) for chain in members])
        owner = np.repeat(np.arange(len(members)), sizes)
        group = np.repeat(np.arange(len(batch)), [len(group) for group in batch])
        i, j, labels = find(*join_chains(members), group[owner])
        position = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        letters = np.array(list("".join(chain.sequence for chain in members)), dtype="<U1")
        bases = np.char.add(letters[i], letters[j])
        columns = {"i": position[i], "j": position[j], label: labels, "bases": bases}
        yield members, owner[i], owner[j], columns


def _batches(groups: Sequence[Sequence[Chain]]) -> Iterator[list[Sequence[Chain]]]:
    """Cut a list of groups into runs of at most ``BATCH`` residues, or of one group."""
    run: list[Sequence[Chain]] = []
    total = 0
    for group in groups:
        size = sum(len(chain) for chain in group)
        if run and total + size > BATCH:
            yield run
            run, total = [], 0
        run.append(group)
        total += size
    if run:
        yield run


def _pick(values: list, index: np.ndarray) -> np.ndarray:
    """Give the value of each row."""
    return np.array(values)[index]


def _table(parts: list[dict[str, np.ndarray]], types: dict[str, str]) -> pd.DataFrame:
    """Join the parts of a table; an empty one has the same columns and types."""
    if not parts:
        return pd.DataFrame(columns=list(types)).astype(types)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in types}
    return pd.DataFrame(columns).astype(types)
