"""Bring PDB entries from a mirror: over the network, or from a folder laid out like one."""

import gzip
import hashlib
import re
import shutil
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from http.client import HTTPException
from io import BufferedIOBase
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pandas as pd

from rna_predict.errors import EntryError, InputError
from rna_predict.structure.files import replacing

ID: Final = re.compile(r"[A-Za-z0-9_-]+")
"""What an id may hold, so that a name cannot lead out of the folder."""
SCHEMES: Final = ("https", "http", "file", "")
GONE: Final = (400, 401, 403, 404, 410)
"""HTTP answers that another try does not change."""
CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class Fetched:
    """One row of a manifest.

    Attributes
    ----------
    entry : str
        Id in lower case.
    status : str
        "ok" or "failed".
    path : str
        File name below the folder; "" if failed.
    sha256 : str
    bytes : int
        Size of the file.
    reason : str
        "" or why it failed: a word (``bad_id``, ``not_found``, ``offline``, ``truncated``,
        ``wrong_bytes``), a colon and the details.
    """

    entry: str
    status: str
    path: str = ""
    sha256: str = ""
    bytes: int = 0
    reason: str = ""


def fetch_entries(
    ids: Iterable[str],
    source_template: str,
    raw_dir: Path,
    jobs: int = 4,
    *,
    tries: int = 4,
    pause: float = 1.0,
    timeout: float = 60.0,
) -> pd.DataFrame:
    """Bring entries into a folder as ``{id}.cif.gz``; those that are there and whole stay.

    Parameters
    ----------
    ids : iterable of str
        PDB ids; upper and lower case are the same.
    source_template : str
        An ``https://``, ``http://`` or ``file://`` address or a path, with ``{id}`` where the
        id goes, ending in ``.cif.gz`` or ``.cif`` (compressed on arrival).
    raw_dir : path
        Where files go; each appears whole or not at all.
    jobs : int
        Entries at a time.
    tries : int
        For failures that may pass: no connection, server errors, damaged data.
    pause : float
        Seconds before the second try; doubles with each.
    timeout : float
        Seconds that a server may be silent.

    Returns
    -------
    DataFrame
        The fields of :class:`Fetched`, one row an id in the order given; failures are rows.

    Raises
    ------
    InputError
        If the template cannot be used.
    """
    parts = urlsplit(source_template)
    if "{id}" not in source_template or not parts.path.endswith((".cif.gz", ".cif")):
        raise InputError(source_template, "expected {id} in it and .cif.gz or .cif at its end")
    if parts.scheme not in SCHEMES:
        raise InputError(source_template, f"expected one of {SCHEMES[:3]} or a path")

    def fetch(entry: str) -> Fetched:
        for attempt in range(tries):
            try:
                return _fetch_entry(entry, source_template, raw_dir, timeout)
            except EntryError as error:
                failure = f"{error.reason}: {error.what}"
                if error.reason in ("bad_id", "not_found") or attempt == tries - 1:
                    break
            time.sleep(pause * 2**attempt)
        return Fetched(entry, "failed", reason=" ".join(failure.split()))

    with ThreadPoolExecutor(jobs) as pool:
        rows = list(pool.map(fetch, (entry.lower() for entry in ids)))
    columns = [field.name for field in fields(Fetched)]
    return pd.DataFrame([asdict(row) for row in rows], columns=columns)


def read_manifest(path: Path) -> pd.DataFrame:
    """Read a table that :func:`fetch_entries` made and a script wrote as TSV.

    Raises
    ------
    InputError
        If it is missing or lacks columns.
    """
    if not path.is_file():
        raise InputError(path, "no such file; expected a manifest of fetched entries")
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    expected = [field.name for field in fields(Fetched)]
    if list(table.columns) != expected:
        raise InputError(path, f"expected the columns {expected}, got {list(table.columns)}")
    return table


def _fetch_entry(entry: str, template: str, raw_dir: Path, timeout: float) -> Fetched:
    """Bring one entry, or raise EntryError."""
    if not ID.fullmatch(entry):
        raise EntryError(entry, "an id has letters, digits, _ and - only", "bad_id")
    path = raw_dir / f"{entry}.cif.gz"
    if path.is_file() and _damage(path) is None:
        return _row(entry, path)
    source = template.replace("{id}", entry)
    with replacing(path) as temporary:
        _transfer(source, temporary, timeout)
        if not urlsplit(source).path.endswith(".gz"):
            temporary.write_bytes(gzip.compress(temporary.read_bytes(), mtime=0))
        if damage := _damage(temporary):
            raise EntryError(source, damage, "wrong_bytes")
    return _row(entry, path)


def _transfer(source: str, target: Path, timeout: float) -> None:
    """Copy what an address or path holds into a file, or raise EntryError."""
    parts = urlsplit(source)
    if parts.scheme in ("", "file"):
        try:
            shutil.copyfile(url2pathname(parts.path) if parts.scheme else source, target)
        except FileNotFoundError as error:
            raise EntryError(source, "no such file", "not_found") from error
        except OSError as error:
            raise EntryError(source, str(error), "offline") from error
        return
    request = urllib.request.Request(source, headers={"User-Agent": "rna-predict"})
    try:
        with (
            urllib.request.urlopen(request, timeout=timeout) as answer,
            target.open("wb") as file,
        ):
            size = _copy(answer, file)
            expected = answer.headers.get("Content-Length")
    except urllib.error.HTTPError as error:
        error.close()
        reason = "not_found" if error.code in GONE else "offline"
        raise EntryError(source, f"HTTP {error.code} {error.reason}", reason) from error
    except (urllib.error.URLError, HTTPException, OSError) as error:
        raise EntryError(source, str(error), "offline") from error
    if expected is not None and size != int(expected):
        raise EntryError(source, f"{size} bytes of {expected} came", "truncated")


def _copy(source: BufferedIOBase, target: BufferedIOBase) -> int:
    """Copy a stream and count its bytes."""
    size = 0
    while chunk := source.read(CHUNK):
        target.write(chunk)
        size += len(chunk)
    return size


def _damage(path: Path) -> str | None:
    """Say what is wrong with a file that should be gzipped mmCIF, or None; reads it to its end."""
    start, has_atoms, tail = b"", False, b""
    try:
        with gzip.open(path) as file:
            while chunk := file.read(CHUNK):
                start = start or chunk.lstrip()[:100]
                has_atoms = has_atoms or b"_atom_site." in tail + chunk
                tail = chunk[-16:]
    except (OSError, EOFError, zlib.error) as error:
        return f"not a whole gzip file: {error}"
    if not has_atoms:
        return f"not an mmCIF file with atoms; it begins with {start[:40]!r}"
    return None


def _row(entry: str, path: Path) -> Fetched:
    """Describe a whole file."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Fetched(entry, "ok", path.name, digest, path.stat().st_size)
