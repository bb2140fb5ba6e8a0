"""Bytes from a server or a folder: one request, its retries, and the rate that all of them share.

A failure is an EntryError whose reason says whose fault it is and whether another try may help:
``not_found``, ``denied`` and ``unreadable`` are answers, ``truncated`` may pass, and ``offline``,
``timeout`` and ``server_error`` are troubles of the server as a whole, counted over all requests.
"""

import re
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from itertools import count
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np

from rna_predict.errors import EntryError

ID: Final = re.compile(r"[A-Za-z0-9_-]+")
"""What an entry's id may hold, as it becomes part of addresses and names of files."""
LOCAL: Final = ("", "file")
SCHEMES: Final = ("https", "http", *LOCAL)
CHUNK: Final = 1 << 16
"""Bytes read at a time; small, so that a low rate is kept evenly."""
GONE: Final = (404, 410)
"""HTTP answers that mean: no such file."""
BUSY: Final = (408, 425, 429)
"""HTTP answers below 500 that another try may change."""
SERVER_TROUBLE: Final = ("offline", "timeout", "server_error")
"""Reasons that say nothing about the file asked for."""
PASSING: Final = (*SERVER_TROUBLE, "truncated", "wrong_bytes")
"""Reasons that another try may change."""
GIVE_UP: Final = 10
"""Requests in a row that fail through the server before nothing more is asked of it."""
LONGEST_PAUSE: Final = 60.0
"""Bound on the pause between two tries (s)."""
LONGEST_WAIT: Final = 600.0
"""Bound on a wait that the server asks for (s); a file for which it asks more is given up."""
NOT_TRIED: Final = "not tried"

Result = TypeVar("Result")


class TransferError(EntryError):
    """A request that failed; ``wait`` is the time (s) that the server asks to be left alone."""

    def __init__(self, where: Path | str, what: str, reason: str, wait: float = 0.0) -> None:
        super().__init__(where, what, reason)
        self.wait = wait

    def __reduce__(self) -> tuple[type, tuple[str | float, ...]]:
        """Let errors pass between processes."""
        return type(self), (self.where, self.what, self.reason, self.wait)


class Rate:
    """A bound on the bytes a second of all threads together: a token bucket without a store.

    Parameters
    ----------
    megabytes : float
        Million bytes a second; 0 is no bound.
    """

    def __init__(self, megabytes: float) -> None:
        self._per_second = 1e6 * megabytes
        self._lock = threading.Lock()
        self._due = 0.0

    def take(self, size: int) -> None:
        """Wait until this many bytes have had their time."""
        if self._per_second:
            with self._lock:
                now = time.monotonic()
                self._due = max(self._due, now) + size / self._per_second
                wait = self._due - now
            time.sleep(wait)


class Server:
    """Retries, and what the requests to one server learn from each other.

    Once a request has used up its tries and the last ``GIVE_UP`` requests of all threads failed
    through the server (no connection, no answer, HTTP 5xx), the server is given up: requests that
    wait stop waiting, later ones fail at once. A ``Retry-After`` holds all threads.

    Parameters
    ----------
    tries : int
        Requests for one file, at least 1.
    pause : float
        Seconds before the second try; doubles with each, up to ``LONGEST_PAUSE``.
    rng : numpy Generator, optional
        Spreads each pause over half to one and a half of its length, so that many clients do not
        come back at the same moment; without it pauses are exact.
    """

    def __init__(self, tries: int, pause: float, rng: np.random.Generator | None = None) -> None:
        self._tries, self._pause, self._rng = tries, pause, rng
        self._lock = threading.Lock()
        self._failures = 0
        self._resume_at = 0.0
        self._closed = threading.Event()
        self._why = ""

    def attempt(self, work: Callable[[], Result]) -> Result:
        """Call ``work`` until it returns.

        Raises
        ------
        EntryError
            That of the last call, if its reason does not pass, or the tries are used up, or the
            server is given up.
        """
        for number in count(1):
            self._closed.wait(max(0.0, self._resume_at - time.monotonic()))
            if self._closed.is_set():
                raise EntryError("", f"{NOT_TRIED}: {self._why}", "offline")
            try:
                result = work()
            except EntryError as error:
                wait = getattr(error, "wait", 0.0)
                last = number >= self._tries or wait > LONGEST_WAIT
                self._note(error, wait, last)
                if error.reason not in PASSING:
                    raise
                if last or self._closed.wait(self._pause_after(number)):
                    tries = f" ({number} tries)" if number > 1 else ""
                    raise EntryError(error.where, error.what + tries, error.reason) from error
            else:
                self._note(None)
                return result

    def close(self, why: str) -> None:
        """Let requests that wait and later ones fail at once."""
        with self._lock:
            self._why = self._why or why
            self._closed.set()

    def _note(self, error: EntryError | None, wait: float = 0.0, last: bool = False) -> None:
        """Count failures of the server; any other outcome shows that it works."""
        with self._lock:
            failed = error is not None and error.reason in SERVER_TROUBLE
            self._failures = self._failures + 1 if failed else 0
            in_a_row = self._failures
            if wait and not last:
                self._resume_at = max(self._resume_at, time.monotonic() + wait)
        if failed and last and in_a_row >= GIVE_UP:
            self.close(f"{in_a_row} requests in a row failed, the last with: {error.what}")

    def _pause_after(self, number: int) -> float:
        """Give the pause after a try (s)."""
        jitter = self._rng.uniform(0.5, 1.5) if self._rng else 1.0
        return min(self._pause * 2 ** (number - 1), LONGEST_PAUSE) * jitter


