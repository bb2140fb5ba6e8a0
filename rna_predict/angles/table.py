"""Torsion tables of many chains: one row a chain, one list column an angle."""

import json
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float32

from rna_predict.angles.pucker import NU, pseudorotation
from rna_predict.angles.torsions import backend_version, measure_torsions
from rna_predict.constants import TORSIONS
from rna_predict.errors import InputError
from rna_predict.structure.chain import Chain
from rna_predict.structure.files import replacing
from rna_predict.structure.links import linked_to_previous

BACKENDS: Final = ("mdanalysis", "dssr")
"""What measures: MDAnalysis, or the licensed program x3dna-dssr on PATH."""
COLUMNS: Final = (*TORSIONS, "phase", "amplitude")
"""The torsions and the pucker, in the order of every angle table."""
SCHEMA: Final = pa.schema(
    {"chain_id": pa.string(), "model": pa.int32()}
    | {name: pa.list_(pa.float32()) for name in COLUMNS}
)


def measure_angles(chains: list[Chain], backend: str) -> list[Float32[np.ndarray, "n 16"]]:
    """Measure all angles of some chains at once.

    Parameters
    ----------
    chains : list of Chain
        Models of one chain are chains of one name.
    backend : str
        One of ``BACKENDS``.

    Returns
    -------
    list of (n, 16) float32, radians
        One array a chain, columns as ``COLUMNS``: torsions in (-pi, pi], phase in [0, 2 pi).
        NaN = undefined: an atom is missing, or the torsion would cross a chain break.

    Raises
    ------
    InputError
        If there is no such backend, or it is not installed or fails.
    """
    return _measure(chains, backend)[0]


def angle_table(chains: list[Chain], backend: str) -> pa.Table:
    """Measure the angles of some chains and lay them out as a table.

    Parameters
    ----------
    chains, backend
        As in :func:`measure_angles`.

    Returns
    -------
    pyarrow.Table
        ``SCHEMA``, one row a chain in their order; radians, NaN = undefined. The metadata of its
        schema names the backend and the version of its program.

    Raises
    ------
    InputError
        As :func:`measure_angles`.
    """
    angles, version = _measure(chains, backend)
    columns = {
        "chain_id": [chain.name for chain in chains],
        "model": [chain.model for chain in chains],
    }
    for index, name in enumerate(COLUMNS):
        columns[name] = [array[:, index] for array in angles]
    source = {"backend": backend, "version": version}
    return pa.table(columns, schema=SCHEMA.with_metadata(source))


def write_angles(table: pa.Table, path: Path) -> None:
    """Write an angle table to a Parquet file, replaced as a whole."""
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", row_group_size=256)


def read_angles(path: Path) -> dict[tuple[str, int], Float32[np.ndarray, "n 16"]]:
    """Read an angle table by chain id and model; columns as ``COLUMNS``, radians.

    Raises
    ------
    InputError
        If the file is missing or not an angle table.
    """
    try:
        table = pq.read_table(path, columns=SCHEMA.names)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(path, f"expected an angle table (Parquet): {error}") from error
    if missing := [name for name in SCHEMA.names if name not in table.column_names]:
        raise InputError(path, f"not an angle table: no column {', '.join(missing)}")
    lists = [table[name].to_numpy() for name in COLUMNS]
    keys = zip(table["chain_id"].to_pylist(), table["model"].to_pylist(), strict=True)
    return {
        key: np.stack([column[row] for column in lists], axis=1) for row, key in enumerate(keys)
    }


def write_manifest(path: Path, table: pa.Table) -> None:
    """Record which program of which version measured a table of :func:`angle_table` (JSON)."""
    source = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(source) + "\n")


def _measure(chains: list[Chain], backend: str) -> tuple[list[np.ndarray], str]:
    """Measure; give the arrays of :func:`measure_angles` and the version of the program."""
    if backend not in BACKENDS:
        raise InputError(f"angle backend {backend}", f"expected one of {', '.join(BACKENDS)}")
    if backend == "dssr":
        from rna_predict.angles.dssr import run_dssr  # with gemmi, for files

        angles, version = run_dssr(chains)
    else:
        angles, version = _run_mdanalysis(chains)
    for array in angles:
        torsions = array[:, : len(TORSIONS)]
        torsions[torsions <= -np.float32(np.pi)] = np.float32(np.pi)
    return angles, version


def _run_mdanalysis(chains: list[Chain]) -> tuple[list[np.ndarray], str]:
    """Measure all chains with MDAnalysis in one go."""
    if not chains:
        return [], backend_version()
    linked = [linked_to_previous(chain.coords, chain.auth_numbers) for chain in chains]
    torsions = measure_torsions(
        np.concatenate([chain.coords for chain in chains]),
        np.concatenate([chain.kinds for chain in chains]),
        np.concatenate(linked),
    )
    phase, amplitude = pseudorotation(torsions[:, NU])
    angles = np.column_stack([torsions, phase, amplitude])
    return np.split(angles, np.cumsum([len(chain) for chain in chains])[:-1]), backend_version()
