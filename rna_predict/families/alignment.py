"""Alignments of families in the columns of their covariance models, and the homologs of chains.

Rows come from the family's seed alignment and from chains that are members of the family. They are
sequences: no coordinates and no structures, see :mod:`~rna_predict.families.stockholm`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, UInt8

from rna_predict.constants import ALPHABET, BASES, UNKNOWN
from rna_predict.errors import InputError
from rna_predict.families.consensus import residue_of_column
from rna_predict.families.covariance_models import CovarianceModel
from rna_predict.families.stockholm import Stockholm, read_stockholm

GAP: Final = "-"
"""Letter where a row has no residue."""
GAPS: Final = "-._~"
"""All letters that stand for none in a seed."""
LEAST_RUN: Final = 3
"""Shortest run of equal consensus letters that places columns of a seed in a model."""
LEAST_AGREEMENT: Final = 0.75
"""Least share of a model's columns that a seed's consensus must repeat, see
:func:`match_columns`. Of 97 seeds with a model of another release of Rfam, 93 reach it."""

Letters = UInt8[np.ndarray, "n c"]


@dataclass(frozen=True, eq=False)
class FamilyAlignment:
    """Sequences in the columns of a covariance model.

    Attributes
    ----------
    family : str
    names : tuple of str
        Of the n rows; may repeat.
    letters : (n, c) uint8
        Letters of ``constants.ALPHABET`` or ``GAP``, as ASCII codes; insertions are left out.
    """

    family: str
    names: tuple[str, ...]
    letters: Letters


def family_alignment(
    model: CovarianceModel,
    seeds: Path | None = None,
    alignments: pd.DataFrame | None = None,
    sequences: Mapping[str, str] | None = None,
) -> FamilyAlignment:
    """Align a family: the rows of its seed, then the chains that are members.

    Parameters
    ----------
    model : CovarianceModel
    seeds : Path, optional
        Folder of seed alignments, ``{accession}.sto``; a family without a file there has none.
    alignments : DataFrame, optional
        Aligned members, columns of ``ALIGNMENT_SCHEMA``; those of other models are not looked at.
    sequences : mapping of str to str, optional
        Of the chains; members that are not in it are left out. What may be seen (training chains
        only, say) is for the caller to choose here.

    Returns
    -------
    FamilyAlignment

    Raises
    ------
    InputError
        If the seed cannot be read or does not fit the model.
    """
    names: list[str] = []
    rows: list[Letters] = [np.zeros((0, model.length), dtype=np.uint8)]
    path = seeds / f"{model.family}.sto" if seeds else None
    if path is not None and path.is_file():
        seed = read_stockholm(path)
        columns = match_columns(seed, model, path)
        texts = np.frombuffer("".join(seed.rows).encode("ascii", "replace"), dtype=np.uint8)
        texts = _plain()[texts].reshape(len(seed.rows), -1)
        names += seed.names
        rows.append(np.where(columns >= 0, texts[:, columns], ord(GAP)).astype(np.uint8))
    if alignments is not None:
        for member in alignments[alignments["model"] == model.digest].itertuples():
            if member.chain_id in (sequences or {}):
                residue = residue_of_column(np.asarray(member.columns), member.start, model.length)
                names.append(member.chain_id)
                rows.append(_take(sequences[member.chain_id], residue)[None])
    return FamilyAlignment(model.family, tuple(names), np.concatenate(rows))


def match_columns(
    seed: Stockholm, model: CovarianceModel, where: Path | str
) -> Int[np.ndarray, " c"]:
    """Find the columns of a seed that are the columns of a model.

    Releases of Rfam add and drop columns, even where their number stays the same. So the consensus
    letters of both are compared: equal runs belong together, and so do stretches of equal length
    between them.

    Parameters
    ----------
    seed : Stockholm
    model : CovarianceModel
    where : Path or str
        Named in errors.

    Returns
    -------
    (c,) int
        Of each column of the model that of the seed, -1 where it has none; ascending.

    Raises
    ------
    InputError
        If the seed has no reference line, or fewer than ``LEAST_AGREEMENT`` of the model's columns
        have the same consensus letter in it.
    """
    if not seed.reference:
        raise InputError(where, "no reference line (#=GC RF) to tell consensus columns by")
    places = np.array([k for k, letter in enumerate(seed.reference) if letter not in GAPS])
    consensus = "".join(seed.reference[k] for k in places).upper().replace("T", "U")
    found = np.full(model.length, -1, dtype=np.int64)
    matcher = SequenceMatcher(None, consensus, model.consensus, autojunk=False)
    runs = [(i, j, n) for i, j, n in matcher.get_matching_blocks() if n >= LEAST_RUN]
    first = second = 0
    for i, j, n in [*runs, (len(consensus), model.length, 0)]:
        if i - first == j - second:
            found[second:j] = np.arange(first, i)
        found[j : j + n] = np.arange(i, i + n)
        first, second = i + n, j + n
    same = sum(consensus[i] == model.consensus[j] for j, i in enumerate(found) if i >= 0)
    if same < LEAST_AGREEMENT * model.length:
        what = f"{same} of the {model.length} columns of model {model.name} have its letter"
        raise InputError(where, f"too far from the model's release: {what}")
    return np.where(found >= 0, places[found], -1)


def align_to_chain(
    alignment: FamilyAlignment, columns: Int[np.ndarray, " k"], start: int, length: int
) -> Letters:
    """Put the rows of a family over a chain.

    Parameters
    ----------
    alignment : FamilyAlignment
    columns : (k,) int
        Of each of the chain's residues from ``start`` on its column, -1 for inserted ones.
    start : int
    length : int
        Of the chain.

    Returns
    -------
    (n, length) uint8
        ``GAP`` where a row, or the family, has no residue. What a row has besides is dropped.
    """
    letters = np.full((len(alignment.names), length), ord(GAP), dtype=np.uint8)
    aligned = np.flatnonzero(columns >= 0)
    letters[:, start + aligned] = alignment.letters[:, columns[aligned]]
    return letters


def compare_rows(
    letters: Letters, sequence: str
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Compare rows with the chain that they lie over.

    Parameters
    ----------
    letters : (n, c) uint8
    sequence : str
        Of length c.

    Returns
    -------
    identity : (n,) float
        Share of equal letters among the places where both have a base; 0 without such a place.
    coverage : (n,) float
        Share of the chain's residues where both have a base.
    """
    chain = np.frombuffer(sequence.encode(), dtype=np.uint8)
    both = _is_base()[letters] & _is_base()[chain]
    compared = both.sum(axis=1)
    equal = (both & (letters == chain)).sum(axis=1)
    return equal / np.maximum(compared, 1), compared / max(len(sequence), 1)


