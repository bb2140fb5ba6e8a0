"""Facts about entries from a table: method, resolution, release date, checksum.

Files that went through other programs often lack them. Where a file has a value, the file wins.
"""

import csv
import math
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from rna_predict.errors import InputError
from rna_predict.structure.chain import Chain

KEY: Final = "pdb_id"
RESOLUTION_DIFFERS: Final = 0.005
"""Resolutions further apart than rounding to two decimals explains (angstrom)."""


@dataclass(frozen=True)
class Facts:
    """What is known about one entry.

    Attributes
    ----------
    method, release_date : str
        "" where unknown; dates are ISO, ``YYYY-MM-DD``.
    resolution : float
        Angstrom; NaN where unknown.
    sha256 : str
        Of the entry's file; "" where unknown.
    """

    method: str = ""
    resolution: float = math.nan
    release_date: str = ""
    sha256: str = ""

    def fill(self, method: str, resolution: float, release_date: str) -> dict[str, str | float]:
        """Give the facts of a Chain: those of a file, and for what it lacks those of the table."""
        return {
            "method": method or self.method,
            "resolution": self.resolution if math.isnan(resolution) else resolution,
            "release_date": release_date or self.release_date,
        }

    def differences(self, chain: Chain) -> list[str]:
        """Say where the file of a chain that was filled from here has other values.

        Parameters
        ----------
        chain : Chain

        Returns
        -------
        list of str
            One phrase a fact; empty if they agree.
        """
        found = []
        if self.method and self.method.casefold() != chain.method.casefold():
            found.append(f"method {chain.method} in the file, {self.method} in the table")
        if abs(self.resolution - chain.resolution) > RESOLUTION_DIFFERS:
            ours, theirs = chain.resolution, self.resolution
            found.append(f"resolution {ours:g} A in the file, {theirs:g} A in the table")
        if self.release_date and self.release_date != chain.release_date:
            ours, theirs = chain.release_date, self.release_date
            found.append(f"release {ours} in the file, {theirs} in the table")
        return found


def read_facts(path: Path) -> dict[str, Facts]:
    """Read a table of facts about entries.

    Parameters
    ----------
    path : path
        TSV in UTF-8 with a header: the column ``pdb_id`` and any of ``method``, ``resolution``
        (angstrom), ``release_date`` (YYYY-MM-DD) and ``sha256``. Other columns are left out, an
        empty field is an unknown fact.

    Returns
    -------
    dict of str to Facts
        By entry in lower case.

    Raises
    ------
    InputError
        Naming the file, and where it applies row and column: no such file, no such columns, a row
        of another length, an id that is empty or stands in two rows, a value of another form.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(path, f"expected a table of facts (TSV): {error}") from error
    header = rows[0] if rows else []
    columns = {name: at for at, name in enumerate(header) if name in READERS}
    if KEY not in header or not columns or len(set(header)) < len(header):
        expected = f"{KEY} and any of {', '.join(READERS)}, each once"
        raise InputError(f"{path} row 1", f"expected the columns {expected}, got {header}")
    facts: dict[str, Facts] = {}
    for number, row in enumerate(rows[1:], start=2):
        where = f"{path} row {number}"
        if len(row) != len(header):
            raise InputError(where, f"expected {len(header)} fields, got {len(row)}")
        entry = row[header.index(KEY)].strip().lower()
        if not entry or entry in facts:
            what = f"entry {entry} is in a row above" if entry else "expected an id, got nothing"
            raise InputError(f"{where} column {KEY}", what)
        values = {}
        for name, at in columns.items():
            if text := row[at].strip():
                try:
                    values[name] = READERS[name](text)
                except ValueError as error:
                    raise InputError(f"{where} column {name}", f"{error}, got {text!r}") from None
        facts[entry] = Facts(**values)
    return facts


def _resolution(text: str) -> float:
    """Read a resolution, or say what was expected."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ValueError("expected a resolution in angstrom")
    return value


def _date(text: str) -> str:
    """Check a date, or say what was expected."""
    try:
        day = date.fromisoformat(text).isoformat()
    except ValueError:
        day = ""
    if day != text:
        raise ValueError("expected a date as YYYY-MM-DD")
    return day


def _sha256(text: str) -> str:
    """Check a checksum, or say what was expected."""
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise ValueError("expected 64 hexadecimal digits")
    return text.lower()


READERS: Final = {
    "method": str,
    "resolution": _resolution,
    "release_date": _date,
    "sha256": _sha256,
}
"""Columns and how their fields are read."""
