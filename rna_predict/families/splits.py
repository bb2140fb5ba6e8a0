"""Train, validation and test: whole components of related chains go to one side."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from rna_predict.errors import InputError
from rna_predict.families.components import find_components
from rna_predict.families.similarity import similar_pairs
from rna_predict.structure.chain import Chain

SPLITS: Final = ("train", "validation", "test")
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
    identity: float = 0.9,
    coverage: float = 0.8,
    family_evalue: float = 1e-3,
    component_evalue: float = 1.0,
    cutoff: str = "",
    seed: int = 0,
) -> pd.DataFrame:
    """Deal whole components to train, validation and test.

    Hold-outs go to test with their relatives at ``family_evalue``; weaker family hits do not drag
    more along. Among the others, components at ``component_evalue`` go, from the largest to the
    smallest, to the side that lacks the most residues.

    Parameters
    ----------
    chains : sequence of Chain
        Of several models of a chain the first counts.
    families, clusters : DataFrame
        As :func:`~rna_predict.families.components.find_components` reads them.
    fractions : (float, float, float)
        Shares of residues of train, validation and test; not negative, adding up to 1.
    holdouts : sequence of str
        Ids of chains or entries; names that are neither are allowed, see
        :func:`unknown_holdouts`.
    targets : mapping of str to str, optional
        Sequences that will be predicted, by name: similar chains are hold-outs.
    identity, coverage : float
        What similar means, as in :func:`~rna_predict.families.similarity.similar_pairs`.
    family_evalue, component_evalue : float
        Family hits that count for hold-outs, and for the other components.
    cutoff : str
        ISO date: components with a chain released on or after it, or undated, go to test; ""
        for none.
    seed : int
        Orders components of equal size.

    Returns
    -------
    DataFrame
        Columns chain_id, component, split, reason (``holdout``, ``cutoff`` or ""), one row a chain
        in the order given. With three components or more that are free to go, no side whose
        fraction is positive is empty.

    Raises
    ------
    InputError
        If the fractions do not add up, a table does not fit, or nothing is left to train on.
    """
    if len(fractions) != 3 or min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-6:
        raise InputError("fractions", f"expected three shares that add up to 1, got {fractions}")
    first = {chain.name: chain for chain in reversed(chains)}
    names = list(dict.fromkeys(chain.name for chain in chains))
    held = _held_out(names, first, holdouts, targets or {}, identity, coverage)
    strong = find_components(chains, families, clusters, family_evalue)
    forced = {strong[name] for name in held}
    component = {name: strong[name] for name in names if strong[name] in forced}
    rest = [first[name] for name in names if name not in component]
    split = dict.fromkeys(forced, "test")
    reason = dict.fromkeys(forced, HOLDOUT)
    component |= find_components(rest, families, clusters, component_evalue)
    late = {component[chain.name] for chain in rest if cutoff and too_new(chain, cutoff)}
    split |= dict.fromkeys(late, "test")
    reason |= dict.fromkeys(late, CUTOFF)
    sizes: dict[str, int] = defaultdict(int)
    for name in names:
        sizes[component[name]] += len(first[name])
    split |= _deal(sizes, split, fractions, seed)
    if names and fractions[0] > 0 and "train" not in split.values():
        raise InputError("splits", "hold-outs and cut-off leave nothing to train on")
    return pd.DataFrame(
        {
            "chain_id": names,
            "component": [component[name] for name in names],
            "split": [split[component[name]] for name in names],
            "reason": [reason.get(component[name], "") for name in names],
        }
    ).astype("str")


def unknown_holdouts(chains: Sequence[Chain], holdouts: Sequence[str]) -> list[str]:
    """Give the hold-outs that name neither a chain nor an entry."""
    known = {chain.name for chain in chains} | {chain.entry for chain in chains}
    return [name for name in holdouts if name not in known]


def too_new(chain: Chain, cutoff: str) -> bool:
    """Tell whether a chain was released on or after a date; one without a date counts as such."""
    return not chain.release_date or chain.release_date >= cutoff


def _held_out(
    names: Sequence[str],
    chains: Mapping[str, Chain],
    holdouts: Sequence[str],
    targets: Mapping[str, str],
    identity: float,
    coverage: float,
) -> list[str]:
    """List the chains that are named, by themselves or by entry, or similar to a target."""
    wanted = set(holdouts)
    held = {name for name in names if name in wanted or chains[name].entry in wanted}
    sequences = [chains[name].sequence for name in names]
    for pair in similar_pairs(list(targets.values()), sequences, identity, coverage):
        held.add(names[pair.second])
    return sorted(held)


def _deal(
    sizes: Mapping[str, int],
    forced: Mapping[str, str],
    fractions: tuple[float, float, float],
    seed: int,
) -> dict[str, str]:
    """Send each free component to the side with the largest deficit, largest component first.

    Where the forced components overfill a side, the others share what is left in proportion.
    """
    shares = dict(zip(SPLITS, fractions, strict=True))
    total = sum(sizes.values())
    lack = {side: share * total for side, share in shares.items()}
    for component, side in forced.items():
        lack[side] -= sizes[component]
    wanted = sum(max(value, 0.0) for value in lack.values())
    left = total - sum(sizes[component] for component in forced)
    lack = {side: max(value, 0.0) * left / max(wanted, 1.0) for side, value in lack.items()}
    free = sorted(component for component in sizes if component not in forced)
    shuffled = [free[k] for k in np.random.default_rng(seed).permutation(len(free))]
    sides: dict[str, list[str]] = {name: [] for name in SPLITS}
    open_sides = [name for name, share in shares.items() if share > 0]
    for component in sorted(shuffled, key=lambda component: -sizes[component]):
        side = max(open_sides, key=lambda name: lack[name])
        sides[side].append(component)
        lack[side] -= sizes[component]
    filled = {side for side in SPLITS if sides[side]} | set(forced.values())
    for side in open_sides:
        donor = max(open_sides, key=lambda name: len(sides[name]))
        if side not in filled and len(sides[donor]) > 1:
            sides[side].append(sides[donor].pop())
    return {component: side for side, members in sides.items() for component in members}
