"""Infernal's cmsearch through the Python module pyinfernal: the default search program."""

import io
from functools import lru_cache
from importlib.metadata import version
from typing import Final, Protocol, runtime_checkable

from pyhmmer.easel import Alphabet, DigitalSequenceBlock, TextSequence
from pyinfernal.cm import CMFile, Pipeline

from rna_predict.errors import InputError
from rna_predict.families.covariance_models import CovarianceModel
from rna_predict.families.hits import Hit, read_printed

MEGABASE: Final = 1_000_000
PROGRAMS: Final = ("pyinfernal", "infernal")
"""Names that :func:`make_program` knows."""


@runtime_checkable
class Program(Protocol):
    """A program that searches sequences with a covariance model.

    Attributes
    ----------
    name, version : str
        Which program answers, for the key of kept answers.
    max_evalue : float
        Hits above it are not reported.
    database_size : float
        Stated size of the database that E-values refer to (million nucleotides). With it given, a
        hit depends on its sequence alone, not on the others that are searched at a time. Infernal
        also chooses its filters by it: a larger database, stricter filters.
    """

    name: str
    version: str
    max_evalue: float
    database_size: float

    def search(self, model: CovarianceModel, sequences: tuple[str, ...]) -> list[tuple[int, Hit]]:
        """Search sequences with one model.

        Parameters
        ----------
        model : CovarianceModel
        sequences : tuple of str
            Letters of ``constants.ALPHABET``, not empty.

        Returns
        -------
        list of (int, Hit)
            Place of the sequence in the tuple, and a hit on the strand given; hits of one sequence
            do not overlap.

        Raises
        ------
        InputError
            If the program cannot read the model.
        """
        ...


def make_program(name: str, max_evalue: float, database_size: float) -> Program:
    """Make the search program that the configuration names.

    Parameters
    ----------
    name : str
        One of ``PROGRAMS``.
    max_evalue, database_size : float
        As in :class:`Program`.

    Raises
    ------
    InputError
        If there is no such program, it is not on PATH, or a number is not positive.
    """
    if max_evalue <= 0 or database_size <= 0:
        what = f"expected positive numbers, got {max_evalue} and {database_size}"
        raise InputError("max_evalue and database_size", what)
    if name == "pyinfernal":
        return InfernalModule(max_evalue, database_size)
    if name == "infernal":
        from rna_predict.families.infernal_program import InfernalProgram

        return InfernalProgram(max_evalue, database_size)
    raise InputError("families.program", f"expected one of {', '.join(PROGRAMS)}, got {name!r}")


class InfernalModule:
    """pyinfernal, which holds Infernal's own code.

    Parameters
    ----------
    max_evalue, database_size : float
        As in :class:`Program`.
    """

    name = "pyinfernal"

    def __init__(self, max_evalue: float, database_size: float) -> None:
        self.version = version("pyinfernal")
        self.max_evalue, self.database_size = max_evalue, database_size

    def search(self, model: CovarianceModel, sequences: tuple[str, ...]) -> list[tuple[int, Hit]]:
        """Search sequences with one model, as in :class:`Program`."""
        alphabet = Alphabet.rna()
        size = max(1, round(self.database_size * MEGABASE))
        pipeline = Pipeline(alphabet, size, E=self.max_evalue)
        try:
            with CMFile(io.BytesIO(model.read()), alphabet=alphabet) as file:
                found = pipeline.search_cm(file.read(), _digitize(sequences))
        except (ValueError, EOFError) as error:
            what = f"model {model.name!r} not readable by pyinfernal: {error}"
            raise InputError(model.path, what) from error
        hits = []
        for hit in found:
            shown = hit.alignment
            if hit.reported and not hit.duplicate and shown.target_from <= shown.target_to:
                read = read_printed(
                    shown.cm_sequence,
                    shown.target_sequence,
                    shown.posterior_probabilities,
                    start=shown.target_from - 1,
                    end=shown.target_to,
                    score=hit.score,
                    evalue=hit.evalue,
                    cm_start=shown.cm_from - 1,
                    cm_end=shown.cm_to,
                )
                hits.append((int(hit.name), read))
        return hits


@lru_cache(maxsize=1)
def _digitize(sequences: tuple[str, ...]) -> DigitalSequenceBlock:
    """Convert sequences for Infernal; each is named by its place."""
    alphabet = Alphabet.rna()
    texts = (TextSequence(name=str(k), sequence=text) for k, text in enumerate(sequences))
    return DigitalSequenceBlock(alphabet, [text.digitize(alphabet) for text in texts])
