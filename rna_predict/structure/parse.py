"""One shard of entries: files in, chains and rejects out."""

from dataclasses import asdict, fields
from pathlib import Path

import pandas as pd

from rna_predict.errors import InputError
from rna_predict.structure.chain import Chain
from rna_predict.structure.fetch import read_manifest
from rna_predict.structure.filters import Limits, filter_chains
from rna_predict.structure.mmcif import read_entry
from rna_predict.structure.rejects import Reject


def parse_shard(manifest: Path, raw_dir: Path, limits: Limits) -> tuple[list[Chain], pd.DataFrame]:
    """Read and filter the entries of a shard; a bad entry is a row and the rest goes on.

    Parameters
    ----------
    manifest : path
        Table that :func:`~rna_predict.structure.fetch.fetch_entries` made.
    raw_dir : path
        Folder of the files named in it.
    limits : Limits
        Thresholds of the filters.

    Returns
    -------
    chains : list of Chain
        First models, in the order of the manifest and of the files.
    rejected : DataFrame
        Columns entry, chain, reason, detail. Reasons: ``not_fetched``, ``unreadable``,
        ``not_rna``, ``chain_id_reused`` and those of :mod:`~rna_predict.structure.filters`.

    Raises
    ------
    InputError
        If the manifest itself cannot be read.
    """
    chains: list[Chain] = []
    rejects: list[Reject] = []
    for row in read_manifest(manifest).itertuples():
        if row.status != "ok":
            rejects.append(Reject(row.entry, "", "not_fetched", row.reason))
            continue
        try:
            found, left_out = read_entry(raw_dir / row.path)
        except InputError as error:
            rejects.append(Reject(row.entry, "", "unreadable", one_line(error.what)))
            continue
        kept, filtered = filter_chains(found, limits)
        chains += kept
        rejects += left_out + filtered
    columns = [field.name for field in fields(Reject)]
    return chains, pd.DataFrame([asdict(row) for row in rejects], columns=columns, dtype=str)


def one_line(text: str) -> str:
    """Replace tabs and line ends by blanks, so that a text fits a table."""
    return " ".join(text.split())
