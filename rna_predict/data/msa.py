"""Alignments of a chain: reading those that a user gives, and choosing rows.

An alignment is an array (r, n) of letters over the n residues of one chain: positions in
``constants.ALPHABET``, and ``GAP``. The chain itself is no row of it. Only rows of sequences are
read; lines of structure in a Stockholm file are passed over.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from rna_predict.constants import ALPHABET, UNKNOWN
from rna_predict.errors import InputError
from rna_predict.families.stockholm import HEADER, read_stockholm

GAP = len(ALPHABET)
"""Letter of a row without a residue; the one after ``constants.ALPHABET``, as in ``model``."""
GAPS = "-._~"
AMBIGUOUS = "RYSWKMBDHVX"
"""Codes of several bases: read as N."""
NO_LETTER = 255
Msa = UInt8[np.ndarray, "r n"]


def empty_msa(length: int) -> Msa:
    """Give the alignment without rows of a chain."""
    return np.zeros((0, length), dtype=np.uint8)


def encode_rows(rows: Sequence[str], length: int, where: Path | str) -> Msa:
    """Turn rows of text into letters.

    Parameters
    ----------
    rows : sequence of str
        Letters of either case, T for U, ambiguity codes, and gaps.
    length : int
        Of every row.
    where : path or str
        Named in errors.

    Raises
    ------
    InputError
        If a row has another length, or a letter that stands for no nucleotide.
    """
    for number, row in enumerate(rows, start=1):
        if len(row) != length:
            raise InputError(where, f"row {number}: expected {length} columns, got {len(row)}")
    text = "".join(rows).encode("ascii", "replace")
    letters = _letters()[np.frombuffer(text, dtype=np.uint8)].reshape(len(rows), length)
    if (wrong := np.argwhere(letters == NO_LETTER)).size:
        row, column = wrong[0]
        what = f"row {row + 1} column {column + 1}: {rows[row][column]!r} is not a nucleotide"
        raise InputError(where, what)
    return letters


def read_msa(path: Path, sequence: str) -> Msa:
    """Read the alignment of a sequence from a file.

    Parameters
    ----------
    path : path
        Stockholm, aligned FASTA, or a3m (by the suffix ``.a3m``, or by rows of different lengths).
    sequence : str
        Letters of ``constants.ALPHABET``. The file has it as a row: the first one of an a3m file,
        any one otherwise. It decides which columns are kept.

    Returns
    -------
    (r, n) uint8
        The other rows in the order of the file; copies, empty rows and rows equal to the sequence
        are left out.

    Raises
    ------
    InputError
        If the file cannot be read, a row does not fit or has a letter that is no nucleotide, or
        no row is the sequence.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, f"expected an alignment: {error}") from error
    if text.startswith(HEADER):
        rows = list(read_stockholm(path).rows)
    else:
        rows = _fasta_rows(path, text)
        if path.suffix == ".a3m" or len({len(row) for row in rows}) > 1:
            if rows[0].upper() != rows[0] or set(rows[0]) & set(GAPS):
                raise InputError(path, "row 1: expected the sequence, without gaps or lower case")
            rows = ["".join(c for c in row if not c.islower() and c != ".") for row in rows]
    letters = encode_rows(rows, len(rows[0]), path)
    query = np.array([ALPHABET.index(letter) for letter in sequence], dtype=np.uint8)
    for row in letters:
        if np.array_equal(row[row != GAP], query):
            letters = letters[:, row != GAP]
            break
    else:
        raise InputError(path, f"none of its {len(rows)} rows is the sequence of {len(query)} nt")
    _, first = np.unique(letters, axis=0, return_index=True)
    letters = letters[np.sort(first)]
    return letters[(letters != query).any(1) & (letters != GAP).any(1)]


def choose_rows(
    msa: Msa, most: int, generator: np.random.Generator, thin: bool = False
) -> UInt8[np.ndarray, "chosen n"]:
    """Draw rows without replacement, in their order.

    Parameters
    ----------
    msa : (r, n) uint8
    most : int
        Greatest number of rows.
    generator : numpy.random.Generator
    thin : bool
        Draw their number too, evenly from 0 to the greatest: training as in AlphaFold 3, so that
        a network also learns to do with few rows or none.

    Returns
    -------
    (at most ``most``, n) uint8
    """
    count = min(most, len(msa))
    if thin:
        count = int(generator.integers(count + 1))
    return msa[np.sort(generator.permutation(len(msa))[:count])]


def _fasta_rows(path: Path, text: str) -> list[str]:
    """Give the rows of FASTA text; lines that start with # are passed over."""
    rows: list[list[str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if line.startswith(">"):
            rows.append([])
        elif line and not line.startswith("#"):
            if not rows:
                raise InputError(path, f"line {number}: expected '>name' first, got {line[:20]!r}")
            rows[-1].append(line)
    if not rows:
        raise InputError(path, f"expected {HEADER!r} or FASTA rows, found neither")
    return ["".join(row) for row in rows]


def _letters() -> UInt8[np.ndarray, "256"]:
    """Map ASCII to letters; ``NO_LETTER`` where there is none."""
    table = np.full(256, NO_LETTER, dtype=np.uint8)
    known = {**{letter: k for k, letter in enumerate(ALPHABET)}, "T": ALPHABET.index("U")}
    known |= dict.fromkeys(AMBIGUOUS, ALPHABET.index(UNKNOWN))
    for letter, value in known.items():
        table[[ord(letter), ord(letter.lower())]] = value
    table[[ord(letter) for letter in GAPS]] = GAP
    return table
