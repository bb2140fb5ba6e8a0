"""Read alignments in Stockholm format: rows and reference line, nothing else.

Seeds of families with known structures carry structures read off PDB entries (``#=GR``, ``#=GC``
lines). They are passed over, so that whatever is made from a seed has seen sequences only.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rna_predict.errors import InputError

HEADER: Final = "# STOCKHOLM 1.0"
"""First line of a file."""
REFERENCE: Final = "RF"
"""Name of the line that tells consensus columns from insertions."""


@dataclass(frozen=True)
class Stockholm:
    """An alignment.

    Attributes
    ----------
    names, rows : tuple of str
        Of each sequence; a name may occur more than once, the rows are of one length.
    reference : str
        Letter of each consensus column, a gap elsewhere; "" where the file has no such line.
    """

    names: tuple[str, ...]
    rows: tuple[str, ...]
    reference: str


def read_stockholm(path: Path) -> Stockholm:
    """Read the first alignment of a file, in one block or several.

    Raises
    ------
    InputError
        If the file cannot be read, is not in the format or ends too early, or its rows do not fit.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, f"expected an alignment: {error}") from error
    if not lines or not lines[0].startswith(HEADER):
        raise InputError(path, f"expected {HEADER!r} in the first line")
    names: list[str] = []
    parts: list[list[str]] = []
    reference: list[str] = []
    place = 0  # of the next row within its block; names repeat within one, so they do not tell
    for number, line in enumerate(lines[1:], start=2):
        words = line.split()
        if not words:
            place = 0
        elif words[0] == "//":
            return _joined(path, names, parts, "".join(reference))
        elif line.startswith("#=GC") and len(words) == 3 and words[1] == REFERENCE:
            reference.append(words[2])
        elif not line.startswith("#"):
            if len(words) != 2:
                raise InputError(path, f"line {number}: expected a name and a row, got {line!r}")
            if place == len(names) and all(len(part) == 1 for part in parts):
                names.append(words[0])
                parts.append([])
            if place >= len(names) or names[place] != words[0]:
                raise InputError(path, f"line {number}: {words[0]} is out of the order of rows")
            parts[place].append(words[1])
            place += 1
    raise InputError(path, "cut short: expected '//' at the end")


def _joined(path: Path, names: list[str], parts: list[list[str]], reference: str) -> Stockholm:
    """Join the blocks after checking that all rows are of one length."""
    rows = ["".join(part) for part in parts]
    if not rows:
        raise InputError(path, "an alignment without rows")
    for name, row in zip(names, rows, strict=True):
        if len(row) != len(rows[0]):
            raise InputError(path, f"row {name} has {len(row)} columns, {names[0]} {len(rows[0])}")
    if reference and len(reference) != len(rows[0]):
        what = f"the reference line has {len(reference)} columns, the rows {len(rows[0])}"
        raise InputError(path, what)
    return Stockholm(tuple(names), tuple(rows), reference)
