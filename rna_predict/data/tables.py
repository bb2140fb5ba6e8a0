"""The tables of the data set as arrays by chain, read with pandas alone."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float32, Int64

from rna_predict.constants import TORSIONS
from rna_predict.errors import InputError

SPLITS = ("train", "validation", "test")
QUARANTINE = "quarantine"
"""Word for a chain that would tie two splits together: it is in none of them."""
STACK = "stack"
"""Word for a stacking contact in the column ``lw``: not a base pair."""

Key = tuple[str, int]
"""A chain and its model."""


@dataclass(frozen=True)
class TablePaths:
    """Files of one data set."""

    chains: Path
    """Chains (parquet)."""
    angles: Path
    """Torsions of each chain (parquet)."""
    pairs: Path
    """Base pairs annotated from the structures (parquet)."""
    probabilities: Path
    """Base-pair probabilities from the sequences (parquet)."""
    splits: Path
    """Split of each chain (TSV)."""
    augmented: Path | None = None
    """Augmented copies of training chains (parquet); none if absent."""
    augmented_angles: Path | None = None
    """Torsions of the copies (parquet)."""
    augmented_probabilities: Path | None = None
    """Base-pair probabilities of the copies (parquet)."""
    consensus: Path | None = None
    """Consensus pairs of the chains' families (parquet); no family is known if absent."""
    homologs: Path | None = None
    """Homologs aligned to the chains (parquet); no alignments if absent."""
    clusters: Path | None = None
    """Cluster of each chain by sequence (TSV); needed where clusters are weighed."""
    templates: Path | None = None
    """Templates of each chain (`data/chain_templates.py`); none are shown if absent."""


def read_splits(path: Path) -> dict[str, str]:
    """Read the split of each chain.

    Parameters
    ----------
    path : path
        TSV with the columns chain_id and split.

    Returns
    -------
    dict
        Chain to ``train``, ``validation`` or ``test``, or ``quarantine``: known, and in no split.

    Raises
    ------
    InputError
        If a column is missing, a chain stands in two rows, or a split has another name.
    """
    table = pd.read_csv(path, sep="\t", keep_default_na=False, dtype=str)
    require_columns(table, ("chain_id", "split"), path)
    if stray := set(table["split"]) - {*SPLITS, QUARANTINE}:
        raise InputError(path, f"splits are {', '.join(SPLITS)}, got {sorted(stray)}")
    if (twice := table["chain_id"].duplicated()).any():
        raise InputError(path, f"a second row of chain {table['chain_id'][twice].iloc[0]}")
    return dict(zip(table["chain_id"], table["split"], strict=True))


def read_clusters(path: Path) -> dict[str, str]:
    """Read the cluster of each chain.

    Raises
    ------
    InputError
        If the column chain_id or cluster is missing.
    """
    table = pd.read_csv(path, sep="\t", keep_default_na=False, dtype=str)
    require_columns(table, ("chain_id", "cluster"), path)
    return dict(zip(table["chain_id"], table["cluster"], strict=True))


def read_torsions(path: Path) -> dict[Key, Float32[np.ndarray, "n 14"]]:
    """Read torsions in the order of ``constants.TORSIONS``, radians, NaN where undefined.

    Raises
    ------
    InputError
        If a column is missing or a row's lists differ in length.
    """
    table = _read(path, ("chain_id", "model", *TORSIONS))
    torsions = {}
    for row in table.itertuples(index=False):
        columns = [np.asarray(getattr(row, name), dtype=np.float32) for name in TORSIONS]
        if len({len(column) for column in columns}) != 1:
            raise InputError(f"{path} chain {row.chain_id}", "torsion lists of different lengths")
        torsions[row.chain_id, int(row.model)] = np.stack(columns, axis=-1)
    return torsions


def read_pairs(path: Path) -> dict[Key, Int64[np.ndarray, "m 2"]]:
    """Read annotated base pairs, 0-based, each once; a chain without any has no entry.

    Raises
    ------
    InputError
        If a column is missing.
    """
    table = _read(path, ("chain_id", "model", "i", "j", "lw"))
    table = table[table["lw"] != STACK].drop_duplicates(["chain_id", "model", "i", "j"])
    return {
        (name, int(model)): rows[["i", "j"]].to_numpy(np.int64)
        for (name, model), rows in table.groupby(["chain_id", "model"], sort=False)
    }


def read_probabilities(
    path: Path,
) -> dict[str, tuple[Int64[np.ndarray, "m 2"], Float32[np.ndarray, " m"]]]:
    """Read base-pair probabilities: pairs (0-based) and values; a chain may have no entry.

    Raises
    ------
    InputError
        If a column is missing.
    """
    table = _read(path, ("chain_id", "i", "j", "probability"))
    return {
        name: (rows[["i", "j"]].to_numpy(np.int64), rows["probability"].to_numpy(np.float32))
        for name, rows in table.groupby("chain_id", sort=False)
    }


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a parquet table and check that it has the columns asked for."""
    table = pd.read_parquet(path)
    require_columns(table, columns, path)
    return table[list(columns)]


def require_columns(table: pd.DataFrame, columns: tuple[str, ...], path: Path) -> None:
    """Refuse a table that lacks a column."""
    if missing := [name for name in columns if name not in table.columns]:
        raise InputError(path, f"no column {', '.join(missing)}; columns: {list(table.columns)}")
