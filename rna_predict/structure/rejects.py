"""Rows of rejected.tsv, what was left out and why, and of notes.tsv, what to know of the rest."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import pandas as pd


@dataclass(frozen=True)
class Reject:
    """An entry, or one model of a chain, that was left out.

    Attributes
    ----------
    entry : str
        PDB id in lower case, or the stem of the file.
    chain : str
        Author chain id; "" for the whole entry.
    reason : str
        A fixed word for grouping.
    detail : str
        What was found, with numbers; one line.
    model : int
        Number of the model; 0 for the whole entry.
    residues : int
        Length of the full sequence; 0 for the whole entry.
    """

    entry: str
    chain: str
    reason: str
    detail: str
    model: int = 0
    residues: int = 0


@dataclass(frozen=True)
class Note:
    """Something about an entry or chain that was kept nevertheless.

    Attributes
    ----------
    entry, chain : str
        As in :class:`Reject`.
    note : str
        ``unknown_residues`` or ``facts_differ``.
    detail : str
        What was found; one line.
    """

    entry: str
    chain: str
    note: str
    detail: str


def as_table(rows: Sequence[Reject | Note], kind: type[Reject | Note]) -> pd.DataFrame:
    """Lay rows out as a table with the fields of their kind, also where there are none."""
    columns = [field.name for field in fields(kind)]
    return pd.DataFrame([asdict(row) for row in rows], columns=columns, dtype=str)
