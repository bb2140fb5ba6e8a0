"""Search RNA chains with the covariance models of families, by Infernal through pyinfernal.

Nawrocki & Eddy (2013) Bioinformatics 29:2933. E-values are those of a search of a database of a
stated size, so that they do not depend on how many chains are searched at a time.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pandas as pd
from pyhmmer.easel import Alphabet, DigitalSequenceBlock, TextSequence
from pyinfernal.cm import CM, CMFile
from pyinfernal.infernal import cmsearch

from rna_predict.errors import InputError
from rna_predict.structure.chain import Chain

CALIBRATION: Final = ("ECMLC", "ECMGC", "ECMLI", "ECMGI")
"""Lines that cmcalibrate adds to the header of a model."""
MEGABASE: Final = 1_000_000
FAMILY_COLUMNS: Final = {
    "chain_id": "str", "family": "str", "family_name": "str", "start": "int64", "end": "int64",
    "score": "float64", "evalue": "float64",
}  # fmt: skip


def search_families(
    chains: Sequence[Chain], cm_paths: Sequence[Path], max_evalue: float, database_size: float
) -> pd.DataFrame:
    """Find members of families among chains.

    Parameters
    ----------
    chains : sequence of Chain
        Equal sequences are searched once; of several models of a chain the first counts.
    cm_paths : sequence of Path
        Files of calibrated covariance models (Infernal 1.1, text), or folders of ``*.cm``.
    max_evalue : float
        Hits above it are not reported.
    database_size : float
        Size of the database that E-values refer to (million nucleotides, both strands).

    Returns
    -------
    DataFrame
        Columns chain_id, family (accession, or the name of a model without one), family_name,
        start and end (0-based, end exclusive), score (bits), evalue; one row a hit on the strand
        given, in the order of the chains, then by E-value.

    Raises
    ------
    InputError
        If there is no model, a model is not calibrated, or a file is not one of models.
    """
    if max_evalue <= 0 or database_size <= 0:
        what = f"expected positive numbers, got {max_evalue} and {database_size}"
        raise InputError("max_evalue and database_size", what)
    files = model_files(cm_paths)
    for path in files:
        check_calibrated(path)
    members: dict[str, list[str]] = {}
    position: dict[str, int] = {}
    for chain in chains:
        if chain.name not in position:
            position[chain.name] = len(position)
            members.setdefault(chain.sequence, []).append(chain.name)
    alphabet = Alphabet.rna()
    sequences = list(members)
    block = DigitalSequenceBlock(
        alphabet,
        [
            TextSequence(name=str(number), sequence=sequence).digitize(alphabet)
            for number, sequence in enumerate(sequences)
        ],
    )
    rows = []
    size = max(1, round(database_size * MEGABASE))
    models = _models(files, alphabet)
    for hits in cmsearch(models, block, cpus=1, Z=size, E=max_evalue) if sequences else ():
        model = hits.query
        for hit in hits:
            start, end = hit.alignment.target_from, hit.alignment.target_to
            if start <= end and hit.reported and not hit.duplicate and hit.evalue <= max_evalue:
                family = model.accession or model.name
                for name in members[sequences[int(hit.name)]]:
                    rows.append((name, family, model.name, start - 1, end, hit.score, hit.evalue))
    rows.sort(key=lambda row: (position[row[0]], row[6], row[1], row[3]))
    return pd.DataFrame(rows, columns=list(FAMILY_COLUMNS)).astype(FAMILY_COLUMNS)


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
        raise InputError("cm_paths", "no covariance models were given")
    return files


def check_calibrated(path: Path) -> None:
    """Make sure that every covariance model of a file has E-value parameters.

    Raises
    ------
    InputError
        Naming the model that has none, or saying that the file is cut short or is not Infernal
        1.1 text.
    """
    with path.open(encoding="utf-8", errors="replace") as lines:
        if not next(lines, "").startswith("INFERNAL1/a"):
            raise InputError(path, "expected covariance models of Infernal 1.1 in text form")
        name, found, header, ended = "", set(), True, False
        for line in lines:
            word = line.split(maxsplit=1)[0] if line.strip() else ""
            ended = word == "//"
            if word.startswith("INFERNAL1/"):
                name, found, header = "", set(), True
            elif header and word == "NAME":
                name = line.split()[1]
            elif header and word in CALIBRATION:
                found.add(word)
            elif header and word == "CM":
                header = False
                if missing := [key for key in CALIBRATION if key not in found]:
                    what = f"model {name!r} is not calibrated (no {', '.join(missing)})"
                    raise InputError(path, f"{what}; run cmcalibrate on it")
    if not ended:
        raise InputError(path, f"cut short in model {name!r}: expected '//' at the end")


def _models(files: Sequence[Path], alphabet: Alphabet) -> Iterator[CM]:
    """Read the models one by one, naming the file that cannot be read."""
    for path in files:
        try:
            with CMFile(path, alphabet=alphabet) as models:
                yield from models
        except (ValueError, EOFError) as error:
            raise InputError(path, f"not readable as covariance models: {error}") from error
