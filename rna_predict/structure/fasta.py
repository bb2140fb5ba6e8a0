"""Read RNA sequences from FASTA files, strictly."""

from pathlib import Path

from rna_predict.constants import ALPHABET
from rna_predict.errors import InputError

LETTERS = ALPHABET + "T"
"""Letters a record may hold, in either case; T is read as U."""
AMBIGUOUS = "RYSWKMBDHV"
"""IUPAC codes of several bases: understood, but not accepted."""


def read_fasta(path: Path) -> dict[str, str]:
    """Read the sequences of a FASTA file.

    Parameters
    ----------
    path : Path
        Text in UTF-8; a sequence may run over several lines, blank lines are skipped.

    Returns
    -------
    dict
        Name (first word of the header) to sequence in letters of ``constants.ALPHABET``, in the
        order of the file. Lower case becomes upper case and T becomes U.

    Raises
    ------
    InputError
        If the file holds no record or text before the first header, or if a record has no name,
        the name of an earlier one, no sequence, or a letter that is not A, C, G, U, T or N. The
        message names file, record and position.
    """
    records: dict[str, list[str]] = {}
    name = ""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(path, f"expected text in UTF-8: {error}") from error
    for number, line in enumerate(lines, start=1):
        line = line.strip()
        if line.startswith(">"):
            name, _, _ = line[1:].strip().partition(" ")
            name = name.split("\t")[0]
            if not name:
                raise InputError(path, f"line {number}: a header without a name")
            if name in records:
                raise InputError(
                    path, f"record {name!r}: a second record of that name, line {number}"
                )
            records[name] = []
        elif line and not name:
            raise InputError(path, f"line {number}: expected a header '>name', got {line[:20]!r}")
        elif line:
            records[name].append(line)
    if not records:
        raise InputError(path, "expected FASTA records, found none")
    return {name: _checked(path, name, "".join(parts)) for name, parts in records.items()}


def _checked(path: Path, name: str, letters: str) -> str:
    """Give the sequence in upper case with U for T, or say what is wrong with it and where."""
    if not letters:
        raise InputError(path, f"record {name!r}: an empty sequence")
    for position, letter in enumerate(letters.upper(), start=1):
        if letter in AMBIGUOUS:
            what = f"ambiguity code {letters[position - 1]!r}; write N or one base"
        elif letter not in LETTERS:
            what = f"{letters[position - 1]!r} is not a nucleotide"
        else:
            continue
        raise InputError(path, f"record {name!r} position {position}: {what}; expected A C G U T N")
    return letters.upper().replace("T", "U")
