"""Read and write the tables of families, clusters, neighbours, splits and leaks (TSV)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from rna_predict.errors import InputError
from rna_predict.families.components import require_columns
from rna_predict.structure.files import replacing

FAMILIES: Final = {"chain_id": "str", "family": "str", "evalue": "float64"}
CLUSTERS: Final = {"chain_id": "str", "cluster": "str"}
NEIGHBOURS: Final = {"chain_id": "str", "neighbour": "str", "tm": "float64"}
SPLITS: Final = {"chain_id": "str", "component": "str", "split": "str"}
PREVIOUS: Final = {"chain_id": "str", "split": "str", "reason": "str"}
"""Columns that the stages after need, with their types; the files hold more."""


def read_table(path: Path, columns: Mapping[str, str]) -> pd.DataFrame:
    """Read a tab-separated table.

    Parameters
    ----------
    path : Path
        TSV with a header.
    columns : mapping of str to str
        Columns that must be there and their types; all others are read as text. Nothing is taken
        for a missing value: a chain may be named NA.

    Returns
    -------
    DataFrame

    Raises
    ------
    InputError
        If the file is missing or no table, a column is missing, or a value is not of its type.
    """
    try:
        table = pd.read_csv(path, sep="\t", dtype="str", keep_default_na=False)
    except (OSError, pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(path, f"expected a tab-separated table: {error}") from error
    require_columns(table, str(path), list(columns))
    for name, kind in columns.items():
        try:
            table[name] = table[name].astype(kind)
        except ValueError as error:
            raise InputError(path, f"column {name}: {error}") from error
    return table


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a tab-separated table, whole or not at all."""
    with replacing(path) as temporary:
        table.to_csv(temporary, sep="\t", index=False)
