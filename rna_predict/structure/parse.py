"""One shard of entries: files in, chains and rejects out."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pandas as pd

from rna_predict.constants import UNKNOWN
from rna_predict.errors import InputError
from rna_predict.structure.chain import Chain
from rna_predict.structure.facts import Facts
from rna_predict.structure.fetch import read_manifest
from rna_predict.structure.filters import Limits, filter_chains
from rna_predict.structure.mmcif import NOTHING_KNOWN, read_entry
from rna_predict.structure.rejects import Note, Reject, as_table


def parse_shard(
    manifest: Path,
    raw_dir: Path,
    limits: Limits,
    *,
    models: Literal["first", "all"] = "first",
    facts: Mapping[str, Facts] | None = None,
) -> tuple[list[Chain], pd.DataFrame, pd.DataFrame]:
    """Read and filter the entries of a shard; a bad entry is a row and the rest goes on.

    Parameters
    ----------
    manifest : path
        Table that :func:`~rna_predict.structure.fetch.fetch_entries` made.
    raw_dir : path
        Folder of the files named in it.
    limits : Limits
        Thresholds of the filters.
    models : {"first", "all"}
        Models to read.
    facts : mapping of str to Facts, optional
        By entry: what is known where the files say nothing.

    Returns
    -------
    chains : list of Chain
        In the order of the manifest and of the files.
    rejected : DataFrame
        The fields of :class:`~rna_predict.structure.rejects.Reject`. Reasons: ``not_fetched``,
        ``unreadable``, ``not_rna``, ``chain_id_reused`` and those of
        :mod:`~rna_predict.structure.filters`.
    notes : DataFrame
        The fields of :class:`~rna_predict.structure.rejects.Note`.

    Raises
    ------
    InputError
        If the manifest itself cannot be read.
    """
    chains: list[Chain] = []
    rejects: list[Reject] = []
    notes: list[Note] = []
    for row in read_manifest(manifest).itertuples():
        if row.status != "ok":
            rejects.append(Reject(row.entry, "", "not_fetched", row.reason))
            continue
        known = (facts or {}).get(row.entry, NOTHING_KNOWN)
        try:
            found, left_out = read_entry(raw_dir / row.path, models=models, known=known)
        except InputError as error:
            rejects.append(Reject(row.entry, "", "unreadable", one_line(error.what)))
            continue
        kept, filtered = filter_chains(found, limits)
        chains += kept
        rejects += left_out + filtered
        notes += _notes(kept, known)
    return chains, as_table(rejects, Reject), as_table(notes, Note)


def _notes(kept: list[Chain], known: Facts) -> list[Note]:
    """Note what the file and the table of facts disagree on, and unknown residues."""
    notes = [
        Note(kept[0].entry, "", "facts_differ", one_line(difference))
        for difference in (known.differences(kept[0]) if kept else ())
    ]
    for chain in kept:
        pairs = zip(chain.residue_names, chain.sequence, strict=True)
        unknown = Counter(name for name, letter in pairs if letter == UNKNOWN)
        if unknown and chain.model == kept[0].model:
            found = ", ".join(f"{count} {name}" for name, count in unknown.most_common())
            notes.append(Note(chain.entry, chain.chain, "unknown_residues", found))
    return notes


def one_line(text: str) -> str:
    """Replace tabs and line ends by blanks, so that a text fits a table."""
    return " ".join(text.split())
