"""The folder of a folded target: whole or not there, and whose request it answers."""

import json
import os
import shutil
from pathlib import Path
from typing import Any, Final

from rna_predict.errors import InputError

CONFIDENCE: Final = "confidence.json"


def is_done(folder: Path, request: dict[str, Any]) -> bool:
    """Tell whether a folder holds the result of this very request.

    Raises
    ------
    InputError
        If there is something that no earlier run can have written.
    """
    if not folder.exists():
        return False
    record = folder / CONFIDENCE
    if not record.is_file():
        raise InputError(folder, f"exists and is not a result of fold (no {CONFIDENCE})")
    try:
        found = json.loads(record.read_text())
    except ValueError as error:
        raise InputError(record, f"not a record of fold: {error}") from error
    if not isinstance(found, dict) or not request.keys() <= found.keys():
        raise InputError(record, f"not a record of fold: expected {', '.join(request)}")
    files = [f"model_{k}.cif" for k in range(1, request["options"]["models"] + 1)]
    files += ["ranking.tsv", *(["templates.tsv"] if "guard" in request else [])]
    whole = all((folder / file).is_file() for file in files)
    return whole and all(found[key] == request[key] for key in request)


def put_in_place(partial: Path, folder: Path) -> None:
    """Rename a finished folder to its name; an earlier result goes away."""
    if folder.exists():
        old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
        folder.rename(old)
        partial.rename(folder)
        shutil.rmtree(old)
    else:
        partial.rename(folder)
