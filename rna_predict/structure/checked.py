"""Whole gzipped mmCIF files, and a journal of those that were found whole."""

import hashlib
import zlib
from pathlib import Path
from typing import Final

from rna_predict.errors import EntryError
from rna_predict.structure.transfer import CHUNK

GZIP: Final = 31
"""zlib's window size for a gzip header and its checksum."""


def check_file(path: Path, wanted: str = "", *, of_text: bool = False) -> str:
    """Read a file that should be gzipped mmCIF to its end.

    Parameters
    ----------
    path : path
    wanted : str
        SHA-256 it should have, in lower case; "" if unknown.
    of_text : bool
        Whether ``wanted`` is that of the unpacked text.

    Returns
    -------
    str
        SHA-256 of the file.

    Raises
    ------
    EntryError
        With the reason ``wrong_bytes`` or ``wrong_checksum``.
    OSError
        If it cannot be read.
    """
    packed, unpacked = hashlib.sha256(), hashlib.sha256()
    has_atoms, start, tail = False, b"", b""
    inflate = zlib.decompressobj(GZIP)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            start = start or chunk[:40]
            packed.update(chunk)
            while chunk:
                try:
                    text = inflate.decompress(chunk)
                except zlib.error as error:
                    what = f"not a whole gzip file: {error}; it begins with {start!r}"
                    raise EntryError(path, what, "wrong_bytes") from error
                if of_text:
                    unpacked.update(text)
                has_atoms = has_atoms or b"_atom_site." in tail + text
                tail = text[-16:]
                chunk = inflate.unused_data.lstrip(b"\0")
                if chunk:  # gzip files may follow one another
                    inflate = zlib.decompressobj(GZIP)
    if not inflate.eof:
        raise EntryError(path, "not a whole gzip file: it ends too early", "wrong_bytes")
    if not has_atoms:
        raise EntryError(path, "not an mmCIF file with atoms", "wrong_bytes")
    found = (unpacked if of_text else packed).hexdigest()
    if wanted and found != wanted:
        raise EntryError(path, f"expected SHA-256 {wanted}, got {found}", "wrong_checksum")
    return packed.hexdigest()


class Journal:
    """Which files were checked: lines of name, size, time (ns) and SHA-256, added one by one.

    A run that is killed loses nothing, and a file that is rewritten is no longer in it.

    Parameters
    ----------
    path : path
        Made where it is missing. One process at a time may add to it, with any number of threads.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text().splitlines() if path.is_file() else []
        rows = [line.split("\t") for line in lines]
        # A line that a kill cut short only costs another check.
        self._seen = {tuple(row[:3]): row[3] for row in rows if len(row) == 4 and len(row[3]) == 64}

    def sha256(self, path: Path) -> str:
        """Give the SHA-256 of a file as it was checked, or "" if that was never or another."""
        return self._seen.get(_state(path), "")

    def note(self, path: Path, sha256: str) -> None:
        """Add a file that was found whole."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:  # one short write, so that lines do not mix
            file.write("\t".join((*_state(path), sha256)) + "\n")


def _state(path: Path) -> tuple[str, str, str]:
    """Give name, size and time (ns) of a file: while they are the same, so are the bytes."""
    stat = path.stat()
    return path.name, str(stat.st_size), str(stat.st_mtime_ns)
