"""Covariance models of families: what their files say about names, thresholds and structure.

Infernal's text format, release 1.1 (Nawrocki & Eddy 2013, Bioinformatics 29:2933; User's Guide,
section "File and output formats"). The programs read the models themselves; this reads what they
do not tell: the gathering threshold and the consensus structure.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Int

from rna_predict.errors import InputError

MAGIC: Final = b"INFERNAL1/a"
"""First word of a model."""
CALIBRATION: Final = ("ECMLC", "ECMGC", "ECMLI", "ECMGI")
"""Lines that cmcalibrate adds to the header of a model."""
DIGEST: Final = 16
"""Hexadecimal digits of a model's digest."""
NODE: Final = re.compile(
    r"^\s*\[ (?P<kind>[A-Z]+)\s+(?P<number>\d+) \]"
    r"\s+(?:\d+|-)\s+(?:\d+|-) (?P<left>\S) (?P<right>\S) ",
    re.MULTILINE,
)
"""A node of the guide tree: kind, number, consensus letters."""


@dataclass(frozen=True, eq=False)
class CovarianceModel:
    """One calibrated covariance model. Columns are its consensus positions, counted from 0.

    Attributes
    ----------
    family, name : str
        Accession (the name where there is none) and name.
    length : int
        Number of columns.
    threshold : float, bits
        Gathering threshold: the least score of a member; NaN where the model has none.
    consensus : str
        The commonest base of each column, in upper case.
    pairs : (p, 2) int
        Columns that pair, ``i < j``, nested.
    digest : str
        Of the model's text: equal for equal models.
    path : path
        File that holds it.
    place : (int, int)
        First byte in the file and number of bytes, its filter HMM included.
    """

    family: str
    name: str
    length: int
    threshold: float
    consensus: str
    pairs: Int[np.ndarray, "p 2"]
    digest: str
    path: Path
    place: tuple[int, int]

    def read(self) -> bytes:
        """Give the model's text."""
        start, size = self.place
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(size)


def read_models(paths: Sequence[Path]) -> list[CovarianceModel]:
    """Read the covariance models of files and folders.

    Parameters
    ----------
    paths : sequence of Path
        Files of calibrated covariance models (Infernal 1.1, text), or folders of ``*.cm``.

    Returns
    -------
    list of CovarianceModel
        In the order of the files; a model that occurs again is left out.

    Raises
    ------
    InputError
        If there is no model, a model is not calibrated, or a file is not one of models or is cut
        short.
    """
    models = {model.digest: model for path in model_files(paths) for model in _read_file(path)}
    return list(models.values())


def model_files(paths: Sequence[Path]) -> list[Path]:
    """List the files of covariance models among files and folders.

    Raises
    ------
    InputError
        If a path does not exist, a folder has no ``*.cm``, or there is no path at all.
    """
    files = []
    for path in paths:
        found = sorted(path.glob("*.cm")) if path.is_dir() else [path]
        if not found or not all(file.is_file() for file in found):
            raise InputError(path, "expected a file of covariance models or a folder of *.cm")
        files += found
    if not files:
        raise InputError("models", "no covariance models were given")
    return files


def _read_file(path: Path) -> Iterator[CovarianceModel]:
    """Read the models of one file."""
    data = path.read_bytes()
    if not data.startswith(MAGIC):
        raise InputError(path, "expected covariance models of Infernal 1.1 in text form")
    starts = [match.start() for match in re.finditer(rb"^" + MAGIC, data, re.MULTILINE)]
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        block = data[start:end]
        # The filter HMM comes after the model and ends with a line of its own.
        text = block.decode(errors="replace")
        fields = _header(text)
        name = fields.get("NAME", "")
        if not text.rstrip().endswith("\n//"):
            raise InputError(path, f"cut short in model {name!r}: expected '//' at the end")
        if missing := [key for key in CALIBRATION if key not in fields]:
            what = f"model {name!r} is not calibrated (no {', '.join(missing)})"
            raise InputError(path, f"{what}; run cmcalibrate on it")
        try:
            consensus, pairs = _structure(text.partition("\nHMMER3/")[0])
            length = int(fields["CLEN"])
            threshold = float(fields.get("GA", "nan"))
        except (KeyError, ValueError, IndexError) as error:
            raise InputError(path, f"model {name!r} is not readable: {error!r}") from error
        if len(consensus) != length:
            what = f"model {name!r} has {len(consensus)} columns, its header says {length}"
            raise InputError(path, what)
        yield CovarianceModel(
            family=fields.get("ACC", name),
            name=name,
            length=length,
            threshold=threshold,
            consensus=consensus,
            pairs=pairs,
            digest=hashlib.sha256(block).hexdigest()[:DIGEST],
            path=path,
            place=(start, end - start),
        )


def _header(text: str) -> dict[str, str]:
    """Give the first value of each line of a model's header."""
    fields: dict[str, str] = {}
    for line in text.partition("\nCM\n")[0].splitlines():
        key, _, value = line.partition(" ")
        if value.split():
            fields.setdefault(key, value.split()[0])
    return fields


def _structure(text: str) -> tuple[str, Int[np.ndarray, "p 2"]]:
    """Read the consensus and its pairs off the guide tree.

    In the order of their numbers (that of the file may differ), the nodes are a preorder: the left
    residue of a node comes at its turn, its right residue after the whole of its subtree. The two
    subtrees of a bifurcation follow one another.
    """
    nodes = sorted(NODE.finditer(text), key=lambda node: int(node["number"]))
    letters: list[str] = []
    pairs: list[tuple[int, int]] = []
    pending: list[tuple[re.Match[str], int]] = []
    for node in nodes:
        pending.append((node, len(letters)))
        if node["kind"] in ("MATP", "MATL"):
            letters.append(node["left"])
        if node["kind"] != "END":
            continue
        while pending:
            above, left = pending.pop()
            if above["kind"] in ("MATP", "MATR"):
                if above["kind"] == "MATP":
                    pairs.append((left, len(letters)))
                letters.append(above["right"])
            if above["kind"] == "BEGL":
                break  # what is below waits for the right subtree
    return "".join(letters).upper(), np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
