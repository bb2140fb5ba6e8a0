"""Pairs to dot-bracket strings and back, with as many pseudoknot levels as the alphabet has."""

from collections.abc import Iterable
from string import ascii_lowercase, ascii_uppercase
from typing import Final

from rna_predict.errors import InputError

OPENING: Final = "([{<" + ascii_uppercase
CLOSING: Final = ")]}>" + ascii_lowercase
"""Bracket ``k`` of each belongs to level ``k``; pairs of one level never cross."""


def to_dot_bracket(pairs: Iterable[tuple[int, int]], length: int) -> str:
    """Write pairs as a dot-bracket string.

    Stems (runs of stacked pairs) are placed from the longest to the shortest, each on the first
    level where it crosses nothing, so that the longest stems get the round brackets.

    Parameters
    ----------
    pairs : iterable of (int, int)
        0-based positions; each residue in one pair at most.
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
    rows = sorted({(min(i, j), max(i, j)) for i, j in pairs})
    partner: dict[int, int] = {}
    for i, j in rows:
        if i < 0 or j >= length or i == j:
            raise InputError(f"pair {i}-{j}", f"expected two positions of 0 to {length - 1}")
        for one, other in ((i, j), (j, i)):
            if one in partner:
                what = f"residue {one} is paired with {partner[one]} already"
                raise InputError(f"pair {i}-{j}", what)
            partner[one] = other
    stems: list[list[tuple[int, int]]] = []
    for i, j in rows:
        if partner.get(i - 1) == j + 1:
            next(stem for stem in reversed(stems) if stem[-1] == (i - 1, j + 1)).append((i, j))
        else:
            stems.append([(i, j)])
    levels: list[list[tuple[int, int]]] = []
    text = ["."] * length
    for stem in sorted(stems, key=lambda stem: (-len(stem), stem[0])):
        i, j = stem[0]
        free = (
            level
            for level, placed in enumerate(levels)
            if not any(a < i < b < j or i < a < j < b for a, b in placed)
        )
        level = next(free, len(levels))
        if level == len(OPENING):
            raise InputError(f"pair {i}-{j}", f"more than {len(OPENING)} pseudoknot levels")
        if level == len(levels):
            levels.append([])
        levels[level].extend(stem)
        for a, b in stem:
            text[a], text[b] = OPENING[level], CLOSING[level]
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
        elif letter not in ".-_,:":
            raise InputError(f"dot-bracket position {position}", f"unknown character {letter!r}")
    for level, stack in stacks.items():
        if stack:
            where = f"dot-bracket position {stack[-1]}"
            raise InputError(where, f"{OPENING[level]!r} is never closed")
    return sorted(pairs)