def choose_rows(
    letters: Letters,
    identity: Float[np.ndarray, " n"],
    coverage: Float[np.ndarray, " n"],
    min_coverage: float,
    max_depth: int,
) -> Int[np.ndarray, " m"]:
    """Choose rows worth having: no copies, no fragments, near and far ones alike.

    Parameters
    ----------
    letters : (n, c) uint8
    identity, coverage : (n,) float
        As :func:`compare_rows` gives them. Rows equal to the chain wherever they have a base tell
        nothing and are left out.
    min_coverage : float
        Least coverage, 0 to 1.
    max_depth : int
        Greatest number of rows. More are thinned evenly along their identity.

    Returns
    -------
    (m,) int
        Positions, from the highest identity down, then in the order given.
    """
    _, first = np.unique(letters, axis=0, return_index=True)
    kept = np.sort(first)
    kept = kept[(coverage[kept] >= min_coverage) & (coverage[kept] > 0) & (identity[kept] < 1)]
    kept = kept[np.argsort(-identity[kept], kind="stable")]
    if len(kept) > max_depth:
        kept = kept[np.linspace(0, len(kept) - 1, max_depth).round().astype(np.int64)]
    return kept


def _take(sequence: str, residue: Int[np.ndarray, " c"]) -> UInt8[np.ndarray, " c"]:
    """Give the letter at each residue, ``GAP`` where that is -1."""
    chain = np.frombuffer((sequence + GAP).encode(), dtype=np.uint8)
    return chain[residue]  # -1 is the last


def _plain() -> UInt8[np.ndarray, "256"]:
    """Map each letter of a seed to one of the alphabet: U for T, N for what is no base."""
    table = np.full(256, ord(UNKNOWN), dtype=np.uint8)
    for letter in ALPHABET:
        table[ord(letter)] = table[ord(letter.lower())] = ord(letter)
    table[ord("T")] = table[ord("t")] = ord("U")
    table[[ord(letter) for letter in GAPS]] = ord(GAP)
    return table


def _is_base() -> Bool[np.ndarray, "256"]:
    """Tell the letters of bases."""
    table = np.zeros(256, dtype=bool)
    table[[ord(letter) for letter in BASES]] = True
    return table
