"""Foldings kept on disk by sequence, so that no sequence is folded twice.

An entry's name is the SHA-256 of the backend, its version, its options and the sequence; its
content starts with the SHA-256 of the rest. Entries are written whole or not at all, so several
jobs may share a folder; a damaged one is folded anew. What an answer depends on is in the name of
its entry, so none is out of date as long as ``FORMAT`` is raised with every change of a backend's
code. The folder may be deleted at any time.
"""

import hashlib
import json
import sys
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np

from rna_predict.secondary.adjacency import Adjacency, Folding
from rna_predict.structure.files import replacing

FORMAT: Final = 1
"""Of the entries; to be raised, too, when the code of a backend gives other answers."""
DIGEST: Final = 32
"""Bytes of a SHA-256."""


class CachedAdjacency:
    """A backend whose answers are kept.

    Parameters
    ----------
    backend : Adjacency
        With answers that depend on the sequence alone.
    folder : path
        Made where it is missing.

    Raises
    ------
    ValueError
        If the answers of the backend depend on names.
    """

    by_name = False

    def __init__(self, backend: Adjacency, folder: Path) -> None:
        if backend.by_name:
            raise ValueError(f"answers of {backend.name} depend on names and cannot be kept")
        self.backend, self.folder = backend, folder
        self.name, self.version, self.options = backend.name, backend.version, backend.options

    def fold(self, sequence: str, names: Sequence[str] = ()) -> Folding:
        """Give the kept answer, or ask the backend and keep its answer.

        Parameters, result and errors are those of the backend.
        """
        path = self.path(sequence)
        if path.is_file():
            kept = _unpack(path.read_bytes())
            if kept is not None:
                return kept
            print(f"{path}: damaged, folded anew", file=sys.stderr)
        folding = self.backend.fold(sequence, names)
        with replacing(path) as temporary:
            temporary.write_bytes(_pack(folding))
        return folding

    def path(self, sequence: str) -> Path:
        """Give the file of a sequence's entry; 256 folders keep listings short."""
        key = [FORMAT, self.name, self.version, dict(self.options), sequence]
        name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        return self.folder / name[:2] / name[2:]


def _pack(folding: Folding) -> bytes:
    """Write a record: digest, then compressed JSON; numbers keep every bit."""
    values = {
        key: value.tolist() if isinstance(value, np.ndarray) else value
        for key, value in asdict(folding).items()
    }
    content = zlib.compress(json.dumps(values).encode())
    return hashlib.sha256(content).digest() + content


def _unpack(data: bytes) -> Folding | None:
    """Read a record, or None if its bytes are not those that were written."""
    digest, content = data[:DIGEST], data[DIGEST:]
    if hashlib.sha256(content).digest() != digest:
        return None
    values = json.loads(zlib.decompress(content))
    types = {"i": np.int64, "j": np.int64, "probability": np.float32}
    return Folding(**values | {key: np.array(values[key], dtype) for key, dtype in types.items()})
