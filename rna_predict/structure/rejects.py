"""Rows of rejected.tsv: what was left out, and why."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reject:
    """An entry or chain that was left out.

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
    """

    entry: str
    chain: str
    reason: str
    detail: str
