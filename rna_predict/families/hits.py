"""A hit of a covariance model on a sequence, read off Infernal's printed alignment."""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from rna_predict.errors import InputError

GAP: Final = re.compile(r"(<)\[ *(\d+)\]\*|\*\[ *(\d+)\](\*|>)")
"""Part of a printed alignment that stands for columns, or residues, that are not shown: truncated
at the 5' end, in between (a local end), or at the 3' end."""
UNKNOWN_POSTERIOR: Final = "?"
"""Stands for the posterior of a residue that Infernal did not state."""
POSTERIORS: Final = {
    "*": 0.975, "0": 0.025, **{str(digit): digit / 10 for digit in range(1, 10)},
    UNKNOWN_POSTERIOR: 0.5,
}  # fmt: skip
"""Middle of the range of posterior probability that each letter stands for (User's Guide)."""


@dataclass(frozen=True)
class Hit:
    """One aligned part of a sequence; positions and columns are counted from 0.

    Attributes
    ----------
    start, end : int
        Residues of the sequence, end exclusive.
    score : float, bits
    evalue : float
    cm_start, cm_end : int
        Columns of the model, end exclusive.
    truncated : str
        Ends at which the sequence stops before the family does: "", "5'", "3'" or "5'3'".
    columns : tuple of int
        Of each residue its column, -1 for inserted ones; n = end - start of them.
    posterior : str
        Of each residue the letter of ``POSTERIORS`` for the probability of its place.
    """

    start: int
    end: int
    score: float
    evalue: float
    cm_start: int
    cm_end: int
    truncated: str
    columns: tuple[int, ...]
    posterior: str


def read_printed(
    model: str,
    target: str,
    posterior: str,
    *,
    start: int,
    end: int,
    score: float,
    evalue: float,
    cm_start: int,
    cm_end: int,
) -> Hit:
    """Read a hit off the lines that Infernal prints.

    Parameters
    ----------
    model, target, posterior : str
        Lines of one length: consensus letters with ``.`` at insertions; residues, with ``-`` at
        deletions; posterior letters, or "" where none were printed.
    start, end, score, evalue, cm_start, cm_end
        As in :class:`Hit`.

    Returns
    -------
    Hit

    Raises
    ------
    InputError
        If the lines do not end at ``end`` and ``cm_end``.
    """
    posterior = posterior or UNKNOWN_POSTERIOR * len(model)
    columns: list[int] = []
    letters: list[str] = []
    truncated = ""
    column, place = cm_start, 0
    # The number at the 5' end may count columns that a local begin skips: cm_start says the place.
    for gap in GAP.finditer(model):
        shown = slice(place, gap.start())
        column = _shown(model[shown], target[shown], posterior[shown], column, columns, letters)
        hidden = GAP.match(target, gap.start())
        if hidden is None or hidden.end() != gap.end():
            raise InputError("alignment", f"{model!r} does not fit {target!r}")
        residues = int(hidden[2] or hidden[3])
        columns += [-1] * residues
        letters += [UNKNOWN_POSTERIOR] * residues
        truncated += {"<": "5'", ">": "3'"}.get(gap[1] or gap[4], "")
        column += int(gap[3]) if gap[4] == "*" else 0
        place = gap.end()
    column = _shown(model[place:], target[place:], posterior[place:], column, columns, letters)
    if len(columns) != end - start or column != cm_end:
        what = f"{model!r} with {target!r} ends at column {column} after {len(columns)} residues"
        raise InputError("alignment", f"{what}, expected {cm_end} after {end - start}")
    return Hit(
        start=start,
        end=end,
        score=score,
        evalue=evalue,
        cm_start=cm_start,
        cm_end=cm_end,
        truncated=truncated,
        columns=tuple(columns),
        posterior="".join(letters),
    )


def posterior_values(posterior: str) -> Float[np.ndarray, " n"]:
    """Give the probability that each letter stands for."""
    return np.array([POSTERIORS[letter] for letter in posterior], dtype=np.float64)


def _shown(
    model: str,
    target: str,
    posterior: str,
    column: int,
    columns: list[int],
    letters: list[str],
) -> int:
    """Add the residues of a part that is shown, give the column after it."""
    inserted = np.frombuffer(model.encode(), dtype="S1") == b"."
    present = np.frombuffer(target.encode(), dtype="S1") != b"-"
    places: Int[np.ndarray, " k"] = np.where(inserted, -1, column + np.cumsum(~inserted) - 1)
    columns += places[present].tolist()
    letters += np.array(list(posterior), dtype="U1")[present].tolist()
    return column + int((~inserted).sum())
