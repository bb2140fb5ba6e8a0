"""Tables of families: all hits on chains (TSV), and how the members are aligned (Parquet)."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rna_predict.errors import InputError
from rna_predict.families.tables import read_table
from rna_predict.structure.chain import Chain
from rna_predict.structure.files import replacing

FAMILY_COLUMNS: Final = {
    "chain_id": "str", "family": "str", "family_name": "str", "start": "int64", "end": "int64",
    "score": "float64", "evalue": "float64", "cm_start": "int64", "cm_end": "int64",
    "coverage": "float64", "truncated": "str", "label": "bool", "lost_to": "str",
}  # fmt: skip
ALIGNMENT_SCHEMA: Final = pa.schema(
    {
        "chain_id": pa.string(),
        "family": pa.string(),
        "model": pa.string(),
        "start": pa.int64(),
        "columns": pa.list_(pa.int32()),
        "posterior": pa.string(),
    }
)
"""Table of aligned members: ``model`` is the digest of the covariance model, the rest as in
:class:`~rna_predict.families.hits.Hit`."""


def chain_sequences(chains: Iterable[Chain]) -> dict[str, str]:
    """Give the sequence of each chain by name; of several models of a chain the first counts."""
    sequences: dict[str, str] = {}
    for chain in chains:
        sequences.setdefault(chain.name, chain.sequence)
    return sequences


def read_families(path: Path) -> pd.DataFrame:
    """Read the table of families with the types of ``FAMILY_COLUMNS``.

    Raises
    ------
    InputError
        If the file is missing or no such table, or a label is neither True nor False.
    """
    table = read_table(path, {**FAMILY_COLUMNS, "label": "str"})
    if stray := sorted(set(table["label"]) - {"True", "False"}):
        raise InputError(path, f"column label: expected True or False, got {stray[0]!r}")
    return table.assign(label=table["label"] == "True")


def write_alignments(rows: Sequence[dict], path: Path) -> None:
    """Write aligned members, whole or not at all; rows have the fields of ``ALIGNMENT_SCHEMA``."""
    with replacing(path) as temporary:
        pq.write_table(
            pa.Table.from_pylist(list(rows), schema=ALIGNMENT_SCHEMA), temporary, compression="zstd"
        )


def read_alignments(path: Path) -> pd.DataFrame:
    """Read a table of aligned members; ``columns`` are arrays.

    Raises
    ------
    InputError
        If the file is missing or no such table.
    """
    try:
        table = pd.read_parquet(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(path, f"expected a table of alignments: {error}") from error
    if missing := [name for name in ALIGNMENT_SCHEMA.names if name not in table.columns]:
        raise InputError(path, f"not a table of alignments: no column {', '.join(missing)}")
    return table
