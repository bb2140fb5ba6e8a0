"""What chains have in common, and the connected components that follow from it.

Everything that ties chains is a label that they share: an entry, a cluster, a family, a pair of
structural neighbours. Chains with a label in common belong together, directly or through others.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from rna_predict.errors import InputError
from rna_predict.structure.chain import Chain

Label = tuple[str, ...]
"""What chains share: a kind (``entry``, ``cluster``, ``family``, ...) and its value."""
Labels = dict[str, list[Label]]
"""The labels of each chain."""


def find_components(
    chains: Sequence[Chain],
    families: pd.DataFrame,
    clusters: pd.DataFrame,
    max_evalue: float,
    neighbours: pd.DataFrame | None = None,
) -> dict[str, str]:
    """Join chains that share a label, directly or through others.

    Parameters
    ----------
    chains, clusters, neighbours
        As in :func:`label_chains`.
    families : DataFrame
        Columns chain_id, family, evalue; rows of other chains are not looked at.
    max_evalue : float
        Family hits up to this E-value join.

    Returns
    -------
    dict
        Chain to its component, named after its first chain in the alphabet.

    Raises
    ------
    InputError
        If a chain has no cluster, or a table lacks a column.
    """
    hits = label_families(families, max_evalue)
    labels = label_chains(chains, clusters, neighbours)
    return connect({name: [*known, *hits.get(name, ())] for name, known in labels.items()})


def label_chains(
    chains: Sequence[Chain], clusters: pd.DataFrame, neighbours: pd.DataFrame | None = None
) -> Labels:
    """Label chains with their entry, their cluster and their structural neighbours.

    Chains of one entry belong together: strands of a duplex, copies of a molecule, partners of a
    complex show the same structure or each other.

    Parameters
    ----------
    chains : sequence of Chain
        Of several models of a chain the first counts.
    clusters : DataFrame
        Columns chain_id, cluster; a row for each chain.
    neighbours : DataFrame, optional
        Columns chain_id, neighbour: pairs of chains that fold alike.

    Returns
    -------
    dict
        In the order of the chains.

    Raises
    ------
    InputError
        If a chain has no cluster, or a table lacks a column.
    """
    require_columns(clusters, "clusters", ("chain_id", "cluster"))
    cluster = dict(zip(clusters["chain_id"], clusters["cluster"], strict=True))
    if missing := [chain.name for chain in chains if chain.name not in cluster]:
        raise InputError("clusters", f"no row for chain {missing[0]} ({len(missing)} chains)")
    labels: Labels = {}
    for chain in chains:
        labels.setdefault(chain.name, [("entry", chain.entry), ("cluster", cluster[chain.name])])
    if neighbours is not None:
        require_columns(neighbours, "neighbours", ("chain_id", "neighbour"))
        for pair in zip(neighbours["chain_id"], neighbours["neighbour"], strict=True):
            if all(name in labels for name in pair):
                for name in pair:
                    labels[name].append(("structure", *sorted(pair)))
    return labels


def label_families(families: pd.DataFrame, max_evalue: float, kind: str = "family") -> Labels:
    """Label chains with the families that they hit.

    Parameters
    ----------
    families : DataFrame
        Columns chain_id, family, evalue; where there is a column label, members by their score
        count in any case.
    max_evalue : float
        Other hits above it are no label.
    kind : str
        First part of the labels.

    Returns
    -------
    dict
        Chains without a hit are absent.

    Raises
    ------
    InputError
        If the table lacks a column.
    """
    require_columns(families, "families", ("chain_id", "family", "evalue"))
    counts = families["evalue"] <= max_evalue
    if "label" in families.columns:
        counts |= families["label"].astype("str") == "True"
    hits = families[counts].drop_duplicates(["chain_id", "family"])
    labels: Labels = defaultdict(list)
    for name, family in zip(hits["chain_id"], hits["family"], strict=True):
        labels[name].append((kind, family))
    return dict(labels)


def connect(labels: Mapping[str, Collection[Label]]) -> dict[str, str]:
    """Find the connected components of chains that share labels.

    Returns
    -------
    dict
        Chain to its component, named after its first chain in the alphabet; in the order given.
    """
    if not labels:
        return {}
    names = list(labels)
    number: dict[Label, int] = {}
    rows, columns = [], []
    for row, name in enumerate(names):
        for label in labels[name]:
            rows.append(row)
            columns.append(len(names) + number.setdefault(label, len(number)))
    size = len(names) + len(number)
    graph = csr_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(size, size))
    _, component = connected_components(graph, directed=False)
    of = dict(zip(names, component.tolist(), strict=False))
    heads: dict[int, str] = {}
    for name in sorted(names):
        heads.setdefault(of[name], name)
    return {name: heads[of[name]] for name in names}


def reach(labels: Mapping[str, Collection[Label]], starts: Collection[str]) -> set[str]:
    """Give the chains that are connected with any of some chains, these included."""
    component = connect(labels)
    wanted = {component[name] for name in starts}
    return {name for name, head in component.items() if head in wanted}


def require_columns(table: pd.DataFrame, where: str, columns: Sequence[str]) -> None:
    """Refuse a table that lacks a column.

    Raises
    ------
    InputError
        Naming the columns that are missing and those that are there.
    """
    if missing := [name for name in columns if name not in table.columns]:
        what = f"no column {', '.join(missing)}; columns: {', '.join(map(str, table.columns))}"
        raise InputError(where, what)
