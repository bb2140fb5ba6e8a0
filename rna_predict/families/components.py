"""Connected components of chains that share a family, a cluster or an entry."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from rna_predict.errors import InputError
from rna_predict.structure.chain import Chain


def find_components(
    chains: Sequence[Chain], families: pd.DataFrame, clusters: pd.DataFrame, max_evalue: float
) -> dict[str, str]:
    """Join chains that share a family, a cluster or an entry, directly or through others.

    Chains of one entry belong together: strands of a duplex, copies of a molecule, partners of a
    complex show the same structure or each other.

    Parameters
    ----------
    chains : sequence of Chain
        Of several models of a chain the first counts.
    families : DataFrame
        Columns chain_id, family, evalue; rows of other chains are not looked at.
    clusters : DataFrame
        Columns chain_id, cluster; a row for each chain.
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
    require_columns(families, "families", ("chain_id", "family", "evalue"))
    require_columns(clusters, "clusters", ("chain_id", "cluster"))
    entries = {chain.name: chain.entry for chain in chains}
    names = list(entries)
    cluster = dict(zip(clusters["chain_id"], clusters["cluster"], strict=True))
    if missing := [name for name in names if name not in cluster]:
        raise InputError("clusters", f"no row for chain {missing[0]} ({len(missing)} chains)")
    hits = families[(families["evalue"] <= max_evalue) & families["chain_id"].isin(names)]
    groups = [(name, ("entry", entries[name])) for name in names]
    groups += [(name, ("cluster", cluster[name])) for name in names]
    groups += [
        (name, ("family", family))
        for name, family in zip(hits["chain_id"], hits["family"], strict=True)
    ]
    if not names:
        return {}
    number = {name: row for row, name in enumerate(names)}
    labels = {label: row for row, label in enumerate(dict.fromkeys(label for _, label in groups))}
    rows = np.array([number[name] for name, _ in groups])
    columns = np.array([labels[label] for _, label in groups]) + len(names)
    size = len(names) + len(labels)
    graph = csr_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(size, size))
    _, component = connected_components(graph, directed=False)
    heads: dict[int, str] = {}
    for name in sorted(names):
        heads.setdefault(int(component[number[name]]), name)
    return {name: heads[int(component[number[name]])] for name in names}


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
