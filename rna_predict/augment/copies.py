"""All augmented copies of a training set, each with its parent and its tier."""

import hashlib
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pandas as pd

from rna_predict.augment import coordinates, pair_swap
from rna_predict.errors import InputError
from rna_predict.secondary.pairs import annotate_between
from rna_predict.structure.chain import Chain

REPORT_COLUMNS = ("tier", "parents", "copies", "changed_residues", "factor")


def augment_chains(
    chains: list[Chain],
    splits: pd.DataFrame,
    pairs: pd.DataFrame,
    probabilities: pd.DataFrame,
    *,
    coordinate_copies: int,
    coordinate_noise: float,
    swap_copies: int,
    swap_probability: float,
    seed: int,
) -> tuple[list[Chain], pd.DataFrame]:
    """Copy the chains of the training split.

    Each copy depends on the seed, its parent, its tier and its number alone: other chains come and
    go without changing it.

    Parameters
    ----------
    chains : list of Chain
        All chains; those of other splits are left alone.
    splits : DataFrame
        Columns chain_id and split.
    pairs : DataFrame
        Annotated pairs: chain_id, model, i, j, lw.
    probabilities : DataFrame
        Pairs predicted from sequence: chain_id, i, j, probability.
    coordinate_copies, swap_copies : int
        Copies of each chain by tier; 0 switches a tier off. A chain without a pair that may be
        swapped has no copies of that tier.
    coordinate_noise : float, angstrom
        Standard deviation of the noise.
    swap_probability : float
        Least predicted probability of a swapped pair.
    seed : int

    Returns
    -------
    copies : list of Chain
        ``parent`` is the parent's name, ``tier`` the tier, the chain id ``{chain}~{tier}{k}``.
    report : DataFrame
        One row a tier, columns ``REPORT_COLUMNS``: parents with copies, copies, residues whose
        base changed, and copies per training chain.

    Raises
    ------
    InputError
        If a chain is in no split.
    """
    side = dict(zip(splits["chain_id"], splits["split"], strict=True))
    if missing := [chain.name for chain in chains if chain.name not in side]:
        raise InputError("splits", f"no split for {len(missing)} chains, the first {missing[0]}")
    parents = [chain for chain in chains if side[chain.name] == "train"]
    annotated = dict(list(pairs.groupby(["chain_id", "model"])))
    predicted = dict(list(probabilities.groupby("chain_id")))
    between = _residues_between(parents)
    copies: list[Chain] = []
    for chain in parents:
        for number in range(1, coordinate_copies + 1):
            rng = _generator(seed, chain, coordinates.TIER, number)
            copy = coordinates.noisy_copy(chain, coordinate_noise, rng)
            copies.append(_labelled(copy, chain, coordinates.TIER, number))
        key = chain.name, chain.model
        if not swap_copies or key not in annotated or chain.name not in predicted:
            continue
        candidates = pair_swap.swappable_pairs(
            chain, annotated[key], predicted[chain.name], swap_probability, between[key]
        )
        for number in range(1, swap_copies + 1 if candidates else 1):
            rng = _generator(seed, chain, pair_swap.TIER, number)
            copy = pair_swap.swap_copy(chain, candidates, rng)
            copies.append(_labelled(copy, chain, pair_swap.TIER, number))
    return copies, _report(copies, parents)


def _residues_between(chains: list[Chain]) -> dict[tuple[str, int], set[int]]:
    """List the residues of each chain that pair with another chain."""
    touched: dict[tuple[str, int], set[int]] = defaultdict(set)
    table = annotate_between(chains)
    for row in table.itertuples(index=False):
        touched[row.first_chain, row.model].add(row.i)
        touched[row.second_chain, row.model].add(row.j)
    return touched


def _generator(seed: int, chain: Chain, tier: str, number: int) -> np.random.Generator:
    """Make the generator of one copy."""
    key = f"{seed}/{chain.name}/{chain.model}/{tier}/{number}"
    digest = hashlib.sha256(key.encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def _labelled(copy: Chain, parent: Chain, tier: str, number: int) -> Chain:
    """Name a copy after its parent and tier."""
    return replace(copy, chain=f"{parent.chain}~{tier}{number}", parent=parent.name, tier=tier)


def _report(copies: list[Chain], parents: list[Chain]) -> pd.DataFrame:
    """Count copies and changed residues by tier."""
    sequences = {(chain.name, chain.model): chain.sequence for chain in parents}
    rows = []
    for tier in (coordinates.TIER, pair_swap.TIER):
        made = [copy for copy in copies if copy.tier == tier]
        changed = sum(
            sum(a != b for a, b in zip(copy.sequence, before, strict=True))
            for copy in made
            for before in [sequences[copy.parent, copy.model]]
        )
        origins = len({copy.parent for copy in made})
        factor = len(made) / len(parents) if parents else float("nan")
        rows.append((tier, origins, len(made), changed, factor))
    return pd.DataFrame(rows, columns=list(REPORT_COLUMNS))
