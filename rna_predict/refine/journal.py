"""What earlier runs of a batch have done, so that a rerun leaves it as it is."""

import hashlib
import json
from pathlib import Path
from typing import Any


def file_sha256(path: Path) -> str:
    """Give the SHA-256 of a file, or "" if there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Journal:
    """Lines of JSON, one for each model that was done; the last one of a file counts.

    Parameters
    ----------
    path : path
        Made with its folder when the first line is written. A line that a killed run left
        unfinished is passed over.
    request : dict
        All that the results depend on beside the model; values that JSON can tell.
    """

    def __init__(self, path: Path, request: dict[str, Any]) -> None:
        self.path = path
        self.request = request
        self.entries: dict[str, dict[str, Any]] = {}
        for line in path.read_text().splitlines() if path.is_file() else ():
            try:
                entry = json.loads(line)
                self.entries[entry["file"]] = entry
            except (ValueError, KeyError, TypeError):
                continue  # what cannot be read is done again

    def row(self, source: Path, target: Path) -> dict[str, Any] | None:
        """Give the row of a model that is done.

        Parameters
        ----------
        source, target : path
            The model, and what was made of it.

        Returns
        -------
        dict or None
            None if it is not done, or if the model, the request or the target is another.
        """
        entry = self.entries.get(target.name)
        if entry is None or entry.get("request") != self.request or not entry.get("output"):
            return None
        same = entry.get("input") == file_sha256(source)
        return entry["row"] if same and entry["output"] == file_sha256(target) else None

    def note(self, source_sha256: str, target: Path, row: dict[str, Any]) -> None:
        """Write down a model that is done."""
        entry = {
            "file": target.name,
            "input": source_sha256,
            "output": file_sha256(target),
            "request": self.request,
            "row": row,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # A line that a killed run left unfinished is ended first.
        start = "\n" if self.path.is_file() else ""
        with self.path.open("a") as file:
            file.write(f"{start}{json.dumps(entry)}")
