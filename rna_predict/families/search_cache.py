"""Hits kept on disk by model and sequence, so that no sequence is searched twice.

Equal sequences in other shards, reruns with more entries and runs with more models cost nothing.
An entry holds what some models said about some sequences, hits or none; its name is the SHA-256 of
its content, so that a damaged one is noticed and several jobs may add to a folder at a time. What a
hit depends on besides is in the name of the entry's folder, so none is out of date as long as
``FORMAT`` is raised with every change of what a hit says. The folder may be deleted at any time.
"""

import hashlib
import json
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Final

from rna_predict.families.covariance_models import CovarianceModel
from rna_predict.families.hits import Hit
from rna_predict.families.infernal import Program
from rna_predict.structure.files import replacing

FORMAT: Final = 1
"""Of the entries; to be raised, too, when the same model and sequence give other hits."""
INTERVAL: Final = 60.0
"""Time of searching after which an entry is written (s): what a killed job may lose."""
KEY: Final = 16
"""Hexadecimal digits that stand for a sequence."""


class SearchCache:
    """What a program said before.

    Parameters
    ----------
    folder : path
        Made where it is missing.
    program : Program
        Answers of other programs, versions and thresholds are not looked at.
    """

    def __init__(self, folder: Path, program: Program) -> None:
        settings = [
            FORMAT, program.name, program.version, program.max_evalue, program.database_size,
        ]  # fmt: skip
        self.folder = folder / hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:KEY]
        self._searched: dict[str, set[str]] = {}
        self._hits: dict[tuple[str, str], list[Hit]] = {}
        self._new: dict[str, dict[str, list[Hit]]] = {}
        self._sequences: list[str] = []
        self._written = time.monotonic()
        for path in sorted(self.folder.glob("*.z")):
            self._load(path)

    def missing(self, model: CovarianceModel, sequences: Sequence[str]) -> tuple[str, ...]:
        """Give the sequences that were never searched with a model."""
        searched = self._searched.get(model.digest, set())
        return tuple(text for text in sequences if _key(text) not in searched)

    def hits(self, model: CovarianceModel, sequence: str) -> list[Hit]:
        """Give the hits of a model on a sequence that was searched."""
        return self._hits.get((model.digest, _key(sequence)), [])

    def add(
        self, model: CovarianceModel, sequences: Sequence[str], found: Sequence[tuple[int, Hit]]
    ) -> None:
        """Keep what a search found among sequences; it is on disk after :meth:`flush`.

        Parameters
        ----------
        model : CovarianceModel
        sequences : sequence of str
            All that were searched.
        found : sequence of (int, Hit)
            Place of a sequence among them, and its hit.
        """
        keys = [_key(text) for text in sequences]
        if keys != self._sequences or time.monotonic() - self._written > INTERVAL:
            self.flush()
            self._sequences = keys
        hits: dict[str, list[Hit]] = {}
        for number, hit in found:
            hits.setdefault(keys[number], []).append(hit)
        self._new[model.digest] = hits
        self._take(model.digest, keys, hits)

    def flush(self) -> None:
        """Write what was added since the last time."""
        self._written = time.monotonic()
        if not self._new:
            return
        models = {
            digest: {key: [astuple(hit) for hit in kept] for key, kept in hits.items()}
            for digest, hits in self._new.items()
        }
        text = json.dumps({"sequences": self._sequences, "models": models})
        content = zlib.compress(text.encode())
        with replacing(self.folder / f"{hashlib.sha256(content).hexdigest()}.z") as temporary:
            temporary.write_bytes(content)
        self._new = {}

    def _load(self, path: Path) -> None:
        """Read an entry; a damaged one is passed over, what it held is searched anew."""
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != path.stem:
            print(f"{path}: damaged, not used", file=sys.stderr)
            return
        entry = json.loads(zlib.decompress(content))
        for digest, hits in entry["models"].items():
            read = {
                key: [Hit(*row[:7], tuple(row[7]), row[8]) for row in rows]
                for key, rows in hits.items()
            }
            self._take(digest, entry["sequences"], read)

    def _take(self, digest: str, keys: Sequence[str], hits: dict[str, list[Hit]]) -> None:
        """Remember the hits of one model among some sequences."""
        self._searched.setdefault(digest, set()).update(keys)
        for key, kept in hits.items():
            self._hits[digest, key] = kept


def _key(sequence: str) -> str:
    """Give the digits that stand for a sequence."""
    return hashlib.sha256(sequence.encode()).hexdigest()[:KEY]
