"""Infernal's cmsearch as a program on PATH: the same hits as pyinfernal, by another build."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rna_predict.errors import InputError
from rna_predict.families.covariance_models import CovarianceModel
from rna_predict.families.hits import Hit, read_printed

MATRIX_SIZE: Final = 4096
"""Memory that an alignment may take (MB): above it cmsearch takes a worse alignment instead."""
TAIL: Final = 600
"""Letters of the program's complaint that a message repeats."""
FACTS: Final = re.compile(
    r"^\s*\(\d+\)\s+[!?]\s+(?P<evalue>\S+)\s+(?P<score>\S+)\s+\S+\s+\S+"
    r"\s+(?P<cm_start>\d+)\s+(?P<cm_end>\d+)\s+\S+\s+(?P<start>\d+)\s+(?P<end>\d+)\s+\+"
)
"""Line of a hit's numbers."""
SHOWN: Final = re.compile(r"^\s*\S+\s+(?:\d+|-) (?P<text>.+) (?:\d+|-)\s*$")
"""Line of the model or the target in an alignment, its ends numbered."""


class InfernalProgram:
    """The program cmsearch.

    It prints scores with one decimal and E-values with two digits.

    Parameters
    ----------
    max_evalue, database_size : float
        As in :class:`~rna_predict.families.infernal.Program`.

    Raises
    ------
    InputError
        If cmsearch is not on PATH.
    """

    name = "infernal"

    def __init__(self, max_evalue: float, database_size: float) -> None:
        program = shutil.which("cmsearch")
        if program is None:
            raise InputError("families.program", "no program cmsearch (Infernal) on PATH")
        self.program = program
        self.max_evalue, self.database_size = max_evalue, database_size
        told = subprocess.run([program, "-h"], capture_output=True, text=True, check=False).stdout
        release = re.search(r"INFERNAL (\S+)", told)
        if release is None:
            raise InputError(program, f"expected Infernal's cmsearch, it said: {told[:TAIL]}")
        self.version = release[1]

    def search(self, model: CovarianceModel, sequences: tuple[str, ...]) -> list[tuple[int, Hit]]:
        """Search sequences with one model, as in :class:`~.infernal.Program`."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "model.cm").write_bytes(model.read())
            records = (f">{number}\n{text}\n" for number, text in enumerate(sequences))
            (folder / "sequences.fasta").write_text("".join(records))
            command = [
                self.program, "--cpu", "0", "--toponly", "--notextw", "-Z", str(self.database_size),
                "-E", str(self.max_evalue), "--mxsize", str(MATRIX_SIZE),
                "model.cm", "sequences.fasta",
            ]  # fmt: skip
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = (done.stdout[-TAIL:] + done.stderr[-TAIL:]).strip()
            what = f"model {model.name!r} not readable by cmsearch: {said}"
            raise InputError(model.path, what)
        return list(_read_output(done.stdout))


def _read_output(text: str) -> Iterator[tuple[int, Hit]]:
    """Read the hits off cmsearch's output.

    Of a hit: a line with ``>>`` and the name, two of a header, the numbers, then blocks of lines:
    NC and CS (marked at their end), model, matches, target, PP (marked at its end; absent where
    there is no posterior).
    """
    for record in re.split(r"^>> ", text.partition("Hit alignments:")[2], flags=re.MULTILINE)[1:]:
        lines = record.splitlines()
        name = int(lines[0].split()[0])
        numbers = next(filter(None, map(FACTS.match, lines)), None)
        marks = [k for k, line in enumerate(lines) if line.endswith(" CS")]
        if numbers is None or len(marks) != 1:
            raise InputError("cmsearch", f"unexpected output: {record[:TAIL]}")
        offset = len(lines[marks[0]]) - len(lines[marks[0]].lstrip())
        model, target = (SHOWN.match(lines[marks[0] + k]) for k in (1, 3))
        if model is None or target is None:
            raise InputError("cmsearch", f"unexpected output: {record[:TAIL]}")
        width = len(model["text"])
        after = lines[marks[0] + 4] if marks[0] + 4 < len(lines) else ""
        yield (
            name,
            read_printed(
                model["text"],
                target["text"],
                after[offset : offset + width] if after.endswith(" PP") else "",
                start=int(numbers["start"]) - 1,
                end=int(numbers["end"]),
                score=float(numbers["score"]),
                evalue=float(numbers["evalue"]),
                cm_start=int(numbers["cm_start"]) - 1,
                cm_end=int(numbers["cm_end"]),
            ),
        )
