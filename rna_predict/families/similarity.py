"""Which RNA sequences are similar: a k-mer filter that loses nothing, then an alignment.

Two sequences are similar when an alignment with free end gaps covers a fraction of the longer one
and has a fraction of identical columns. The filter follows the q-gram lemma (Jokinen & Ukkonen
1991, MFCS 520:240): each column that does not match spoils at most k of the shared k-mers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import biotite.sequence as biotite_sequence
import biotite.sequence.align as biotite_align
import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import csr_array

from rna_predict.constants import ALPHABET, BASES, UNKNOWN
from rna_predict.errors import InputError

WORDS: Final = (3, 4, 6, 8, 10, 12)
"""Lengths of k-mers to filter with, where the identity allows."""
LEAST_SHARE: Final = 0.1
"""A k-mer length is used where at least this share of k-mers survives the allowed mismatches."""
BLOCK: Final = 256
"""Sequences filtered together against all others; bounds memory."""
MATCH, MISMATCH, GAP = 5, -4, (-8, -2)
"""Alignment scores; gaps at the ends are free, N is worth 0."""


@dataclass(frozen=True)
class Similarity:
    """An aligned pair of sequences."""

    first: int
    """Position of one in its list."""
    second: int
    """Position of the other in its list."""
    identity: float
    """Identical columns over all columns between the first and the last aligned pair; columns
    with N are not counted."""
    coverage: float
    """Aligned residues over the length of the longer sequence."""


def align(first: str, second: str) -> tuple[float, float]:
    """Align two sequences and give their identity and coverage, as in :class:`Similarity`.

    Parameters
    ----------
    first, second : str
        Letters of ``constants.ALPHABET``, not empty.

    Returns
    -------
    identity, coverage : float
        0 to 1.
    """
    longer = max(len(first), len(second))
    if first == second and UNKNOWN not in first:
        return 1.0, 1.0
    codes = [np.frombuffer(text.encode(), dtype=np.uint8) for text in (first, second)]
    alphabet, matrix = _scores()
    alignment = biotite_align.align_optimal(
        *(biotite_sequence.GeneralSequence(alphabet, text) for text in (first, second)),
        matrix,
        gap_penalty=GAP,
        terminal_penalty=False,
        max_number=1,
    )[0]
    both = np.flatnonzero((alignment.trace >= 0).all(axis=1))
    if not len(both):
        return 0.0, 0.0
    core = alignment.trace[both[0] : both[-1] + 1]
    letters = [np.where(core[:, k] >= 0, codes[k][core[:, k]], 0).astype(np.uint8) for k in (0, 1)]
    known = (letters[0] != ord(UNKNOWN)) & (letters[1] != ord(UNKNOWN))
    if not known.any():
        return 0.0, len(both) / longer
    identical = (letters[0] == letters[1]) & known
    return float(identical.sum() / known.sum()), len(both) / longer


def candidates(
    first: Sequence[str], second: Sequence[str] | None, identity: float, coverage: float
) -> Iterator[tuple[int, int]]:
    """Give all pairs that can be similar, and some that are not.

    Parameters
    ----------
    first, second : sequences of str
        Pairs are of one of each; ``None``: of two of the first list, each pair once.
    identity, coverage : float
        Thresholds, 0 to 1.

    Yields
    ------
    (int, int)
        Positions in the lists; block by block, those with the most shared k-mers first.

    Raises
    ------
    InputError
        If a threshold is out of range.
    """
    for name, value in (("identity", identity), ("coverage", coverage)):
        if not 0 <= value <= 1:
            raise InputError(name, f"expected 0 to 1, got {value}")
    alone = second is None
    second = first if second is None else second
    if not first or not second:
        return
    errors = (1 - identity) / max(identity, 1e-9)  # greatest number for each aligned residue
    words = [k for k in WORDS if 1 - k * errors >= LEAST_SHARE]
    counts = [_shared_index(first, second, k) for k in words]
    lengths = [np.array([len(text) for text in texts]) for texts in (first, second)]
    unknown = [np.array([text.count(UNKNOWN) for text in texts]) for texts in (first, second)]
    order = np.argsort(lengths[0], kind="stable")
    for start in range(0, len(order), BLOCK):
        rows = order[start : start + BLOCK]
        length = lengths[0][rows]
        shortest, longest = coverage * length[0], length[-1] / max(coverage, 1e-9)
        columns = np.flatnonzero((lengths[1] >= shortest) & (lengths[1] <= longest))
        one, other = length[:, None], lengths[1][columns][None, :]
        shorter, longer = np.minimum(one, other), np.maximum(one, other)
        passed = shorter >= coverage * longer
        total = np.zeros(passed.shape, dtype=np.float32)
        strange = unknown[0][rows][:, None] + unknown[1][columns][None, :]
        for k, (of_first, of_second) in zip(words, counts, strict=True):
            shared = (of_first[rows] @ of_second[columns].T).toarray()
            least = coverage * longer * (1 - k * errors) - k + 1 - k * strange
            passed &= shared >= least
            total += shared / longer
        yield from _pairs(passed, total, rows, columns, alone)


def similar_pairs(
    first: Sequence[str], second: Sequence[str] | None, identity: float, coverage: float
) -> list[Similarity]:
    """Find all similar pairs.

    Parameters
    ----------
    first, second, identity, coverage
        As in :func:`candidates`.

    Returns
    -------
    list of Similarity
        Sorted by position.
    """
    found = []
    texts = first if second is None else second
    for i, j in candidates(first, second, identity, coverage):
        same, covered = align(first[i], texts[j])
        if same >= identity and covered >= coverage:
            found.append(Similarity(i, j, same, covered))
    return sorted(found, key=lambda pair: (pair.first, pair.second))


def shared_words(first: Sequence[str], second: Sequence[str], k: int) -> Float[np.ndarray, "n m"]:
    """Count the k-mers that the sequences of two lists share, as often as both have them."""
    one, other = _shared_index(first, second, k)
    return (one @ other.T).toarray()


def _pairs(
    passed: Bool[np.ndarray, "r c"],
    total: np.ndarray,
    rows: Int[np.ndarray, " r"],
    columns: Int[np.ndarray, " c"],
    alone: bool,
) -> Iterator[tuple[int, int]]:
    """List the passed pairs of a block, the likeliest first; each once where lists are one."""
    i, j = np.nonzero(passed)
    order = np.argsort(-total[i, j], kind="stable")
    for a, b in zip(rows[i[order]].tolist(), columns[j[order]].tolist(), strict=True):
        if not alone or a < b:
            yield a, b


def _shared_index(
    first: Sequence[str], second: Sequence[str], k: int
) -> tuple[csr_array, csr_array]:
    """Index k-mers so that the product of two rows counts the k-mers that they share.

    The n-th copy of a k-mer within a sequence is a feature of its own, so that repeats count as
    often as both sequences have them. K-mers with N are no features.
    """
    keys, owners = [], []
    for number, text in enumerate([*first, *second]):
        codes = np.frombuffer(text.encode(), dtype=np.uint8)
        digits = _digits()[codes]
        windows = len(digits) - k + 1
        if windows < 1:
            continue
        view = np.lib.stride_tricks.sliding_window_view(digits, k)
        words = view @ (len(BASES) ** np.arange(k, dtype=np.int64))
        words = np.sort(words[(view < len(BASES)).all(1)])
        copies = np.arange(len(words)) - np.searchsorted(words, words)
        keys.append(words + copies * len(BASES) ** k)
        owners.append(np.full(len(words), number))
    if not keys:
        return csr_array((len(first), 1)), csr_array((len(second), 1))
    names, features = np.unique(np.concatenate(keys), return_inverse=True)
    rows = np.concatenate(owners)
    shape = (len(first) + len(second), len(names))
    table = csr_array((np.ones(len(rows), dtype=np.float32), (rows, features)), shape=shape)
    return table[: len(first)], table[len(first) :]


@cache
def _digits() -> Int[np.ndarray, "256"]:
    """Give the digit of each byte: position in ``BASES``, or past its end."""
    digits = np.full(256, len(BASES), dtype=np.int64)
    digits[np.frombuffer(BASES.encode(), dtype=np.uint8)] = np.arange(len(BASES))
    return digits


@cache
def _scores() -> tuple[biotite_sequence.Alphabet, biotite_align.SubstitutionMatrix]:
    """Build the alphabet and the substitution matrix of the alignment."""
    alphabet = biotite_sequence.Alphabet(ALPHABET)
    scores = np.where(np.eye(len(ALPHABET), dtype=bool), MATCH, MISMATCH).astype(np.int32)
    scores[ALPHABET.index(UNKNOWN)] = scores[:, ALPHABET.index(UNKNOWN)] = 0
    return alphabet, biotite_align.SubstitutionMatrix(alphabet, alphabet, scores)
