"""Clusters of chains with similar sequences."""

from collections.abc import Sequence

import pandas as pd

from rna_predict.families.similarity import align, candidates
from rna_predict.structure.chain import Chain


def cluster_sequences(chains: Sequence[Chain], identity: float, coverage: float) -> pd.DataFrame:
    """Join chains whose sequences are similar, directly or through others (single linkage).

    Single linkage, and not a greedy choice of representatives, so that no two chains of different
    clusters are similar.

    Parameters
    ----------
    chains : sequence of Chain
        Equal sequences are joined first; of several models of a chain the first counts.
    identity : float
        Least fraction of identical columns of the alignment.
    coverage : float
        Least fraction of the longer chain that is aligned.

    Returns
    -------
    DataFrame
        Columns chain_id and cluster (the id of its longest chain, the first in the alphabet among
        equals), one row a chain in the order given.

    Raises
    ------
    InputError
        If a threshold is out of range.
    """
    sequences = {chain.name: chain.sequence for chain in reversed(chains)}
    names = list(dict.fromkeys(chain.name for chain in chains))
    unique = list(dict.fromkeys(sequences[name] for name in names))
    parent = list(range(len(unique)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for i, j in candidates(unique, None, identity, coverage):
        if root(i) != root(j):
            same, covered = align(unique[i], unique[j])
            if same >= identity and covered >= coverage:
                parent[root(i)] = root(j)
    number = {sequence: root(node) for node, sequence in enumerate(unique)}
    heads: dict[int, str] = {}
    for name in sorted(names, key=lambda name: (-len(sequences[name]), name)):
        heads.setdefault(number[sequences[name]], name)
    clusters = [heads[number[sequences[name]]] for name in names]
    return pd.DataFrame({"chain_id": names, "cluster": clusters}).astype("str")
