"""Join tables of one kind, written shard by shard, into one."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rna_predict.errors import InputError
from rna_predict.structure.files import replacing


def merge_tables(tables: list[Path], out: Path) -> None:
    """Join Parquet or TSV tables; rows keep the order of the files and within them.

    Parameters
    ----------
    tables : list of path
        At least one, all of one kind and with the same columns.
    out : path
        ``.parquet`` or ``.tsv``, as the tables; replaced as a whole.

    Raises
    ------
    InputError
        If there are no tables, or their columns or kinds differ.
    """
    if not tables:
        raise InputError(out, "no tables to join")
    kinds = sorted({path.suffix for path in (*tables, out)})
    if kinds == [".parquet"]:
        _merge_parquet(tables, out)
    elif kinds == [".tsv"]:
        _merge_text(tables, out)
    else:
        raise InputError(out, f"expected all .parquet or all .tsv, got {', '.join(kinds)}")


def _merge_parquet(tables: list[Path], out: Path) -> None:
    """Join Parquet tables one row group at a time."""
    schemas = [pq.read_schema(path).remove_metadata() for path in tables]
    for path, schema in zip(tables, schemas, strict=True):
        if schema.names != schemas[0].names:
            raise InputError(path, f"columns {schema.names}, but {schemas[0].names} before")
    try:
        schema = pa.unify_schemas(schemas, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InputError(out, f"columns of different types: {error}") from error
    with (
        replacing(out) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd") as writer,
    ):
        for path in tables:
            with pq.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    table = file.read_row_group(group).replace_schema_metadata()
                    writer.write_table(table.cast(schema))


def _merge_text(tables: list[Path], out: Path) -> None:
    """Join TSV tables line by line, keeping one header."""
    with replacing(out) as temporary, temporary.open("w") as target:
        header = None
        for path in tables:
            with path.open() as lines:
                first = next(lines, "")
                if header is None:
                    header = first
                    target.write(header)
                elif first != header:
                    raise InputError(path, f"header {first!r}, but {header!r} before")
                target.writelines(lines)
