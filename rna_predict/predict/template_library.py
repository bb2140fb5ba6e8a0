"""Finding the template library to predict with, and saying what it holds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import rna_predict
from rna_predict.templates.library import TABLE, Library

PLACE: Final = Path("results") / "templates"
"""Where the workflow leaves its library."""
EXAMPLE: Final = Path("config") / "example" / "entries.txt"


def find_library(folders: Sequence[Path] | None = None) -> Path | None:
    """Find the library that the workflow made here.

    Parameters
    ----------
    folders : sequence of path, optional
        Roots to look for ``PLACE`` in; the current folder and the checkout by default.

    Returns
    -------
    path or None
        Of the folder; None where there is none, as a prediction can do without.
    """
    for root in _roots(folders):
        if (root / PLACE / TABLE).is_file():
            return root / PLACE
    return None


def describe_library(library: Library, folders: Sequence[Path] | None = None) -> str:
    """Say in one line how much a library holds, and whether that is only the embedded example.

    Parameters
    ----------
    library : Library
    folders : sequence of path, optional
        Roots to look for the list of the example's entries in.
    """
    entries = {template.entry.lower() for template in library.templates}
    text = f"{len(library)} chains of {len(entries)} entries in {library.folder}"
    listed = [root / EXAMPLE for root in _roots(folders) if (root / EXAMPLE).is_file()]
    if listed:
        words = {line.split("#")[0].strip().lower() for line in listed[0].read_text().splitlines()}
        if entries <= words:
            return f"{text}: only the embedded example, too few to model most sequences on"
    return text


def _roots(folders: Sequence[Path] | None) -> Sequence[Path]:
    """Give the folders to look in."""
    return (Path.cwd(), Path(rna_predict.__file__).parent.parent) if folders is None else folders
