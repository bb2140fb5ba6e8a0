"""Homologs of chains: the rows of their families' seeds, aligned to each chain.

The table serves as a multiple sequence alignment where no other is given (the chain itself is the
first row, which is not in the table) and as the source of bases for homolog substitution (rows
above some identity).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rna_predict.errors import InputError
from rna_predict.families.alignment import (
    FamilyAlignment,
    align_to_chain,
    choose_rows,
    compare_rows,
    family_alignment,
)
from rna_predict.families.covariance_models import CovarianceModel
from rna_predict.structure.files import replacing

MAX_DEPTH: Final = 256
"""Greatest number of homologs of one member."""
MIN_COVERAGE: Final = 0.5
"""Least share of a member's aligned residues at which a homolog has a base."""
HOMOLOG_SCHEMA: Final = pa.schema(
    {
        "chain_id": pa.string(),
        "family": pa.string(),
        "homolog": pa.string(),
        "identity": pa.float32(),
        "coverage": pa.float32(),
        "row": pa.string(),
    }
)
"""``identity`` among, and ``coverage`` of, the residues of the chain that are aligned to the
family; ``row`` has the chain's length, with ``-`` where the homolog has no residue."""


def homolog_table(
    sequences: Mapping[str, str],
    alignments: pd.DataFrame,
    models: Sequence[CovarianceModel],
    seeds: Path | None,
    *,
    max_depth: int = MAX_DEPTH,
    min_coverage: float = MIN_COVERAGE,
) -> tuple[pa.Table, list[str]]:
    """Align the seeds of families to their members.

    Parameters
    ----------
    sequences : mapping of str to str
        Of each chain.
    alignments : DataFrame
        Aligned members, columns of ``ALIGNMENT_SCHEMA``; rows of other chains are not looked at.
    models : sequence of CovarianceModel
        Those that the chains were aligned to.
    seeds : Path, optional
        Folder of seed alignments, ``{accession}.sto``.
    max_depth : int
        Greatest number of homologs of one member.
    min_coverage : float
        Least share of the member's aligned residues at which a homolog has a base.

    Returns
    -------
    table : pyarrow.Table
        Columns of ``HOMOLOG_SCHEMA``; the homologs of a member from the nearest on.
    faults : list of str
        Of each family whose seed cannot be used, why.

    Raises
    ------
    InputError
        If a member's model is not among the models.
    """
    by_digest = {model.digest: model for model in models}
    parts: dict[str, list] = {name: [] for name in HOMOLOG_SCHEMA.names}
    faults: list[str] = []
    members = alignments[alignments["chain_id"].isin(list(sequences))]
    if stray := sorted(set(members["model"]) - set(by_digest)):
        what = f"chain {members[members['model'] == stray[0]]['chain_id'].iloc[0]}"
        raise InputError("models", f"the model (digest {stray[0]}) of {what} is not there")
    for digest, of_family in members.groupby("model", sort=False):
        try:
            alignment = family_alignment(by_digest[digest], seeds)
        except InputError as error:
            faults.append(str(error))
            continue
        for row in of_family.itertuples():
            sequence, columns = sequences[row.chain_id], np.asarray(row.columns)
            found = _homologs(sequence, columns, row.start, alignment, max_depth, min_coverage)
            for values in found:
                for name, value in zip(
                    HOMOLOG_SCHEMA.names, (row.chain_id, row.family, *values), strict=True
                ):
                    parts[name].append(value)
    return pa.table(parts, schema=HOMOLOG_SCHEMA), faults


def write_homologs(table: pa.Table, path: Path) -> None:
    """Write a table of homologs, whole or not at all."""
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def _homologs(
    sequence: str,
    columns: np.ndarray,
    start: int,
    alignment: FamilyAlignment,
    max_depth: int,
    min_coverage: float,
) -> list[tuple[str, float, float, str]]:
    """Give name, identity, coverage and row of the homologs of one member."""
    letters = align_to_chain(alignment, columns, start, len(sequence))
    aligned = start + np.flatnonzero(columns >= 0)
    identity, coverage = compare_rows(letters[:, aligned], "".join(sequence[k] for k in aligned))
    chosen = choose_rows(letters[:, aligned], identity, coverage, min_coverage, max_depth)
    return [
        (alignment.names[k], identity[k], coverage[k], letters[k].tobytes().decode())
        for k in chosen
    ]
