"""Newcomers join an earlier split without moving any chain of it.

Chains that have a side pass it on to the newcomers that share a label with them, round by round. A
newcomer that is tied to two sides would be a bridge between them: it is quarantined, that is it
goes to no side, and passes nothing on.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from rna_predict.families.components import Label

SPLITS: Final = ("train", "validation", "test")
"""Sides of a split."""
QUARANTINE: Final = "quarantine"
"""What the split of a chain is called that is in no side."""


def spread_sides(
    labels: Mapping[str, Collection[Label]], pinned: Mapping[str, str], given: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Give newcomers the side of what they are tied to.

    Parameters
    ----------
    labels : mapping of str to labels
        Every chain, old and new.
    pinned : mapping of str to str
        Old chains and their sides, which never change; they may be tied to one another.
    given : mapping of str to str
        Newcomers that may go to one side only (hold-outs).

    Returns
    -------
    sides : dict
        Chain to side: the pinned chains, and the newcomers tied to one side, directly or through
        others. Newcomers tied to none are absent. Apart from labels that pinned chains of
        different sides share, no label occurs in two sides.
    quarantined : dict
        Newcomer to the reason: both sides, each with the label and a chain that tie it.
    """
    members: dict[Label, list[str]] = defaultdict(list)
    for name in sorted(labels):
        for label in labels[name]:
            members[label].append(name)
    sides = dict(pinned)
    witnesses: dict[Label, dict[str, str]] = defaultdict(dict)
    quarantined: dict[str, str] = {}
    _take_sides(pinned, labels, witnesses)
    fresh = dict(given)
    waiting = set(labels) - set(pinned)
    while True:
        if fresh:
            bridges = _bridges(fresh, labels, witnesses)
            fresh = {name: side for name, side in fresh.items() if name not in bridges}
            bridges |= _contested(fresh, labels, members, witnesses)
            fresh = {name: side for name, side in fresh.items() if name not in bridges}
            quarantined |= bridges
            waiting -= fresh.keys() | bridges.keys()
            sides |= fresh
            _take_sides(fresh, labels, witnesses)
        tied = {name: _ties(name, labels, witnesses) for name in sorted(waiting)}
        fresh = {name: next(iter(ties)) for name, ties in tied.items() if ties}
        if not fresh:
            return sides, quarantined


def _take_sides(
    sides: Mapping[str, str],
    labels: Mapping[str, Collection[Label]],
    witnesses: dict[Label, dict[str, str]],
) -> None:
    """Note for each label the sides that have it, with the first chain of each."""
    for name in sorted(sides):
        for label in labels[name]:
            witnesses[label].setdefault(sides[name], name)


def _ties(
    name: str,
    labels: Mapping[str, Collection[Label]],
    witnesses: Mapping[Label, Mapping[str, str]],
) -> dict[str, tuple[Label, str]]:
    """Give the sides that a newcomer is tied to, each with a label and a chain."""
    ties: dict[str, tuple[Label, str]] = {}
    for label in sorted(labels[name]):
        for side, witness in witnesses.get(label, {}).items():
            ties.setdefault(side, (label, witness))
    return {side: ties[side] for side in SPLITS if side in ties}


def _bridges(
    fresh: Mapping[str, str],
    labels: Mapping[str, Collection[Label]],
    witnesses: Mapping[Label, Mapping[str, str]],
) -> dict[str, str]:
    """Find the newcomers that are tied to another side than the one they would go to."""
    found = {}
    for name, side in fresh.items():
        ties = _ties(name, labels, witnesses)
        parts = [f"{other} by {_words(*tie)}" for other, tie in ties.items()]
        if side not in ties:
            parts.append(f"{side} as a hold-out or a relative of one")
        if len(parts) > 1:
            found[name] = "; ".join(parts)
    return found


def _contested(
    fresh: Mapping[str, str],
    labels: Mapping[str, Collection[Label]],
    members: Mapping[Label, Sequence[str]],
    witnesses: Mapping[Label, Mapping[str, str]],
) -> dict[str, str]:
    """Find newcomers of one round that tie their sides to each other.

    The label goes to the side of most of them, so that the fewest are lost.
    """
    found: dict[str, str] = {}
    for label in sorted({label for name in fresh for label in labels[name]}):
        rivals = [name for name in members[label] if name in fresh and name not in found]
        counts = Counter(fresh[name] for name in rivals)
        if len(counts) < 2:
            continue
        winner = max(SPLITS, key=lambda side: counts[side])
        witness = next(name for name in rivals if fresh[name] == winner)
        for name in rivals:
            if fresh[name] != winner:
                own = _words(*_ties(name, labels, witnesses)[fresh[name]])
                found[name] = f"{winner} by {_words(label, witness)}; {fresh[name]} by {own}"
    return found


def _words(label: Label, witness: str) -> str:
    """Put a tie in words."""
    return f"{label[0]} {' '.join(label[1:])} with {witness}"
