"""How near the test chains are to training: the nearest sequences and the nearest folds.

All of it is reported, leak or not. A leak is a test chain and a training chain of at least
``SHORTEST`` observed residues with a TM-score, divided by the longer one, at or above a threshold;
why shorter ones do not count is said in :mod:`~rna_predict.families.neighbours`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from rna_predict.families.audit import LEAK_COLUMNS, read_sides
from rna_predict.families.neighbours import SHORTEST, describe, representatives
from rna_predict.families.similarity import align, shared_words
from rna_predict.structure.chain import Chain

ALIGNED: Final = 10
"""Training sequences that a test sequence is aligned with, those with the most words in common."""
WORDS: Final = (4, 8)
"""Lengths of the words."""
CONTAINED: Final = 8
"""Length of the words that tell whether a test chain is a part of a training chain."""
DIGITS: Final = 4
FOLD_COLUMNS: Final = ("test_chain", "train_chain", "tm", "test_residues", "train_residues")
NEAREST_COLUMNS: Final = (
    "chain_id", "nearest", "identity", "coverage", "container", "contained",
)  # fmt: skip


def compare_folds(
    chains: Sequence[Chain],
    splits: pd.DataFrame,
    clusters: pd.DataFrame,
    *,
    count: int,
    ratio: float,
) -> pd.DataFrame:
    """Compare test chains with the training chains nearest to them in structure.

    Parameters
    ----------
    chains : sequence of Chain
    splits : DataFrame
        Columns chain_id, component, split.
    clusters : DataFrame
        Columns chain_id, cluster; on each side a cluster is looked at through its most complete
        chain.
    count : int
        Training chains that each test chain is compared with; 0 for none.
    ratio : float
        Least length of the shorter over the longer chain; no TM-score exceeds it.

    Returns
    -------
    DataFrame
        Columns test_chain, train_chain, tm (divided by the longer chain), test_residues and
        train_residues (observed); one row a pair.

    Raises
    ------
    InputError
        If the splits do not fit the chains.
    """
    sides = read_sides(chains, splits)
    shown = {
        side: describe(
            representatives([chain for chain, at in sides.values() if at == side], clusters)
        )
        for side in ("test", "train")
    }
    both = shown["test"].join(shown["train"])
    training = np.arange(len(both)) >= len(shown["test"])
    rows = []
    for row in range(len(shown["test"])):
        for other in both.nearest(row, training, count, ratio).tolist():
            names = both.names[row], both.names[other]
            lengths = both.lengths[row], both.lengths[other]
            rows.append((*names, both.similarity(row, other), *lengths))
    table = pd.DataFrame(rows, columns=list(FOLD_COLUMNS))
    return table.astype(
        {"test_chain": "str", "train_chain": "str", "tm": "float64"}
        | dict.fromkeys(FOLD_COLUMNS[3:], "int64")
    )


def fold_leaks(folds: pd.DataFrame, tm: float) -> pd.DataFrame:
    """List the pairs of a test and a training chain that fold alike.

    Parameters
    ----------
    folds : DataFrame
        Of :func:`compare_folds`.
    tm : float
        A TM-score at or above it is a leak.

    Returns
    -------
    DataFrame
        As :func:`~rna_predict.families.audit.audit_splits`, of kind ``structure``.
    """
    long = folds[["test_residues", "train_residues"]].min(axis=1) >= SHORTEST
    rows = [
        (
            "structure", row.train_chain, row.test_chain, f"{row.tm:.3f}",
            f"TM-score divided by the longer chain; {row.train_residues} residues of train, "
            f"{row.test_residues} of test",
        )
        for row in folds[long & (folds["tm"] >= tm)].itertuples()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(LEAK_COLUMNS)).astype("str")


def nearest_sequences(chains: Sequence[Chain], splits: pd.DataFrame) -> pd.DataFrame:
    """Give for each test chain the training sequences that come nearest to it.

    Parameters
    ----------
    chains, splits
        As in :func:`compare_folds`.

    Returns
    -------
    DataFrame
        One row a test chain: chain_id; nearest (the training chain with the greatest product of
        identity and coverage among the ten with the most words in common), identity, coverage (of
        the longer chain); container and contained (the training chain with the most of its
        8-mers, and their share: a test chain may be part of a longer one). "" and NaN where there
        is none.
    """
    sides = read_sides(chains, splits)
    test, train = (
        {name: chain.sequence for name, (chain, at) in sides.items() if at == side}
        for side in ("test", "train")
    )
    heads = {sequence: name for name, sequence in reversed(train.items())}
    found = _nearest(sorted(set(test.values())), list(heads))
    rows = []
    for name, sequence in test.items():
        near, identity, coverage, container, contained = found[sequence]
        container = heads.get(container, "")
        rows.append((name, heads.get(near, ""), identity, coverage, container, contained))
    table = pd.DataFrame(rows, columns=list(NEAREST_COLUMNS))
    numbers = ("identity", "coverage", "contained")
    kinds = {name: "float64" if name in numbers else "str" for name in table.columns}
    return table.astype(kinds).round(DIGITS)


def nearest_folds(
    splits: pd.DataFrame, clusters: pd.DataFrame, folds: pd.DataFrame
) -> pd.DataFrame:
    """Give for each test chain the training chain that folds most like it.

    Parameters
    ----------
    splits, clusters
        As in :func:`compare_folds`.
    folds : DataFrame
        Of :func:`compare_folds`. A chain that was not compared itself has the row of the one
        that stood for its cluster.

    Returns
    -------
    DataFrame
        One row a test chain: chain_id, nearest_fold, tm (divided by the longer chain), residues
        (observed, of the chain compared). "" and NaN where nothing was compared.
    """
    best = folds.sort_values("tm", ascending=False, kind="stable").drop_duplicates("test_chain")
    best = best.merge(clusters, left_on="test_chain", right_on="chain_id")
    best = best[["cluster", "train_chain", "tm", "test_residues"]]
    best = best.set_axis(["cluster", "nearest_fold", "tm", "residues"], axis=1)
    test = splits.loc[splits["split"] == "test", ["chain_id"]]
    table = test.merge(clusters, on="chain_id", how="left").merge(best, on="cluster", how="left")
    return table.drop(columns="cluster").fillna({"nearest_fold": ""}).round(DIGITS)


def _nearest(
    test: Sequence[str], train: Sequence[str]
) -> Mapping[str, tuple[str, float, float, str, float]]:
    """Give nearest sequence, identity, coverage, container and contained share of each sequence."""
    if not test or not train:
        return dict.fromkeys(test, ("", np.nan, np.nan, "", np.nan))
    lengths = np.array([len(text) for text in train])
    shared = {k: shared_words(test, train, k) for k in WORDS}
    found = {}
    for row, text in enumerate(test):
        score = sum(shared[k][row] for k in WORDS) / np.maximum(lengths, len(text))
        near, identity, coverage = "", 0.0, 0.0
        for other in np.argsort(-score, kind="stable")[:ALIGNED].tolist():
            same, covered = align(text, train[other])
            if not near or same * covered > identity * coverage:
                near, identity, coverage = train[other], same, covered
        words = shared[CONTAINED][row]
        total = len(text) - CONTAINED + 1
        most = int(words.argmax())
        share = float(words[most]) / total if total > 0 else 0.0
        container = (train[most], share) if share else ("", 0.0)
        found[text] = (near, identity, coverage, *container)
    return found
