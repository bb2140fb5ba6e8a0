"""Numbers of a split: what each side holds, and what it costs to hold chains out."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from rna_predict.families.audit import audit_splits
from rna_predict.families.components import Label, label_families
from rna_predict.families.nearest import nearest_sequences
from rna_predict.families.stability import QUARANTINE, SPLITS
from rna_predict.structure.chain import Chain

SUMMARY_COLUMNS: Final = (
    "side", "chains", "residues", "share", "wanted", "families", "clusters", "components",
)  # fmt: skip
CLOSE: Final = 0.9
"""Identity and coverage of a training chain that make a test chain an easy one."""


def summarise_split(
    chains: Sequence[Chain],
    splits: pd.DataFrame,
    families: pd.DataFrame,
    clusters: pd.DataFrame,
    *,
    fractions: tuple[float, float, float],
    family_evalue: float,
    forced: Mapping[str, Collection[str]] | None = None,
) -> pd.DataFrame:
    """Count what each side holds.

    Parameters
    ----------
    chains : sequence of Chain
    splits : DataFrame
        Columns chain_id, component, split.
    families, clusters : DataFrame
        Columns chain_id, family, evalue; chain_id, cluster.
    fractions : (float, float, float)
        Wanted shares of residues.
    family_evalue : float
        Hits up to it are family labels.
    forced : mapping of str to collection of str, optional
        More sets of chains to count, by the name of their row.

    Returns
    -------
    DataFrame
        Rows train, validation, test, quarantine, then those of ``forced``; columns side, chains,
        residues, share and wanted (of the residues outside quarantine; NaN where nothing was
        wanted), families, clusters, components.
    """
    lengths = {chain.name: len(chain) for chain in reversed(chains)}
    labels = label_families(families, family_evalue)
    cluster = dict(zip(clusters["chain_id"], clusters["cluster"], strict=True))
    component = dict(zip(splits["chain_id"], splits["component"], strict=True))
    side_of = dict(zip(splits["chain_id"], splits["split"], strict=True))
    whole = sum(lengths[name] for name, side in side_of.items() if side != QUARANTINE)
    sets = {side: [name for name in side_of if side_of[name] == side] for side in SPLITS}
    sets[QUARANTINE] = [name for name in side_of if side_of[name] == QUARANTINE]
    wanted = dict(zip(SPLITS, fractions, strict=True))
    rows = []
    for name, members in {**sets, **(forced or {})}.items():
        residues = sum(lengths[member] for member in members)
        found: set[Label] = {label for member in members for label in labels.get(member, ())}
        rows.append(
            (
                name, len(members), residues, residues / max(whole, 1), wanted.get(name, np.nan),
                len(found), len({cluster[member] for member in members}),
                len({component[member] for member in members}),
            )
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))


def compare_with_random(
    chains: Sequence[Chain],
    splits: pd.DataFrame,
    families: pd.DataFrame,
    clusters: pd.DataFrame,
    *,
    fractions: tuple[float, float, float],
    family_evalue: float,
    identity: float,
    coverage: float,
    seed: int,
) -> pd.DataFrame:
    """Set a split beside a random one: what dealing single chains would have leaked.

    Parameters
    ----------
    chains, splits, families, clusters, fractions, family_evalue
        As in :func:`summarise_split`.
    identity, coverage : float
        What similar means to the audit.
    seed : int
        Deals the chains of the random split: as many to each side, without regard to relatives.

    Returns
    -------
    DataFrame
        Columns what, components, random, all text: counts of each side; rows of the audit of
        each kind and all together; the share of test chains that have such a relative, and of
        those with an identity and coverage of 0.9 to a training chain.
    """
    dealt = splits[splits["split"] != QUARANTINE]
    order = np.random.default_rng(seed).permutation(len(dealt))
    by_chance = dealt.assign(split=dealt["split"].to_numpy()[order])
    columns: dict[str, dict[str, str]] = {}
    for name, table in {"components": dealt, "random": by_chance}.items():
        cells = columns.setdefault(name, {})
        counts = summarise_split(
            chains, table, families, clusters, fractions=fractions, family_evalue=family_evalue
        )
        for row in counts[counts["side"].isin(SPLITS)].itertuples():
            for what in ("chains", "residues", "families", "clusters", "components"):
                cells[f"{row.side}: {what}"] = str(getattr(row, what))
        leaks = audit_splits(
            chains, table, families, clusters, family_evalue=family_evalue, identity=identity,
            coverage=coverage,
        )  # fmt: skip
        for kind in ("entry", "component", "cluster", "family", "sequence", "identity"):
            cells[f"leaks: {kind}"] = str(int((leaks["kind"] == kind).sum()))
        cells["leaks: all"] = str(len(leaks))
        nearest = nearest_sequences(chains, table)
        test = set(table.loc[table["split"] == "test", "chain_id"])
        count = max(len(test), 1)
        related = test & set(leaks["test_chain"])
        close = (nearest["identity"] >= CLOSE) & (nearest["coverage"] >= CLOSE)
        cells["test chains with a leak"] = f"{len(related) / count:.3f}"
        cells["test chains 0.9 like training"] = f"{close.sum() / count:.3f}"
        cells["median identity to training"] = f"{nearest['identity'].median():.3f}"
    table = pd.DataFrame(columns)
    return table.rename_axis("what").reset_index().astype("str")
