"""Clans: families of one origin, of whose overlapping hits the best one counts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from rna_predict.errors import InputError

LEAST_OVERLAP: Final = 0.1
"""Share of the shorter hit from which two hits compete. In Rfam's table of PDB chains (2023) hits
of one clan are both significant up to a share of 0.043, and never from 0.34 on."""


def read_clans(path: Path) -> dict[str, str]:
    """Read which family is of which clan.

    Parameters
    ----------
    path : Path
        One clan a line: its accession, then its families by name (as Rfam.clanin) or accession,
        separated by tabs or spaces; lines that begin with # and blank ones are skipped.

    Returns
    -------
    dict
        Family to clan.

    Raises
    ------
    InputError
        If the file cannot be read, a clan has no family, or a family is in two clans.
    """
    clans: dict[str, str] = {}
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, f"expected a list of clans: {error}") from error
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if len(words) == 1:
            raise InputError(path, f"line {number}: clan {words[0]} has no family")
        for family in words[1:]:
            if clans.setdefault(family, words[0]) != words[0]:
                what = f"family {family} is in {clans[family]} and in {words[0]}"
                raise InputError(path, f"line {number}: {what}")
    return clans


def compete(
    starts: Sequence[int],
    ends: Sequence[int],
    groups: Sequence[str],
    scores: Sequence[float],
    evalues: Sequence[float],
    members: Sequence[bool],
) -> list[int]:
    """Let the overlapping hits on one sequence compete within their clans.

    As in cmscan with ``--clanin``, from the least E-value on (the higher score where E-values are
    equal) a hit loses to a winner of its clan that it overlaps; but not by a few residues, see
    ``LEAST_OVERLAP``, and not to a hit below its family's threshold if it is above its own.

    Parameters
    ----------
    starts, ends : sequence of int
        0-based, end exclusive.
    groups : sequence of str
        Clan of each hit, or its family where that has none.
    scores, evalues : sequence of float
    members : sequence of bool
        Whether the hit passes its family's threshold.

    Returns
    -------
    list of int
        Of each hit the winner it lost to, or -1.
    """
    order = np.lexsort((-np.asarray(scores), np.asarray(evalues), ~np.asarray(members, dtype=bool)))
    lost = [-1] * len(starts)
    winners: list[int] = []
    for k in order.tolist():
        for w in winners:
            overlap = min(ends[k], ends[w]) - max(starts[k], starts[w])
            shorter = min(ends[k] - starts[k], ends[w] - starts[w])
            if groups[k] == groups[w] and overlap >= LEAST_OVERLAP * shorter:
                lost[k] = w
                break
        else:
            winners.append(k)
    return lost


def clan_of(family: str, name: str, clans: Mapping[str, str]) -> str:
    """Give the clan of a family, known by name or accession, or the family itself."""
    return clans.get(name) or clans.get(family) or family
