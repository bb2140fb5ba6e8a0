"""Look for anything that training and evaluation share.

The audit trusts nothing that the split was made from: it looks at the chains again, sequence by
sequence, besides the families, clusters and components of the tables. Chains in quarantine are in
no side. What the sides share in structure is looked for in
:mod:`~rna_predict.families.nearest`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final

import pandas as pd

from rna_predict.errors import InputError
from rna_predict.families.clusters import recluster
from rna_predict.families.components import label_families, require_columns
from rna_predict.families.similarity import similar_pairs
from rna_predict.families.splits import too_new
from rna_predict.families.stability import QUARANTINE, SPLITS
from rna_predict.structure.chain import Chain

LEAK_COLUMNS: Final = ("kind", "train_chain", "test_chain", "value", "detail")
Row = tuple[str, str, str, str, str]


def audit_splits(
    chains: Sequence[Chain],
    splits: pd.DataFrame,
    families: pd.DataFrame,
    clusters: pd.DataFrame,
    *,
    targets: Mapping[str, str] | None = None,
    target_families: pd.DataFrame | None = None,
    cutoff: str = "",
    family_evalue: float = 1e-3,
    identity: float = 0.9,
    coverage: float = 0.8,
) -> pd.DataFrame:
    """List what the sides of a split have in common.

    Parameters
    ----------
    chains : sequence of Chain
        Of several models of a chain the first counts.
    splits : DataFrame
        Columns chain_id, component, split. Chains that are not in it, or in quarantine, are in no
        side.
    families : DataFrame
        As :func:`~rna_predict.families.components.label_families` reads them.
    clusters : DataFrame
        Columns chain_id, cluster. Chains that only one in quarantine holds together do not count
        as one cluster.
    targets : mapping of str to str, optional
        Sequences that will be predicted, by name: they count as test.
    target_families : DataFrame, optional
        Families of the targets, as ``families``.
    cutoff : str
        ISO date; chains of train and validation must have been released before it, and a chain
        without a date was not. "" for no cut-off.
    family_evalue : float
        Family hits up to this E-value count.
    identity, coverage : float
        Sequences at least so similar count, as in
        :func:`~rna_predict.families.similarity.similar_pairs`.

    Returns
    -------
    DataFrame
        One row a leak, text columns: kind (entry, component, cluster, family, sequence, identity,
        target, target family, date), train_chain (of the side nearer to training), test_chain (of
        the other; the name of a target; "" for a date), value (what is shared), detail. No rows:
        no leak.

    Raises
    ------
    InputError
        If a table lacks a column, the split names a chain twice, a chain that does not exist, or
        an unknown side.
    """
    sides = read_sides(chains, splits)
    require_columns(clusters, "clusters", ("chain_id", "cluster"))
    left_out = splits.loc[splits["split"] == QUARANTINE, "chain_id"]
    first = {chain.name: chain for chain in reversed(chains)}
    clusters = recluster(clusters, first, set(left_out), identity, coverage)
    hits = _family_table(families, family_evalue)
    entries = pd.DataFrame(
        {"chain_id": list(sides), "entry": [chain.entry for chain, _ in sides.values()]}
    )
    sequences = pd.DataFrame(
        {"chain_id": list(sides), "sequence": [chain.sequence for chain, _ in sides.values()]}
    )
    rows: list[Row] = []
    for kind, table in (
        ("entry", entries),
        ("component", splits),
        ("cluster", clusters),
        ("family", hits),
        ("sequence", sequences),
    ):
        rows += _shared(kind, table, sides)
    rows += _similar(sides, identity, coverage)
    rows += _like_targets(sides, targets or {}, identity, coverage)
    if target_families is not None:
        rows += _target_families(sides, hits, _family_table(target_families, family_evalue))
    rows += _too_new(sides, cutoff)
    return pd.DataFrame(rows, columns=list(LEAK_COLUMNS)).astype("str")


def read_sides(chains: Sequence[Chain], splits: pd.DataFrame) -> dict[str, tuple[Chain, str]]:
    """Give each chain that is in a side, with its side, after checking the table.

    Raises
    ------
    InputError
        As :func:`audit_splits`.
    """
    require_columns(splits, "splits", ("chain_id", "component", "split"))
    first = {chain.name: chain for chain in reversed(chains)}
    if stray := sorted(set(splits["split"]) - {*SPLITS, QUARANTINE}):
        what = f"sides are {', '.join(SPLITS)} and {QUARANTINE}, got {stray[0]!r}"
        raise InputError("splits", what)
    if (twice := splits["chain_id"].duplicated()).any():
        raise InputError("splits", f"a second row of chain {splits['chain_id'][twice].iloc[0]}")
    if strange := sorted(set(splits["chain_id"]) - set(first)):
        raise InputError("splits", f"chain {strange[0]} is not among the chains")
    pairs = zip(splits["chain_id"], splits["split"], strict=True)
    return {name: (first[name], side) for name, side in pairs if side in SPLITS}


def _family_table(families: pd.DataFrame, max_evalue: float) -> pd.DataFrame:
    """List the families that chains or targets are labelled with."""
    labels = label_families(families, max_evalue)
    rows = [(name, label[1]) for name, found in labels.items() for label in found]
    return pd.DataFrame(rows, columns=["chain_id", "family"]).astype("str")


def _shared(
    kind: str, table: pd.DataFrame, sides: Mapping[str, tuple[Chain, str]]
) -> Iterator[Row]:
    """List the chains that share a label with a chain of another side, one row a chain."""
    members: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, label in zip(table["chain_id"], table[kind], strict=True):
        if name in sides and name not in members[label][sides[name][1]]:
            members[label][sides[name][1]].append(name)
    for label in sorted(members):
        for near, far in combinations(SPLITS, 2):
            others = members[label][near]
            for name in members[label][far] if others else ():
                detail = f"{kind} in {near} and {far}; {len(others)} chains of {near}"
                value = f"{len(label)} nt" if kind == "sequence" else label
                yield (kind, others[0], name, value, detail)


def _similar(
    sides: Mapping[str, tuple[Chain, str]], identity: float, coverage: float
) -> Iterator[Row]:
    """List the similar, not equal, sequences of different sides, one row a pair of sequences."""
    texts = {side: _by_sequence(sides, lambda at, side=side: at == side) for side in SPLITS}
    for near, far in combinations(SPLITS, 2):
        first, second = list(texts[near]), list(texts[far])
        for pair in similar_pairs(first, second, identity, coverage):
            one, other = first[pair.first], second[pair.second]
            if one != other:
                detail = f"sequence in {near} and {far}; coverage {pair.coverage:.3f}"
                value = f"{pair.identity:.3f}"
                yield ("identity", texts[near][one], texts[far][other], value, detail)


def _like_targets(
    sides: Mapping[str, tuple[Chain, str]],
    targets: Mapping[str, str],
    identity: float,
    coverage: float,
) -> Iterator[Row]:
    """List the chains of train and validation that are equal or similar to a target."""
    seen = _by_sequence(sides, lambda side: side != "test")
    names, texts = list(targets), list(targets.values())
    chains = list(seen)
    pairs = {
        (pair.first, pair.second): pair.identity
        for pair in similar_pairs(texts, chains, identity, coverage)
    }
    for row, text in enumerate(texts):
        if text in seen:
            pairs[row, chains.index(text)] = 1.0
    for row, column in sorted(pairs):
        chain = seen[chains[column]]
        detail = f"target like a chain of {sides[chain][1]}"
        yield ("target", chain, names[row], f"{pairs[row, column]:.3f}", detail)


def _target_families(
    sides: Mapping[str, tuple[Chain, str]], hits: pd.DataFrame, target_hits: pd.DataFrame
) -> Iterator[Row]:
    """List the chains of train and validation that are of a family of a target."""
    targets = dict(zip(target_hits["family"][::-1], target_hits["chain_id"][::-1], strict=True))
    for name, family in zip(hits["chain_id"], hits["family"], strict=True):
        if name in sides and sides[name][1] != "test" and family in targets:
            detail = f"family of a target and of a chain of {sides[name][1]}"
            yield ("target family", name, targets[family], family, detail)


def _too_new(sides: Mapping[str, tuple[Chain, str]], cutoff: str) -> Iterator[Row]:
    """List the chains of train and validation that were not released before the cut-off."""
    for name, (chain, side) in sides.items():
        if cutoff and side != "test" and too_new(chain, cutoff):
            when = chain.release_date or "undated"
            yield ("date", name, "", when, f"{side} must be released before {cutoff}")


def _by_sequence(
    sides: Mapping[str, tuple[Chain, str]], wanted: Callable[[str], bool]
) -> dict[str, str]:
    """Map each different sequence of the wanted sides to the first chain that has it."""
    names: dict[str, str] = {}
    for name, (chain, side) in sides.items():
        if wanted(side):
            names.setdefault(chain.sequence, name)
    return names