def read_source(source: str, timeout: float, body: bytes | None = None) -> Iterator[bytes]:
    """Read what a path or an address holds.

    Parameters
    ----------
    source : str
        An ``https://``, ``http://`` or ``file://`` address, or a path.
    timeout : float
        Seconds that a server may be silent.
    body : bytes, optional
        JSON to post to the address.

    Yields
    ------
    bytes
        At most ``CHUNK``.

    Raises
    ------
    TransferError
        As the module says; an answer shorter than its announced length is ``truncated``.
    """
    parts = urlsplit(source)
    if parts.scheme in LOCAL:
        yield from _read_file(source, url2pathname(parts.path) if parts.scheme else source)
        return
    headers = {"User-Agent": "rna-predict"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    came, expected = 0, None
    try:
        request = urllib.request.Request(source, body, headers)
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            expected = answer.headers.get("Content-Length")
            while chunk := answer.read1(CHUNK):  # what there is, to know how much came
                came += len(chunk)
                yield chunk
    except urllib.error.HTTPError as error:
        raise _refusal(source, error) from error
    except (HTTPException, OSError) as error:
        raise _broken(source, error, came, timeout) from error
    if expected and expected.isdigit() and came != int(expected):
        raise TransferError(source, f"{came} bytes of {expected} came", "truncated")


def _read_file(source: str, path: str) -> Iterator[bytes]:
    """Read a file of this machine."""
    try:
        with open(path, "rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except FileNotFoundError as error:
        raise TransferError(source, "no such file", "not_found") from error
    except OSError as error:
        raise TransferError(source, error.strerror or str(error), "unreadable") from error


def _refusal(source: str, error: urllib.error.HTTPError) -> TransferError:
    """Turn an HTTP status into a reason; a service that answers in JSON says more there."""
    what, said = f"HTTP {error.code} {error.reason}", ""
    with error, suppress(OSError, HTTPException):  # what it says is welcome, not needed
        said = " ".join(error.read(300).decode("utf-8", "replace").split())
    if said.startswith("{"):
        what += f": {said}"
    if error.code in GONE:
        return TransferError(source, what, "not_found")
    if error.code not in BUSY and error.code < 500:
        return TransferError(source, what, "denied")
    wait = _retry_after(error.headers.get("Retry-After"))
    if wait > LONGEST_WAIT:
        what += f", asks to wait {wait:.0f} s"
    return TransferError(source, what, "server_error", wait)


def _retry_after(text: str | None) -> float:
    """Read a Retry-After: seconds, or an HTTP date; 0 where there is none that makes sense."""
    if not text:
        return 0.0
    if text.strip().isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _broken(source: str, error: Exception, came: int, timeout: float) -> TransferError:
    """Say why there was no connection, no answer or not all of it."""
    cause = error
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        cause = error.reason
    so_far = f" after {came} bytes" if came else ""
    if isinstance(cause, TimeoutError):
        return TransferError(source, f"silent for {timeout:g} s{so_far}", "timeout")
    if isinstance(cause, socket.gaierror):
        host = urlsplit(source).hostname
        return TransferError(source, f"no address of {host} (DNS): {cause.strerror}", "offline")
    if isinstance(cause, ConnectionRefusedError):
        return TransferError(source, "connection refused", "offline")
    what = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    if came:
        return TransferError(source, f"connection lost{so_far}: {what}", "truncated")
    return TransferError(source, what, "offline")
