"""Pairs to dot-bracket strings and back, with as many pseudoknot levels as the alphabet has."""

from collections.abc import Iterable, Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int

from rna_predict.errors import InputError
from rna_predict.secondary.matching import take_best
from rna_predict.secondary.pairs import canonical_pairs
from rna_predict.structure.chain import Chain

OPENING: Final = "([{<" + ascii_uppercase
CLOSING: Final = ")]}>" + ascii_lowercase
"""Bracket ``k`` of each belongs to level ``k``; pairs of one level never cross."""
UNPAIRED: Final = ".-_,:"
"""Marks of an unpaired residue; the first is written."""
TABLE_COLUMNS: Final = {
    "chain_id": "str", "model": "int64", "dot_bracket": "str", "n_pairs": "int64",
    "pseudoknotted": "bool",
}  # fmt: skip


def dot_bracket_table(chains: Sequence[Chain], pairs: pd.DataFrame) -> pd.DataFrame:
    """Write the canonical pairs of each chain as a dot-bracket string.

    Parameters
    ----------
    chains : sequence of Chain
    pairs : DataFrame
        Their base pairs: chain_id, model, i, j, lw, bases. cWW pairs of A-U, G-C and G-U count;
        of two that share a residue, :func:`drop_multiplets` chooses one.

    Returns
    -------
    DataFrame
        One row a chain: chain_id, model, dot_bracket, n_pairs (written), pseudoknotted (more than
        one level).
    """
    ends = {
        key: part[["i", "j"]].to_numpy()
        for key, part in canonical_pairs(pairs).groupby(["chain_id", "model"])
    }
    rows = []
    for chain in chains:
        found = ends.get((chain.name, chain.model), np.zeros((0, 2), dtype=np.int64))
        found = found[drop_multiplets(found)]
        text = to_dot_bracket(found, len(chain))
        rows.append((chain.name, chain.model, text, len(found), OPENING[1] in text))
    return pd.DataFrame(rows, columns=list(TABLE_COLUMNS)).astype(TABLE_COLUMNS)


def drop_multiplets(pairs: Int[np.ndarray, "p 2"]) -> Bool[np.ndarray, " p"]:
    """Leave each residue in one pair at most: that of the longest stem.

    Pairs are taken from the longest stem to the shortest, stems of one length and the pairs of a
    stem from the 5' end on, each unless one of its residues is taken already. Stems are those
    before anything is dropped.

    Parameters
    ----------
    pairs : (p, 2) int
        0-based positions, each pair once.

    Returns
    -------
    (p,) bool
        The pairs that stay.
    """
    ends = np.sort(pairs, axis=1)
    stem = _stems(ends)
    rank = np.empty(len(ends), dtype=np.int64)
    longest_first = -np.bincount(stem)[stem]
    rank[np.lexsort((ends[:, 1], ends[:, 0], longest_first))] = np.arange(len(ends))
    return take_best(ends, rank)


def to_dot_bracket(pairs: Iterable[tuple[int, int]] | np.ndarray, length: int) -> str:
    """Write pairs as a dot-bracket string.

    The round brackets get the non-crossing stems (runs of stacked pairs) that have the most pairs
    together, the square ones those of what is left, and so on. Among equals stems that close
    earlier come first.

    Parameters
    ----------
    pairs : iterable of (int, int)
        0-based positions, in any order; each residue in one pair at most.
    length : int
        Number of residues.

    Returns
    -------
    str
        ``length`` characters: a dot for an unpaired residue.

    Raises
    ------
    InputError
        If a position is outside the sequence or in two pairs, if a residue pairs with itself, or
        if the pairs need more levels than there are brackets.
    """
    ends = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    ends = np.unique(np.sort(ends, axis=1), axis=0)
    _check(ends, length)
    stem = _stems(ends)
    first = np.unique(stem, return_index=True)[1]
    level = _levels(ends[first], np.bincount(stem))
    if len(level) and level.max() >= len(OPENING):
        i, j = ends[first[level.argmax()]]
        raise InputError(f"pair {i}-{j}", f"more than {len(OPENING)} pseudoknot levels")
    text = np.full(length, UNPAIRED[0])
    text[ends[:, 0]] = np.array(list(OPENING))[level[stem]]
    text[ends[:, 1]] = np.array(list(CLOSING))[level[stem]]
    return "".join(text)


