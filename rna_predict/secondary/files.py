"""Pairs from files: dot-bracket, bpseq, lists of probabilities, dot plots.

The kind of a file is read from its lines, since programs and people name them freely. Positions
in all of these files count from 1.

=============  ==========================================================  ====================
kind           line                                                        written by
=============  ==========================================================  ====================
dot-bracket    ``((..[[..))..]]``, after a sequence or alone               RNAfold, people
bpseq          ``1 G 54``, 0 for an unpaired residue                       LinearPartition -T
list           ``1 72 0.994``, a header line is skipped                    LinearPartition -o
posteriors     ``1 C 28:0.0003 54:0.82``                                   CONTRAfold, EternaFold
dot plot       ``1 72 0.997 ubox``, the square root of the probability     RNAfold -p (_dp.ps)
=============  ==========================================================  ====================
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from rna_predict.errors import InputError
from rna_predict.secondary.adjacency import (
    MEA_GAMMA,
    TOLERANCE,
    Folding,
    Positions,
    Probabilities,
    check_options,
    check_sequence,
    paired_probability,
    scale_excess,
    summarize,
)
from rna_predict.secondary.dot_bracket import CLOSING, OPENING, from_dot_bracket

SUFFIXES: Final = (".dbn", ".db", ".dot", ".bpseq", ".bpp", ".tsv", "_dp.ps")
"""Endings of the files looked for."""
SYMBOLS: Final = frozenset(OPENING + CLOSING + ".-_,:")


class PairList(NamedTuple):
    """Pairs as a file states them: 0-based ``i < j``.

    The sequence is "" and the length 0 where the file does not tell them.
    """

    sequence: str
    length: int
    i: Positions
    j: Positions
    probability: Probabilities


class PairFiles:
    """Pairs from a folder with one file a chain or target.

    The file of a chain is ``{name}`` and one of ``SUFFIXES``. A chain without one takes the file
    named by the SHA-256 of its sequence (hexadecimal), then, if it is an augmented copy, the file
    of its parent: no tier moves a residue, so the pairs of the parent are meant to be its own.

    Parameters
    ----------
    folder : path
    min_probability : float
        Weaker pairs are left out; 0 to 1.
    max_span : int
        Pairs with a greater ``j - i`` (nucleotides) are left out; 0: none.

    Raises
    ------
    InputError
        If the folder is absent or an option out of range.
    """

    name = "file"
    version = "1"  # of the reading; who made the files is theirs to say
    by_name = True

    def __init__(self, folder: Path, min_probability: float, max_span: int) -> None:
        check_options(min_probability, max_span)
        if not folder.is_dir():
            raise InputError(folder, "expected a folder of pair files")
        self.folder = folder
        self.options = {
            "files": str(folder),
            "min_probability": min_probability,
            "max_span": max_span,
            "mea_gamma": MEA_GAMMA,
        }

    def fold(self, sequence: str, names: Sequence[str] = ()) -> Folding:
        """Read the pairs of a chain.

        Parameters and result are those of :class:`~rna_predict.secondary.adjacency.Adjacency`.

        Raises
        ------
        InputError
            If a chain has no file or two, or its file cannot be read, states another sequence,
            names residues that the chain lacks, or gives a residue more than 1 in all.
        """
        check_sequence(sequence)
        own = [*names[:1], hashlib.sha256(sequence.encode()).hexdigest()]
        for name in (*own, *names[1:]):
            if path := self._find(name):
                pairs = read_pairs(path)
                stated = pairs if name in own else pairs._replace(sequence="")
                return fold_stated(
                    sequence, stated, path,
                    self.options["min_probability"], self.options["max_span"],
                )  # fmt: skip
        who = names[0] if names else f"sequence {sequence[:20]!r}"
        what = f"no pairs of {who}; looked for {who}{{{','.join(SUFFIXES)}}}"
        raise InputError(self.folder, f"{what} and {own[-1]}{{...}}")

    def _find(self, name: str) -> Path | None:
        """Find the one file of a name, or none."""
        if Path(name).name != name:
            raise InputError(self.folder, f"{name!r} cannot be the name of a file")
        found = [path for suffix in SUFFIXES if (path := self.folder / f"{name}{suffix}").is_file()]
        if len(found) > 1:
            files = ", ".join(path.name for path in found)
            raise InputError(self.folder, f"expected one file of {name}, got {files}")
        return found[0] if found else None


def fold_stated(
    sequence: str, pairs: PairList, where: Path | str, min_probability: float, max_span: int
) -> Folding:
    """Check stated pairs against a sequence and make the record.

    Parameters
    ----------
    sequence : str
        Letters of ``constants.ALPHABET``; N agrees with any letter.
    pairs : PairList
    where : path or str
        For messages.
    min_probability, max_span
        As in :class:`PairFiles`.

    Returns
    -------
    Folding

    Raises
    ------
    InputError
        If the sequences differ, a position is outside, a probability is not in 0 to 1, or those
        of a residue add up to more than 1.
    """
    if pairs.length not in (0, len(sequence)):
        what = f"{pairs.length} residues, but the chain has {len(sequence)}"
        raise InputError(where, what)
    for position, (theirs, ours) in enumerate(zip(pairs.sequence, sequence, strict=False), 1):
        if theirs != ours and "N" not in (theirs, ours):
            raise InputError(where, f"residue {position} is {theirs}, but {ours} in the chain")
    probability = np.asarray(pairs.probability, dtype=np.float64)
    if len(pairs.i):
        if pairs.i.min() < 0 or pairs.j.max() >= len(sequence):
            low, high = pairs.i.min() + 1, pairs.j.max() + 1
            what = f"expected positions of 1 to {len(sequence)}, got {low} to {high}"
            raise InputError(where, what)
        if not ((probability >= 0) & (probability <= 1 + 1e-6)).all():
            low, high = probability.min(), probability.max()
            raise InputError(where, f"expected probabilities of 0 to 1, got {low:g} to {high:g}")
        total = paired_probability(len(sequence), pairs.i, pairs.j, probability)
        if total.max() > 1 + TOLERANCE:
            what = f"residue {total.argmax() + 1} is paired with probability {total.max():.3f}"
            raise InputError(where, f"{what}, expected 1 at most")
        # Rounded digits may add up to a little more than 1.
        probability = scale_excess(len(sequence), pairs.i, pairs.j, probability)
    return summarize(sequence, (pairs.i, pairs.j, probability), min_probability, max_span)


def read_pairs(path: Path) -> PairList:
    """Read a file of pairs of any kind.

    Parameters
    ----------
    path : path

    Returns
    -------
    PairList

    Raises
    ------
    InputError
        If the file is absent, empty or not text, or a line is of no known kind, with its number.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, f"cannot be read: {error}") from error
    return parse_pairs(text, path)


