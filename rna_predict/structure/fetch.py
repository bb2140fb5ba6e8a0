"""Bring PDB entries from a mirror: over the network, or from a folder laid out like one."""

import gzip
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
from tqdm import tqdm

from rna_predict.errors import EntryError, InputError
from rna_predict.structure.checked import Journal, check_file
from rna_predict.structure.facts import Facts
from rna_predict.structure.files import replacing
from rna_predict.structure.transfer import (
    ID,
    LOCAL,
    NOT_TRIED,
    SCHEMES,
    Rate,
    Server,
    read_source,
)

LOG_EVERY: Final = 30.0
"""Seconds between two lines of the log."""

log = logging.getLogger(__name__)


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
        "" or why it failed: a word, a colon and the details. Words: ``bad_id``, ``wrong_bytes``
        (not a whole gzipped mmCIF file), ``wrong_checksum`` and those of
        :mod:`~rna_predict.structure.transfer`.
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
    facts: Mapping[str, Facts] | None = None,
    checked: Path | None = None,
    rate: float = 0.0,
    tries: int = 4,
    pause: float = 1.0,
    timeout: float = 60.0,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Bring entries into a folder as ``{id}.cif.gz``; those that are there and whole stay.

    Every file that arrives is unpacked to its end, so that its CRC is checked, and must be mmCIF
    with atoms; where its checksum is known it must have that.

    Parameters
    ----------
    ids : iterable of str
        PDB ids; upper and lower case are the same.
    source_template : str
        An ``https://``, ``http://`` or ``file://`` address or a path, ending in ``.cif.gz`` or
        ``.cif`` (compressed on arrival). The id replaces ``{id}``, and its two letters before the
        last, by which divided mirrors name their folders, replace ``{middle}``.
    raw_dir : path
        Where files go; each appears whole or not at all.
    jobs : int
        Entries at a time.
    facts : mapping of str to Facts, optional
        By entry: checksums of the files of the mirror.
    checked : path, optional
        Journal of checked files, made where it is missing: a file that still has the size and
        time noted there is not read again. One process at a time may use it.
    rate : float
        Bound on all downloads together (million bytes a second); 0 is none.
    tries : int
        For failures that may pass: no connection, server errors, damaged data. A folder is asked
        once.
    pause : float
        Seconds before the second try; doubles with each.
    timeout : float
        Seconds that a server may be silent.
    rng : numpy Generator, optional
        Spreads the pauses; without it they are exact.

    Returns
    -------
    DataFrame
        The fields of :class:`Fetched`, one row an id in the order first given; failures are rows.
        Once a server does not answer at all, the rest is not tried: see :func:`outage`.

    Raises
    ------
    InputError
        If the template or the folder cannot be used.
    """
    parts = urlsplit(source_template)
    if "{id}" not in source_template or not parts.path.endswith((".cif.gz", ".cif")):
        raise InputError(source_template, "expected {id} in it and .cif.gz or .cif at its end")
    if parts.scheme not in SCHEMES:
        raise InputError(source_template, f"expected one of {SCHEMES[:2]}, file or a path")
    server = Server(1 if parts.scheme in LOCAL else tries, pause, rng)
    fetcher = _Fetcher(source_template, Path(raw_dir), facts or {}, checked, Rate(rate), timeout)
    entries = list(dict.fromkeys(entry.lower() for entry in ids))
    with ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(fetcher.fetch, entry, server): entry for entry in entries}
        try:
            rows = {futures[future]: future.result() for future in _progress(futures)}
        except BaseException as error:
            server.close("interrupted")
            pool.shutdown(cancel_futures=True)
            if isinstance(error, OSError):
                raise InputError(raw_dir, f"the folder cannot be used: {error}") from error
            raise
    columns = [field.name for field in fields(Fetched)]
    return pd.DataFrame([asdict(rows[entry]) for entry in entries], columns=columns)


def outage(table: pd.DataFrame) -> str:
    """Say how many entries a run is missing because the server was out of reach, or give "".

    Parameters
    ----------
    table : DataFrame
        As :func:`fetch_entries` returns it.
    """
    reasons = table["reason"][table["reason"].str.startswith("offline: ")]
    if reasons.empty:
        return ""
    count = f"{len(reasons)} of {len(table)} entries are missing"
    return f"the server is out of reach, {count}; a further run fetches them: {reasons.iloc[0]}"


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


class _Fetcher:
    """What the fetching of one entry needs."""

    def __init__(
        self,
        template: str,
        raw_dir: Path,
        facts: Mapping[str, Facts],
        checked: Path | None,
        rate: Rate,
        timeout: float,
    ) -> None:
        self.template, self.raw_dir, self.facts = template, raw_dir, facts
        self.rate, self.timeout = rate, timeout
        self.packed = urlsplit(template).path.endswith(".gz")
        self.journal = Journal(checked) if checked else None

    def fetch(self, entry: str, server: Server) -> Fetched:
        """Bring one entry, or give the row of its failure."""
        try:
            if not ID.fullmatch(entry):
                raise EntryError(entry, "an id has letters, digits, _ and - only", "bad_id")
            return self.present(entry) or server.attempt(lambda: self.bring(entry))
        except EntryError as error:
            reason = " ".join(f"{error.reason}: {error.what}".split())
            log.log(logging.DEBUG if NOT_TRIED in reason else logging.WARNING, f"{entry}: {reason}")
            return Fetched(entry, "failed", reason=reason)

    def present(self, entry: str) -> Fetched | None:
        """Give the row of an entry whose file is there and whole."""
        path = self.raw_dir / f"{entry}.cif.gz"
        if not path.is_file():
            return None
        wanted = self.wanted(entry)
        sha256 = self.journal.sha256(path) if self.journal else ""
        if sha256 and (not wanted or (self.packed and sha256 == wanted)):
            return Fetched(entry, "ok", path.name, sha256, path.stat().st_size)
        try:
            return self.row(entry, path, check_file(path, wanted, of_text=not self.packed))
        except EntryError as error:
            log.warning(f"{entry}: the file that is there is fetched again: {error.what}")
            return None

    def bring(self, entry: str) -> Fetched:
        """Fetch and check the file of an entry."""
        path = self.raw_dir / f"{entry}.cif.gz"
        source = self.template.replace("{middle}", entry[-3:-1]).replace("{id}", entry)
        with replacing(path) as temporary:
            with temporary.open("wb") as file, self.packing(file) as target:
                for chunk in read_source(source, self.timeout):
                    self.rate.take(len(chunk))
                    target.write(chunk)
            sha256 = check_file(temporary, self.wanted(entry), of_text=not self.packed)
        return self.row(entry, path, sha256)

    def packing(self, file: BinaryIO) -> AbstractContextManager[BinaryIO | gzip.GzipFile]:
        """Compress what is written to a file, unless it comes compressed."""
        return nullcontext(file) if self.packed else gzip.GzipFile("", "wb", 6, file, mtime=0)

    def wanted(self, entry: str) -> str:
        """Give the checksum that the file of the mirror should have, or ""."""
        return self.facts[entry].sha256 if entry in self.facts else ""

    def row(self, entry: str, path: Path, sha256: str) -> Fetched:
        """Give the row of a file that was checked just now, and note it in the journal."""
        if self.journal:
            self.journal.note(path, sha256)
        return Fetched(entry, "ok", path.name, sha256, path.stat().st_size)


def _progress(futures: Mapping[Future[Fetched], str]) -> Iterator[Future[Fetched]]:
    """Give futures as they end, with a bar on a terminal and a line in the log now and then."""
    started = logged = time.monotonic()
    done = failed = size = 0
    # A disable of None hides the bar where stderr is not a terminal.
    for future in tqdm(as_completed(futures), "fetch", len(futures), disable=None, unit="entry"):
        yield future
        row = future.result()
        done, failed, size = done + 1, failed + (row.status != "ok"), size + row.bytes
        now = time.monotonic()
        if now - logged > LOG_EVERY or done == len(futures):
            logged = now
            log.info(
                f"{done} of {len(futures)} entries, {failed} failed, {size / 1e6:.1f} MB,"
                f" {now - started:.0f} s"
            )