def from_dot_bracket(text: str) -> list[tuple[int, int]]:
    """Read the pairs of a dot-bracket string.

    Parameters
    ----------
    text : str
        Brackets of :data:`OPENING` and :data:`CLOSING`; ``.``, ``-``, ``_``, ``,`` and ``:``
        stand for unpaired residues.

    Returns
    -------
    list of (int, int)
        0-based pairs, ``i < j``, sorted.

    Raises
    ------
    InputError
        If brackets do not match or a character is unknown, with its position.
    """
    stacks: dict[int, list[int]] = {}
    pairs = []
    for position, letter in enumerate(text):
        if letter in OPENING:
            stacks.setdefault(OPENING.index(letter), []).append(position)
        elif letter in CLOSING:
            stack = stacks.get(CLOSING.index(letter))
            if not stack:
                raise InputError(f"dot-bracket position {position}", f"{letter!r} closes nothing")
            pairs.append((stack.pop(), position))
        elif letter not in UNPAIRED:
            raise InputError(f"dot-bracket position {position}", f"unknown character {letter!r}")
    for level, stack in stacks.items():
        if stack:
            where = f"dot-bracket position {stack[-1]}"
            raise InputError(where, f"{OPENING[level]!r} is never closed")
    return sorted(pairs)


def _check(ends: Int[np.ndarray, "p 2"], length: int) -> None:
    """Refuse pairs outside the sequence, of a residue with itself, or that share a residue."""
    wrong = (ends[:, 0] < 0) | (ends[:, 1] >= length) | (ends[:, 0] == ends[:, 1])
    if wrong.any():
        i, j = ends[wrong.argmax()]
        raise InputError(f"pair {i}-{j}", f"expected two positions of 0 to {length - 1}")
    residues, count = np.unique(ends, return_counts=True)
    if (count > 1).any():
        residue = residues[count.argmax()]
        one, other = ends[(ends == residue).any(1)][:2]
        what = f"residue {residue} is paired with {one.sum() - residue} already"
        raise InputError(f"pair {other[0]}-{other[1]}", what)


def _stems(ends: Int[np.ndarray, "p 2"]) -> Int[np.ndarray, " p"]:
    """Count the stems, runs of (i, j), (i + 1, j - 1), ..., and tell which each pair is in."""
    diagonal = ends.sum(1)
    order = np.lexsort((ends[:, 0], diagonal))
    run = (np.diff(diagonal[order]) != 0) | (np.diff(ends[order, 0]) != 1)
    stem = np.empty(len(ends), dtype=np.int64)
    stem[order] = np.concatenate([[0], np.cumsum(run)]) if len(ends) else 0
    first = np.unique(stem, return_index=True)[1] if len(ends) else np.zeros(0, dtype=np.int64)
    renumbered = np.empty(len(first), dtype=np.int64)
    renumbered[np.argsort(first)] = np.arange(len(first))
    return renumbered[stem]


def _levels(stems: Int[np.ndarray, "s 2"], sizes: Int[np.ndarray, " s"]) -> Int[np.ndarray, " s"]:
    """Give each stem, known by its outer pair, the level of its brackets."""
    i, j = stems[:, 0], stems[:, 1]
    before = (i[:, None] < i) & (i < j[:, None]) & (j[:, None] < j)
    crossing = before | before.T
    level = np.zeros(len(stems), dtype=np.int64)
    left = np.arange(len(stems))
    while len(left):
        knotted = crossing[np.ix_(left, left)].any(1)
        chosen = ~knotted
        chosen[knotted] = _most_pairs(stems[left[knotted]], sizes[left[knotted]])
        left = left[~chosen]
        level[left] += 1
    return level


def _most_pairs(
    stems: Int[np.ndarray, "s 2"], sizes: Int[np.ndarray, " s"]
) -> Bool[np.ndarray, " s"]:
    """Choose the stems without crossings that have the most pairs together.

    Supowit's maximum independent set of chords (1987, IEEE Trans Comput-Aided Des 6:93), weighted,
    in O(s^2): no other stem ends within a strand of a stem, so that a stem counts as one chord.
    """
    order = np.argsort(stems.ravel())
    owner = order // 2
    opens = np.empty(len(stems), dtype=np.int64)
    opens[owner[::-1]] = np.arange(len(owner))[::-1]
    # most[a, b]: the most pairs in stems that lie wholly within ends a to b - 1.
    most = np.zeros((len(owner) + 1, len(owner) + 1), dtype=np.int64)
    for end, stem in enumerate(owner):
        most[: end + 1, end + 1] = most[: end + 1, end]
        start = opens[stem]
        if start < end:
            with_stem = most[: start + 1, start] + sizes[stem] + most[start + 1, end]
            most[: start + 1, end + 1] = np.maximum(most[: start + 1, end], with_stem)
    chosen = np.zeros(len(stems), dtype=bool)
    spans = [(0, len(owner))]
    while spans:
        a, b = spans.pop()
        if most[a, b] == 0:
            continue
        if most[a, b] == most[a, b - 1]:
            spans.append((a, b - 1))
        else:
            start = opens[owner[b - 1]]
            chosen[owner[b - 1]] = True
            spans += [(a, start), (start + 1, b - 1)]
    return chosen
