"""What the weights of a run are, and how long everything took."""

import hashlib
import json
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path

import pandas as pd

from rna_predict.errors import InputError
from rna_predict.report.tables import read_text_table


@dataclass(frozen=True, eq=False)
class Weights:
    """What the header of a weights file tells."""

    sha256: str
    parameters: int
    megabytes: float
    facts: dict[str, str]
    """Free entries of the header."""


def read_weights(path: Path) -> Weights:
    """Read the header of a safetensors file; the tensors stay on disk.

    The format: eight bytes of length, little-endian, then that many bytes of JSON.

    Raises
    ------
    InputError
        If the file is missing or is no safetensors file.
    """
    if not path.is_file():
        raise InputError(path, "no such file; expected weights")
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > path.stat().st_size:
                raise ValueError(f"a header of {length} bytes in a shorter file")
            header = json.loads(file.read(length))
        facts = header.pop("__metadata__", {})
        parameters = sum(prod(tensor["shape"]) for tensor in header.values())
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(path, f"expected weights as safetensors: {error}") from error
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Weights(digest, parameters, path.stat().st_size / 1e6, facts)


def read_times(folder: Path | None) -> pd.DataFrame:
    """Read snakemake's benchmark files.

    Parameters
    ----------
    folder : path or None
        Files ``{rule}.tsv`` and ``{rule}/**.tsv``; the first part of the path is the rule.

    Returns
    -------
    DataFrame
        rule, jobs, seconds (sum), longest (s), memory (MB, the greatest; NaN where a job was too
        short to be measured), most time first.

    Raises
    ------
    InputError
        If the folder is missing or a file is malformed.
    """
    columns = ["rule", "jobs", "seconds", "longest", "memory"]
    if folder is None:
        return pd.DataFrame(columns=columns)
    if not folder.is_dir():
        raise InputError(folder, "no such folder; expected snakemake's benchmark files")
    rows = []
    for path in sorted(folder.rglob("*.tsv")):
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        table = read_text_table(
            path, {"s": float, "max_rss": float}, "times of a job, written by snakemake"
        )
        rows += [(rule, s, rss) for s, rss in zip(table["s"], table["max_rss"], strict=True)]
    jobs = pd.DataFrame(rows, columns=["rule", "s", "max_rss"])
    times = jobs.groupby("rule", as_index=False).agg(
        jobs=("s", "size"), seconds=("s", "sum"), longest=("s", "max"), memory=("max_rss", "max")
    )
    return times.sort_values("seconds", ascending=False, ignore_index=True)
