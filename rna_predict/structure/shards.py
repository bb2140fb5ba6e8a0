"""Shards: entries are dealt to a fixed number of shards by a stable hash of their id."""

import csv
import hashlib
from collections.abc import Iterable
from pathlib import Path

from rna_predict.errors import InputError


def shard_of(entry: str, shards: int) -> int:
    """Give the shard of an entry: the same on every machine, whatever else is in the list."""
    return int.from_bytes(hashlib.sha256(entry.encode()).digest()[:8], "big") % shards


def deal_shards(entries: Iterable[str], shards: int) -> dict[str, list[str]]:
    """Deal entries to shards.

    Parameters
    ----------
    entries : iterable of str
        Ids; upper and lower case are the same.
    shards : int
        Number of shards, at least 1. Changing it redeals everything.

    Returns
    -------
    dict of str to list of str
        Sorted ids by shard name ("000", "001", ...); shards without an entry are absent.

    Raises
    ------
    InputError
        If an id occurs twice.
    """
    dealt: dict[str, list[str]] = {}
    seen = set()
    for entry in sorted(entry.lower() for entry in entries):
        if entry in seen:
            raise InputError(f"entry {entry}", "listed twice")
        seen.add(entry)
        dealt.setdefault(f"{shard_of(entry, shards):03d}", []).append(entry)
    return dict(sorted(dealt.items()))


def read_entry_list(path: Path) -> list[str]:
    """Read ids from a text file, one a line; blank lines and lines from ``#`` on are left out.

    In a tab-separated table with a column ``pdb_id`` that column is read.

    Raises
    ------
    InputError
        If the file is missing or names no entry.
    """
    if not path.is_file():
        raise InputError(path, "no such file; expected a list of entry ids, one a line")
    text = path.read_text()
    columns = text.partition("\n")[0].split("\t")
    if "pdb_id" in columns:
        lines = [row["pdb_id"] for row in csv.DictReader(text.splitlines(), delimiter="\t")]
    else:
        lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    entries = [line for line in lines if line]
    if not entries:
        raise InputError(path, "names no entry; expected ids, one a line")
    return entries
