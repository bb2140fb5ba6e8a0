"""Train, validation and test: whole components of related chains go to one side."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from rna_predict.errors import InputError
from rna_predict.families.clusters import similarity_labels
from rna_predict.families.components import (
    Labels,
    connect,
    label_chains,
    label_families,
    reach,
    require_columns,
)
from rna_predict.families.holdouts import find_holdouts
from rna_predict.families.solver import deal
from rna_predict.families.stability import QUARANTINE, SPLITS, spread_sides
from rna_predict.structure.chain import Chain

HOLDOUT: Final = "holdout"
"""Reason of the chains that were named, and of their relatives."""
CUTOFF: Final = "cutoff"
"""Reason of the chains that are too new, or undated, and of their relatives."""


def split_chains(
    chains: Sequence[Chain],
    families: pd.DataFrame,
    clusters: pd.DataFrame,
    *,
    fractions: tuple[float, float, float],
    holdouts: Sequence[str] = (),
    targets: Mapping[str, str] | None = None,
    target_families: pd.DataFrame | None = None,
    neighbours: pd.DataFrame | None = None,
    previous: pd.DataFrame | None = None,
    identity: float = 0.9,
    coverage: float = 0.8,
    family_evalue: float = 1e-3,
    component_evalue: float = 1.0,
    cutoff: str = "",
    seed: int = 0,
) -> pd.DataFrame:
    """Deal whole components to train, validation and test.

    Hold-outs go to test with their relatives at ``family_evalue``; weaker family hits do not drag
    more along. The components of the others, at ``component_evalue``, are dealt so that each side
    gets its share of residues, see :mod:`~rna_predict.families.solver`. Chains of an earlier split
    stay where they are, and newcomers join their relatives, see
    :mod:`~rna_predict.families.stability`.

    Parameters
    ----------
    chains : sequence of Chain
        Of several models of a chain the first counts.
    families, clusters, neighbours : DataFrame
        As :func:`~rna_predict.families.components.find_components` reads them.
    fractions : (float, float, float)
        Shares of residues of train, validation and test; not negative, adding up to 1.
    holdouts : sequence of str
        Ids of chains or entries; names that are neither are allowed, see
        :func:`~rna_predict.families.holdouts.unknown_holdouts`.
    targets : mapping of str to str, optional
        Sequences that will be predicted, by name: similar chains are hold-outs.
    target_families : DataFrame, optional
        Families of the targets, as ``families``: chains of the same family are hold-outs.
    previous : DataFrame, optional
        An earlier result; columns chain_id and split, and reason where there is one. Its chains
        of train, validation and test stay there; those in quarantine are newcomers again.
    identity, coverage : float
        What similar means, as in :func:`~rna_predict.families.similarity.similar_pairs`.
    family_evalue, component_evalue : float
        Family hits that count for hold-outs, and for the other components.
    cutoff : str
        ISO date: components with a chain released on or after it, or undated, go to test; ""
        for none. A newcomer that its relatives of an earlier split would draw to train or
        validation is quarantined instead.
    seed : int
        Draws the components of each side.

    Returns
    -------
    DataFrame
        Columns chain_id, component, split, reason (``holdout``, ``cutoff``, what a chain in
        ``quarantine`` would have bridged, or ""), one row a chain in the order given. With three
        components or more that are free to go, no side whose fraction is positive is empty.

    Raises
    ------
    InputError
        If the fractions do not add up, a table does not fit, a hold-out trains or validates in
        the earlier split, or nothing is left to train on.
    """
    if len(fractions) != 3 or min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-6:
        raise InputError("fractions", f"expected three shares that add up to 1, got {fractions}")
    first = {chain.name: chain for chain in reversed(chains)}
    first = {chain.name: first[chain.name] for chain in chains}
    pinned, reasons = _read_previous(previous, first)
    held = find_holdouts(
        first, families, holdouts, targets or {}, target_families, max_evalue=family_evalue,
        identity=identity, coverage=coverage,
    )  # fmt: skip
    if moved := sorted(name for name in held if pinned.get(name, "test") != "test"):
        what = f"{moved[0]} is held out, but in {pinned[moved[0]]} ({len(moved)} such chains)"
        raise InputError("previous splits", f"{what}; a chain of an earlier split cannot move")
    strong = _strong_labels(first, families, clusters, neighbours, family_evalue)
    if pinned:
        strong |= similarity_labels(strong, first, pinned, identity, coverage)
    held |= {name for name in pinned if reasons[name] == HOLDOUT}
    forced = reach({n: strong[n] for n in first if n not in pinned or n in held}, held)
    weak = label_families(families, component_evalue, kind="weak family")
    labels = {
        name: found if name in forced else [*found, *weak.get(name, ())]
        for name, found in strong.items()
    }
    given = dict.fromkeys(forced - pinned.keys(), "test")
    sides, quarantined = spread_sides(labels, pinned, given)
    for name in sides.keys() - pinned.keys():
        if cutoff and sides[name] != "test" and too_new(first[name], cutoff):
            when = first[name].release_date or "undated"
            quarantined[name] = f"{sides[name]} by its relatives; test by its date ({when})"
            del sides[name]
    free = connect({n: labels[n] for n in first if n not in sides and n not in quarantined})
    late = {free[name] for name in free if cutoff and too_new(first[name], cutoff)}
    groups: dict[str, int] = defaultdict(int)
    for name, group in free.items():
        if group in late:
            sides[name], reasons[name] = "test", CUTOFF
        else:
            groups[group] += len(first[name])
    filled = {side: sum(len(first[n]) for n in sides if sides[n] == side) for side in SPLITS}
    shares = dict(zip(SPLITS, fractions, strict=True))
    dealt = deal(groups, filled, shares, np.random.default_rng(seed))
    sides |= {name: dealt[group] for name, group in free.items() if group in dealt}
    if first and fractions[0] > 0 and "train" not in sides.values():
        raise InputError("splits", "hold-outs and cut-off leave nothing to train on")
    reasons |= dict.fromkeys(forced & sides.keys(), HOLDOUT) | quarantined
    # Old chains of two sides may share a label that was none when they were split.
    inside = {n: [(sides[n], *label) for label in labels[n]] for n in first if n in sides}
    component = connect(inside)
    return pd.DataFrame(
        {
            "chain_id": list(first),
            "component": [component.get(name, name) for name in first],
            "split": [sides.get(name, QUARANTINE) for name in first],
            "reason": [reasons.get(name, "") for name in first],
        }
    ).astype("str")


def too_new(chain: Chain, cutoff: str) -> bool:
    """Tell whether a chain was released on or after a date; one without a date counts as such."""
    return not chain.release_date or chain.release_date >= cutoff


def _strong_labels(
    chains: Mapping[str, Chain],
    families: pd.DataFrame,
    clusters: pd.DataFrame,
    neighbours: pd.DataFrame | None,
    max_evalue: float,
) -> Labels:
    """Give all labels of the chains but those of weak family hits."""
    labels = label_chains(list(chains.values()), clusters, neighbours)
    found = label_families(families, max_evalue)
    return {name: [*known, *found.get(name, ())] for name, known in labels.items()}


def _read_previous(
    previous: pd.DataFrame | None, chains: Mapping[str, Chain]
) -> tuple[dict[str, str], dict[str, str]]:
    """Give the side and the reason of each chain that is still there and has a side."""
    if previous is None:
        return {}, {}
    require_columns(previous, "previous splits", ("chain_id", "split"))
    if stray := sorted(set(previous["split"]) - {*SPLITS, QUARANTINE}):
        what = f"sides are {', '.join(SPLITS)} and {QUARANTINE}, got {stray[0]!r}"
        raise InputError("previous splits", what)
    kept = previous[previous["chain_id"].isin(list(chains)) & previous["split"].isin(SPLITS)]
    reasons = kept["reason"] if "reason" in kept.columns else [""] * len(kept)
    return (
        dict(zip(kept["chain_id"], kept["split"], strict=True)),
        dict(zip(kept["chain_id"], reasons, strict=True)),
    )
