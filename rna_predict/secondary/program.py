"""Pairs by an external program: EternaFold, CONTRAfold, LinearPartition or any other on PATH."""

import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from rna_predict.errors import InputError
from rna_predict.secondary.adjacency import (
    MEA_GAMMA,
    SHORTEST,
    Folding,
    check_options,
    check_sequence,
)
from rna_predict.secondary.files import PairList, fold_stated, parse_pairs

TIME_LIMIT: Final = 600.0
"""For one sequence (s)."""
TAIL: Final = 600
"""Letters of a program's complaint that a message repeats."""


class PairProgram:
    """Pairs by a program that reads one FASTA record and writes a file of pairs.

    For example ``contrafold predict {fasta} --params EternaFoldParams.v1 --posteriors 1e-5 {out}``
    or ``linearpartition -V -r {out}``. No shell is involved.

    Parameters
    ----------
    command : str
        Program and arguments, quoted as in a shell. ``{out}`` stands for the file that the program
        writes, of any kind that :mod:`~rna_predict.secondary.files` reads; ``{fasta}`` for the
        sequence, which also comes through standard input.
    min_probability : float
        Weaker pairs are left out; 0 to 1.
    max_span : int
        Pairs with a greater ``j - i`` (nucleotides) are left out; 0: none.
    time_limit : float
        For one sequence (s).

    Raises
    ------
    InputError
        If the command has no ``{out}``, the program is not on PATH, or an option is out of range.
    """

    name = "program"
    by_name = False

    def __init__(
        self, command: str, min_probability: float, max_span: int, time_limit: float = TIME_LIMIT
    ) -> None:
        check_options(min_probability, max_span)
        try:
            self.words = shlex.split(command)
        except ValueError as error:
            raise InputError("secondary.program", f"{error}: {command!r}") from error
        if not any("{out}" in word for word in self.words):
            raise InputError("secondary.program", f"expected {{out}} in it, got {command!r}")
        program = shutil.which(self.words[0])
        if program is None:
            raise InputError("secondary.program", f"no program {self.words[0]!r} on PATH")
        self.version = _hash_files([Path(program), *map(Path, self.words[1:])])
        self.time_limit = time_limit
        self.options = {
            "min_probability": min_probability,
            "max_span": max_span,
            "mea_gamma": MEA_GAMMA,
            "command": command,
        }

    def fold(self, sequence: str, names: Sequence[str] = ()) -> Folding:
        """Run the program on a sequence; one too short for any pair is not given to it.

        Parameters and result are those of :class:`~rna_predict.secondary.adjacency.Adjacency`.

        Raises
        ------
        InputError
            If the program fails (with the end of what it said), takes longer than the time limit,
            or writes nothing or pairs that do not fit the sequence.
        """
        check_sequence(sequence)
        where = f"{self.words[0]} on {names[0] if names else repr(sequence[:20])}"
        none = np.zeros(0, dtype=np.int64)
        pairs = PairList("", 0, none, none, np.zeros(0))
        if len(sequence) >= SHORTEST:
            text = self._run(sequence, where)
            pairs = parse_pairs(text, where) if text.strip() else pairs  # a list of no pairs
        return fold_stated(
            sequence, pairs, where, self.options["min_probability"], self.options["max_span"]
        )

    def _run(self, sequence: str, where: str) -> str:
        """Run the program in a folder of its own and give what it wrote."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            fasta, out, said = (folder / part for part in ("sequence.fasta", "pairs", "said"))
            fasta.write_text(f">sequence\n{sequence}\n")
            places = {"{fasta}": str(fasta), "{out}": str(out)}
            words = self.words
            for mark, path in places.items():
                words = [word.replace(mark, path) for word in words]
            # Files instead of pipes: a process that the program leaves behind cannot block them.
            with fasta.open("rb") as given, said.open("wb") as kept:
                try:
                    process = subprocess.Popen(
                        words, stdin=given, stdout=kept, stderr=kept, start_new_session=True
                    )
                except OSError as error:
                    raise InputError(where, f"cannot be started: {error}") from error
                try:
                    status = process.wait(self.time_limit)
                except subprocess.TimeoutExpired:
                    what = f"no answer within {self.time_limit:g} s"
                    raise InputError(where, what) from None
                finally:
                    if process.poll() is None:
                        os.killpg(process.pid, signal.SIGKILL)
                        process.wait()
            words = said.read_text(errors="replace").strip()[-TAIL:] or "nothing"
            if status != 0:
                raise InputError(where, f"exit status {status}; it said: {words}")
            if not out.is_file():
                raise InputError(where, f"it wrote no {{out}}; it said: {words}")
            return out.read_text(errors="replace")


def _hash_files(paths: Sequence[Path]) -> str:
    """Identify a program by its file and those that its arguments name (parameters, scripts)."""
    digest = hashlib.sha256()
    for path in paths:
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
