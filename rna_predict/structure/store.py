"""The chain store: one row a chain in a Parquet file, readable with pandas."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rna_predict.constants import N_SLOTS
from rna_predict.errors import InputError
from rna_predict.structure.chain import Chain
from rna_predict.structure.files import replacing

SCHEMA: Final = pa.schema(
    {
        "chain_id": pa.string(),
        "entry": pa.string(),
        "chain": pa.string(),
        "model": pa.int32(),
        "sequence": pa.string(),
        "residue_names": pa.list_(pa.string()),
        "auth_numbers": pa.list_(pa.int32()),
        "ins_codes": pa.list_(pa.string()),
        "coords": pa.list_(pa.float32()),
        "atom_mask": pa.list_(pa.bool_()),
        "method": pa.string(),
        "title": pa.string(),
        "release_date": pa.string(),
        "resolution": pa.float32(),
        "parent": pa.string(),
        "tier": pa.string(),
    }
)
"""Columns of the store; ``coords`` and ``atom_mask`` are flattened ``[n, 23, 3]`` and
``[n, 23]``, with NaN where no atom was observed."""
ROW_GROUP: Final = 32
"""Chains a row group: what reading one chain has to decompress."""


def write_chains(chains: list[Chain], path: Path) -> None:
    """Write chains to a Parquet file, in their order.

    Parameters
    ----------
    chains : list of Chain
        May be empty.
    path : path
        Replaced as a whole.

    Raises
    ------
    InputError
        If two rows have the same chain id and model.
    """
    seen = set()
    for chain in chains:
        if (chain.name, chain.model) in seen:
            raise InputError(path, f"chain {chain.name} model {chain.model} occurs twice")
        seen.add((chain.name, chain.model))
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer,
    ):
        for start in range(0, len(chains), ROW_GROUP):
            writer.write_table(_table(chains[start : start + ROW_GROUP]))


def read_chains(path: Path) -> list[Chain]:
    """Read all chains of a store, in the order of its rows.

    Raises
    ------
    InputError
        If the file is missing or not a chain store.
    """
    return list(iterate_chains(path))


def iterate_chains(path: Path) -> Iterator[Chain]:
    """Read the chains of a store one after the other, holding ``ROW_GROUP`` of them at a time.

    Raises
    ------
    InputError
        If the file is missing or not a chain store.
    """
    with _open(path) as file:
        for group in range(file.num_row_groups):
            yield from _chains(file.read_row_group(group))


def read_chain(path: Path, chain_id: str, model: int | None = None) -> Chain:
    """Read one chain; only the row group that holds it is read.

    Parameters
    ----------
    path : path
        A chain store.
    chain_id : str
        ``Chain.name``.
    model : int, optional
        Number of the model; by default the first row of that chain.

    Raises
    ------
    InputError
        If the file is missing or not a chain store, or has no such chain.
    """
    with _open(path) as file:
        for group in _candidates(file, chain_id):
            keys = file.read_row_group(group, columns=["chain_id", "model"]).to_pydict()
            for row, key in enumerate(zip(keys["chain_id"], keys["model"], strict=True)):
                if key[0] == chain_id and model in (None, key[1]):
                    return _chains(file.read_row_group(group).slice(row, 1))[0]
    which = chain_id if model is None else f"{chain_id} model {model}"
    raise InputError(path, f"no chain {which}")


def _candidates(file: pq.ParquetFile, chain_id: str) -> list[int]:
    """List the row groups that can hold a chain, by their statistics."""
    column = file.schema_arrow.names.index("chain_id")  # the columns before it are flat
    found = []
    for group in range(file.num_row_groups):
        bounds = file.metadata.row_group(group).column(column).statistics
        if bounds is None or not bounds.has_min_max or bounds.min <= chain_id <= bounds.max:
            found.append(group)
    return found


def _open(path: Path) -> pq.ParquetFile:
    """Open a store and check its columns."""
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(path, f"expected a chain store (Parquet): {error}") from error
    if missing := [name for name in SCHEMA.names if name not in file.schema_arrow.names]:
        file.close()
        raise InputError(path, f"not a chain store: no column {', '.join(missing)}")
    return file


def _table(chains: list[Chain]) -> pa.Table:
    """Convert chains to an Arrow table."""
    columns = {
        "chain_id": [chain.name for chain in chains],
        "coords": [chain.coords.ravel() for chain in chains],
        "atom_mask": [chain.atom_mask.ravel() for chain in chains],
    }
    for name in SCHEMA.names:
        columns.setdefault(name, [getattr(chain, name, None) for chain in chains])
    return pa.table(columns, schema=SCHEMA)


def _chains(table: pa.Table) -> list[Chain]:
    """Convert an Arrow table to chains."""
    arrays = {name: _split(table[name]) for name in ("coords", "atom_mask", "auth_numbers")}
    names = [name for name in SCHEMA.names if name not in arrays and name != "chain_id"]
    chains = []
    for row, facts in enumerate(table.select(names).to_pylist()):
        mask = arrays["atom_mask"][row].reshape(-1, N_SLOTS)
        coords = arrays["coords"][row].astype(np.float32).reshape(*mask.shape, 3)
        coords[~mask] = np.nan
        lists = {name: tuple(facts.pop(name)) for name in ("residue_names", "ins_codes")}
        numbers = arrays["auth_numbers"][row].astype(np.int32)
        chains.append(Chain(coords=coords, atom_mask=mask, auth_numbers=numbers, **lists, **facts))
    return chains


def _split(column: pa.ChunkedArray) -> list[np.ndarray]:
    """Cut a list column into one numpy array a row without going through Python objects."""
    column = column.combine_chunks()
    values = column.values.to_numpy(zero_copy_only=False)
    offsets = column.offsets.to_numpy().tolist()
    return [values[a:b] for a, b in zip(offsets, offsets[1:], strict=False)]
