"""Read the tables of a run, saying of each what is missing and where."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from rna_predict.errors import InputError

TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
BLANKS = {"", "nan", "na", "-"}
"""Cells of a number that is not known."""


def read_text_table(
    path: Path,
    columns: Mapping[str, type],
    what: str,
    optional: Mapping[str, type] | None = None,
    separator: str = "\t",
) -> pd.DataFrame:
    """Read a TSV or CSV file with typed columns.

    Parameters
    ----------
    columns : mapping of name to type
        Columns that must be there: ``str``, ``float``, ``int`` or ``bool``.
    what : str
        What the table is, for messages.
    optional : mapping, optional
        Columns that may be there.

    Returns
    -------
    DataFrame
        The named columns; text is never taken for a missing value (a chain may be called NA), and
        an empty number is NaN.

    Raises
    ------
    InputError
        If the file is missing, lacks a column, or a cell is not of its type.
    """
    table = _read_text(path, what, separator)
    _require_columns(path, what, columns, list(table.columns))
    wanted = dict(columns) | {k: v for k, v in (optional or {}).items() if k in table.columns}
    return pd.DataFrame(
        {name: _typed(path, name, table[name], kind) for name, kind in wanted.items()}
    )


def read_parquet_table(path: Path, columns: list[str], what: str) -> pd.DataFrame:
    """Read some columns of a parquet file.

    Raises
    ------
    InputError
        If the file is missing, is not parquet or lacks a column.
    """
    _require(path, what)
    try:
        names = pq.read_schema(path).names
        _require_columns(path, what, columns, names)
        return pd.read_parquet(path, columns=columns)
    except pa.ArrowInvalid as error:
        raise InputError(path, f"expected {what} as parquet: {error}") from error


def read_json(path: Path, what: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    InputError
        If the file is missing or holds something else.
    """
    _require(path, what)
    try:
        record = json.loads(path.read_text())
    except ValueError as error:
        raise InputError(path, f"expected {what} as JSON: {error}") from error
    if not isinstance(record, dict):
        raise InputError(path, f"expected {what} as a JSON object, got {type(record).__name__}")
    return record


def read_yaml(path: Path, what: str) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises
    ------
    InputError
        If the file is missing or holds something else.
    """
    _require(path, what)
    try:
        record = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise InputError(path, f"expected {what} as YAML: {error}") from error
    if not isinstance(record, dict):
        raise InputError(path, f"expected {what} as a mapping, got {type(record).__name__}")
    return record


def _read_text(path: Path, what: str, separator: str) -> pd.DataFrame:
    """Read a table of text; no cell is taken for a missing value."""
    _require(path, what)
    try:
        return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
    except pd.errors.EmptyDataError:
        raise InputError(path, f"an empty file; expected {what} with a header line") from None
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise InputError(path, f"expected {what}: {error}") from error


def _require(path: Path, what: str) -> None:
    """Raise if a file is not there."""
    if not path.is_file():
        raise InputError(path, f"no such file; expected {what}")


def _require_columns(path: Path, what: str, columns: Any, found: list[str]) -> None:
    """Raise if a column is not there, naming those that are."""
    if missing := [name for name in columns if name not in found]:
        raise InputError(
            path, f"{what}: no column {', '.join(missing)}; columns found: {', '.join(found)}"
        )


def _typed(path: Path, name: str, column: pd.Series, kind: type) -> pd.Series:
    """Convert a column of text to its type."""
    if kind is str:
        return column
    if kind is bool:
        values = column.str.strip().str.lower().map(TRUTHS)
        bad = values.isna()
    else:
        blank = column.str.strip().str.lower().isin(BLANKS)
        values = pd.to_numeric(column.mask(blank), errors="coerce").astype(float)
        bad = values.isna() & ~blank
        if kind is int:
            bad |= blank
    if bad.any():
        row = int(bad.to_numpy().argmax())
        raise InputError(
            path, f"row {row + 1} column {name}: expected {kind.__name__}, got {column[row]!r}"
        )
    return values.astype(kind)
