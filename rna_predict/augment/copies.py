"""All augmented copies of a training set, each with its parent and its tier."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from rna_predict.augment import coordinates, homologs, loops, pair_swap
from rna_predict.augment.check import changed_residues, check_copies
from rna_predict.augment.parents import Key, Parent, describe_parents
from rna_predict.augment.substitution import Change
from rna_predict.errors import InputError
from rna_predict.families.similarity import similar_pairs
from rna_predict.structure.chain import Chain

TIERS: Final = (coordinates.TIER, pair_swap.TIER, loops.TIER, homologs.TIER)
HELD: Final = ("validation", "test")
"""Splits that no copy may come near to."""
REPORT_COLUMNS: Final = (
    "tier", "parents", "copies", "changed_residues", "factor", "dropped", "c1_median", "c1_max",
    "note",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """What is copied, how often and how far from the parent; 0 copies switch a tier off.

    Attributes
    ----------
    coordinate_copies, swap_copies, loop_copies, homolog_copies : int
        Copies of each chain by tier. A chain that a tier finds nothing to change in has none.
    coordinate_noise : float, angstrom
        Standard deviation of the noise.
    swap_probability : float
        Least predicted probability of a swapped pair.
    loop_fraction : float
        Greatest share of a loop's residues that change.
    homolog_identity : float
        Homologs above it lend their bases.
    held_identity, held_coverage : float
        Copies at least this identical to a validation or test chain, or a target, over at least
        this share of the longer of both are dropped.
    seed : int
    """

    coordinate_copies: int
    coordinate_noise: float
    swap_copies: int
    swap_probability: float
    loop_copies: int
    loop_fraction: float
    homolog_copies: int
    homolog_identity: float
    held_identity: float
    held_coverage: float
    seed: int

    @property
    def copies(self) -> dict[str, int]:
        """Copies of each chain by tier."""
        counts = self.coordinate_copies, self.swap_copies, self.loop_copies, self.homolog_copies
        return dict(zip(TIERS, counts, strict=True))


def augment_chains(
    chains: Sequence[Chain],
    splits: pd.DataFrame,
    pairs: pd.DataFrame,
    probabilities: pd.DataFrame,
    settings: Settings,
    *,
    family_rows: pd.DataFrame | None = None,
    targets: Collection[str] = (),
) -> tuple[list[Chain], pd.DataFrame]:
    """Copy the chains of the training split, and check every copy.

    Each copy depends on the seed, its parent, its tier and its number alone: other chains come and
    go without changing it.

    Parameters
    ----------
    chains : sequence of Chain
        All chains; those of other splits are left alone.
    splits : DataFrame
        Columns chain_id and split.
    pairs : DataFrame
        Annotated pairs: chain_id, model, i, j, lw.
    probabilities : DataFrame
        Pairs predicted from sequence: chain_id, i, j, probability.
    settings : Settings
    family_rows : DataFrame, optional
        Homologs of chains: chain_id, identity, row, as
        :data:`~rna_predict.families.homologs.HOMOLOG_SCHEMA` describes them. Without them tier 4
        makes nothing.
    targets : collection of str
        Sequences that will be predicted.

    Returns
    -------
    copies : list of Chain
        ``parent`` is the parent's name, ``tier`` the tier, the chain id ``{chain}~{tier}{k}``.
        No two copies of a chain in tiers 2 to 4 have one sequence.
    report : DataFrame
        One row a tier, columns ``REPORT_COLUMNS``: parents with copies, copies, residues whose
        base changed, copies per training chain, copies dropped for their likeness to what is
        evaluated, median and maximum of how far C1' lies from that of the parent (angstrom; tier
        1: superposed), and why there are no copies.

    Raises
    ------
    InputError
        If a chain is in no split, a homolog has not the length of its chain, or a copy fails its
        check.
    """
    side = dict(zip(splits["chain_id"], splits["split"], strict=True))
    if missing := [chain.name for chain in chains if chain.name not in side]:
        raise InputError("splits", f"no split for {len(missing)} chains, the first {missing[0]}")
    rows = {}
    if family_rows is not None and settings.homolog_copies:
        rows = homologs.near_homologs(family_rows, settings.homolog_identity)
    names = {chain.name for chain in chains if side[chain.name] == "train"}
    parents = {
        parent.key: parent for parent in describe_parents(chains, names, pairs, probabilities, rows)
    }
    made = [
        copy
        for parent in parents.values()
        for tier, count in settings.copies.items()
        for copy in _copies(parent, tier, count, settings)
    ]
    held = {chain.sequence for chain in chains if side[chain.name] in HELD} | set(targets)
    leaks = _near_held(made, held, settings)
    copies = [copy for copy in made if copy.tier == coordinates.TIER or copy.sequence not in leaks]
    shifts = check_copies(copies, parents, settings.loop_fraction)
    return copies, _report(made, copies, parents, shifts, settings)


def _copies(parent: Parent, tier: str, count: int, settings: Settings) -> Iterator[Chain]:
    """Make the copies of a chain in one tier."""
    draw = _drawer(parent, tier, settings) if count and tier != coordinates.TIER else None
    seen = {parent.chain.sequence}
    for number in range(1, count + 1):
        rng = _generator(settings.seed, parent.chain, tier, number)
        if tier == coordinates.TIER:
            copy = coordinates.noisy_copy(parent.chain, settings.coordinate_noise, rng)
        elif draw is None:
            return
        else:
            copy = parent.substitute(draw(number, rng))
            if copy.sequence in seen:
                continue  # nothing had room, or the same once more
            seen.add(copy.sequence)
        yield replace(
            copy,
            chain=f"{parent.chain.chain}~{tier}{number}",
            parent=parent.chain.name,
            tier=tier,
        )


def _drawer(
    parent: Parent, tier: str, settings: Settings
) -> Callable[[int, np.random.Generator], list[Change]] | None:
    """Give what draws the changes of a copy by its number, or none where there is none to draw."""
    chain, contacts = parent.chain, parent.contacts
    if tier == pair_swap.TIER:
        swaps = pair_swap.swappable_pairs(
            chain, contacts, parent.probabilities, settings.swap_probability
        )
        return (lambda _, rng: pair_swap.choose_swaps(swaps, rng)) if swaps else None
    if tier == loops.TIER:
        large = loops.large_loops(chain, contacts)
        draw = loops.choose_mutations
        return (lambda _, rng: draw(chain, large, settings.loop_fraction, rng)) if large else None
    if not parent.homologs:
        return None
    if wrong := [row for row in parent.homologs if len(row) != len(chain)]:
        what = f"expected rows of its length {len(chain)}, got {len(wrong[0])}"
        raise InputError(f"homologs of {chain.name}", what)
    order = _generator(settings.seed, chain, tier, 0).permutation(len(parent.homologs))

    def of_homolog(number: int, _: np.random.Generator) -> list[Change]:
        row = parent.homologs[order[(number - 1) % len(order)]]
        return homologs.homolog_changes(chain, contacts, row)

    return of_homolog


def _generator(seed: int, chain: Chain, tier: str, number: int) -> np.random.Generator:
    """Make the generator of one copy."""
    key = f"{seed}/{chain.name}/{chain.model}/{tier}/{number}"
    digest = hashlib.sha256(key.encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def _near_held(copies: Sequence[Chain], held: Collection[str], settings: Settings) -> set[str]:
    """List the sequences of copies that are similar to a sequence that is evaluated."""
    mutated = sorted({copy.sequence for copy in copies if copy.tier != coordinates.TIER})
    limits = settings.held_identity, settings.held_coverage
    return {mutated[pair.first] for pair in similar_pairs(mutated, sorted(held), *limits)}


def _report(
    made: Sequence[Chain],
    copies: Sequence[Chain],
    parents: dict[Key, Parent],
    shifts: dict[str, np.ndarray],
    settings: Settings,
) -> pd.DataFrame:
    """Count copies and changed residues by tier."""
    aligned = any(parent.homologs for parent in parents.values())
    rows = []
    for tier in TIERS:
        own = [copy for copy in copies if copy.tier == tier]
        changed = sum(
            int(changed_residues(copy, parents[copy.parent, copy.model].chain).sum())
            for copy in own
        )
        note = "" if own else "nothing to change"
        if not settings.copies[tier]:
            note = "off"
        elif tier == homologs.TIER and not aligned:
            note = "no homologs of training chains were given"
        shift = shifts.get(tier, np.zeros(0))
        rows.append(
            (
                tier,
                len({(copy.parent, copy.model) for copy in own}),
                len(own),
                changed,
                len(own) / len(parents) if parents else float("nan"),
                sum(copy.tier == tier for copy in made) - len(own),
                np.median(shift) if len(shift) else float("nan"),
                shift.max() if len(shift) else float("nan"),
                note,
            )
        )
    return pd.DataFrame(rows, columns=list(REPORT_COLUMNS))