def parse_pairs(text: str, where: Path | str) -> PairList:
    """Parse pairs of any kind; parameters, result and errors as in :func:`read_pairs`."""
    if text.startswith("%!PS"):
        return _parse_plot(text, where)
    lines = [
        (number, line.strip())
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith(("#", ">"))
    ]
    if not lines:
        raise InputError(where, "expected pairs, found nothing")
    rows = [(number, line.split()) for number, line in lines]
    if not rows[0][1][0].isdigit() and len(rows[0][1]) >= 3 and rows[0][1][0].isalpha():
        rows = rows[1:]  # the header of a list
    if rows and rows[0][1][0].isdigit():
        return _parse_rows(rows, where)
    return _parse_brackets(lines, where)


def _parse_brackets(lines: list[tuple[int, str]], where: Path | str) -> PairList:
    """Parse a dot-bracket, with the sequence before it if there is one and an energy after it."""
    sequence, brackets = "", ""
    for number, line in lines:
        first = line.split()[0]
        if line.isalpha() and not brackets:
            sequence += line
        elif set(first) <= SYMBOLS and not brackets:
            brackets = first
        else:
            raise InputError(where, f"line {number}: expected one structure, got {line[:40]!r}")
    if not brackets:
        raise InputError(where, "expected a dot-bracket, found none")
    if sequence and len(sequence) != len(brackets):
        what = f"{len(sequence)} letters, but {len(brackets)} brackets and dots"
        raise InputError(where, what)
    try:
        pairs = from_dot_bracket(brackets)
    except InputError as error:
        raise InputError(where, str(error)) from error
    stated = _pair_list(sequence, [(i + 1, j + 1, 1.0) for i, j in pairs], where)
    return stated._replace(length=len(brackets))


def _parse_rows(rows: list[tuple[int, list[str]]], where: Path | str) -> PairList:
    """Parse lists, bpseq and posteriors: rows that start with a position."""
    letters: list[str] = []
    pairs: list[tuple[int, int, float]] = []
    for number, words in rows:
        try:
            position = int(words[0])
            if len(words) >= 2 and words[1].isalpha() and len(words[1]) == 1:
                letters.append(words[1])
                if position != len(letters):
                    raise ValueError(f"expected residue {len(letters)}")
                if len(words) == 3 and ":" not in words[2]:
                    partner = int(words[2])
                    pairs += [(position, partner, 1.0)] if partner > 0 else []
                else:
                    split = [word.split(":") for word in words[2:]]
                    pairs += [(position, int(partner), float(p)) for partner, p in split]
            elif len(words) == 3 and not letters:
                pairs.append((position, int(words[1]), float(words[2])))
            else:
                raise ValueError("expected 'i j probability' or 'i letter partners'")
        except ValueError as error:
            raise InputError(
                where, f"line {number}: {error}; got {' '.join(words)[:40]!r}"
            ) from None
    return _pair_list("".join(letters), pairs, where)


def _parse_plot(text: str, where: Path | str) -> PairList:
    """Parse ViennaRNA's PostScript dot plot."""
    stated = re.search(r"^/sequence \{ \((.*?)\) \} def", text, re.MULTILINE | re.DOTALL)
    if not stated:
        raise InputError(where, "expected ViennaRNA's dot plot, found no /sequence")
    sequence = re.sub(r"[\\\s]", "", stated.group(1))
    boxes = re.findall(r"^(\d+) (\d+) (\S+) ubox$", text, re.MULTILINE)
    pairs = [(int(i), int(j), float(root) ** 2) for i, j, root in boxes]
    return _pair_list(sequence, pairs, where)


def _pair_list(
    sequence: str, rows: Sequence[tuple[int, int, float]], where: Path | str
) -> PairList:
    """Turn pairs that count from 1 round to ``i < j``, each once; both ways round must agree."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    ends = np.sort(table[:, :2].astype(np.int64), axis=1) - 1
    if len(ends) and (ends[:, 0] == ends[:, 1]).any():
        position = ends[ends[:, 0] == ends[:, 1]][0, 0] + 1
        raise InputError(where, f"residue {position} is paired with itself")
    ends, place = np.unique(ends, axis=0, return_inverse=True)
    probability = np.zeros(len(ends))
    probability[place] = table[:, 2]
    if (off := np.abs(probability[place] - table[:, 2]) > 1e-4).any():
        i, j = ends[place[off][0]] + 1
        raise InputError(where, f"pair {i} {j} has two probabilities")
    letters = sequence.upper().replace("T", "U")
    return PairList(letters, len(letters), ends[:, 0], ends[:, 1], probability)
