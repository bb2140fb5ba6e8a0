"""Clusters of chains with similar sequences."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from rna_predict.families.cluster_programs import PROGRAMS
from rna_predict.families.components import Label, Labels
from rna_predict.families.similarity import align, candidates, similar_pairs
from rna_predict.structure.chain import Chain

BUILTIN = "builtin"
"""Name of the clustering of this package, beside those of ``PROGRAMS``."""


def cluster_sequences(
    chains: Sequence[Chain], identity: float, coverage: float, program: str = BUILTIN
) -> pd.DataFrame:
    """Join chains whose sequences are similar.

    By default by single linkage, directly or through others, and not by a greedy choice of
    representatives, so that no two chains of different clusters are similar. The programs are
    greedy and miss pairs, but do for sets that are too large for that.

    Parameters
    ----------
    chains : sequence of Chain
        Equal sequences are joined first; of several models of a chain the first counts.
    identity : float
        Least fraction of identical columns of the alignment.
    coverage : float
        Least fraction of the longer chain that is aligned.
    program : str
        ``builtin``, or a key of :data:`~rna_predict.families.cluster_programs.PROGRAMS`.

    Returns
    -------
    DataFrame
        Columns chain_id and cluster (the id of its longest chain, the first in the alphabet among
        equals), one row a chain in the order given.

    Raises
    ------
    InputError
        If a threshold is out of range, or the program is missing or fails.
    """
    sequences = {chain.name: chain.sequence for chain in reversed(chains)}
    names = list(dict.fromkeys(chain.name for chain in chains))
    unique = list(dict.fromkeys(sequences[name] for name in names))
    method = _single_linkage if program == BUILTIN else PROGRAMS[program]
    number = dict(zip(unique, method(unique, identity, coverage), strict=True))
    heads: dict[int, str] = {}
    for name in sorted(names, key=lambda name: (-len(sequences[name]), name)):
        heads.setdefault(number[sequences[name]], name)
    clusters = [heads[number[sequences[name]]] for name in names]
    return pd.DataFrame({"chain_id": names, "cluster": clusters}).astype("str")


def similarity_labels(
    labels: Mapping[str, Collection[Label]],
    chains: Mapping[str, Chain],
    pinned: Mapping[str, str],
    identity: float,
    coverage: float,
) -> Labels:
    """Take clusters apart into similar pairs where they hold old chains of different sides.

    A newcomer that is similar to two old clusters makes one of them. Who ties them is seen only
    in the pairs.

    Parameters
    ----------
    labels : mapping
        Labels of all chains, ``("cluster", ...)`` among them.
    chains : mapping of str to Chain
    pinned : mapping of str to str
        Old chains and their sides.
    identity, coverage : float
        What similar means.

    Returns
    -------
    dict
        New labels of the chains of such clusters.
    """
    members: dict[Label, list[str]] = defaultdict(list)
    for name in sorted(labels):
        for label in labels[name]:
            if label[0] == "cluster":
                members[label].append(name)
    changed: Labels = {}
    for label, names in members.items():
        if len({pinned[name] for name in names if name in pinned}) < 2:
            continue
        holders: dict[str, list[str]] = defaultdict(list)
        for name in names:
            holders[chains[name].sequence].append(name)
            changed[name] = [other for other in labels[name] if other != label]
        unique = list(holders)
        pairs = {(k, k) for k in range(len(unique))}
        pairs |= {(p.first, p.second) for p in similar_pairs(unique, None, identity, coverage)}
        for pair in sorted(pairs):
            for k in set(pair):
                for name in holders[unique[k]]:
                    ends = sorted({holders[unique[k]][0] for k in pair})
                    changed[name].append(("similar", *ends))
    return changed


def recluster(
    clusters: pd.DataFrame,
    chains: Mapping[str, Chain],
    without: Collection[str],
    identity: float,
    coverage: float,
) -> pd.DataFrame:
    """Give the clusters that are left when some chains are taken away.

    Parameters
    ----------
    clusters : DataFrame
        Columns chain_id, cluster.
    chains : mapping of str to Chain
        All chains of the table.
    without : collection of str
        Chains to take away. Only their clusters change: the chains left in them are joined again
        by similar pairs.
    identity, coverage : float
        What similar means.

    Returns
    -------
    DataFrame
        The same columns.
    """
    touched = set(clusters.loc[clusters["chain_id"].isin(list(without)), "cluster"])
    left = clusters[~clusters["chain_id"].isin(list(without))]
    inside = left["cluster"].isin(touched)
    parts = [left[~inside]]
    for _, group in left[inside].groupby("cluster", sort=True):
        members = [chains[name] for name in group["chain_id"]]
        parts.append(cluster_sequences(members, identity, coverage))
    return pd.concat(parts, ignore_index=True)


def _single_linkage(sequences: Sequence[str], identity: float, coverage: float) -> list[int]:
    """Join different sequences; give the number of each one's cluster."""
    parent = list(range(len(sequences)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for i, j in candidates(sequences, None, identity, coverage):
        if root(i) != root(j):
            same, covered = align(sequences[i], sequences[j])
            if same >= identity and covered >= coverage:
                parent[root(i)] = root(j)
    return [root(node) for node in range(len(sequences))]
