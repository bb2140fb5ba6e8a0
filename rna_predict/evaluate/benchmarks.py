"""Benchmarks: tables of targets, and the scores of whatever models a target has.

A target is an experimental structure. A predictor's models come ranked, best first; those of a
folder of foreign models are a pool without ranks. What was refused has a row with its reason.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from rna_predict.errors import InputError
from rna_predict.evaluate.ensembles import with_ensemble
from rna_predict.evaluate.models import read_complex, read_complexes
from rna_predict.evaluate.pairing import How
from rna_predict.evaluate.scores import RESIDUE_COLUMNS, residue_scores, score_models
from rna_predict.structure.chain import Chain
from rna_predict.structure.files import replacing
from rna_predict.structure.mmcif import SUFFIXES

FOREIGN: Final = "foreign"
"""Name of the pool of foreign models among the predictors."""
REFUSED: Final = "refused.tsv"
"""Table in the place of models: columns status, reason."""
SCORED, FAILED, EXCLUDED = "scored", "failed", "excluded"
"""What became of a model: ``excluded`` targets are not the predictor's task (several chains)."""
KEYS: Final = ("predictor", "target", "rank", "status")
"""Columns put before those of a score table; a pool has no ranks."""
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_DIGITS: Final = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Target:
    """One row of a target table.

    Attributes
    ----------
    name : str
        Safe as the name of a folder.
    native : path
        Experimental structure, of one chain or several.
    sequence : str
        To fold, if it is not the native's own; else "".
    models : path or None
        Folder of foreign models.
    cutoff : str
        No template released on or after this ISO date may be used; "" = none known.
    """

    name: str
    native: Path
    sequence: str = ""
    models: Path | None = None
    cutoff: str = ""


def read_targets(path: Path) -> list[Target]:
    """Read a table of targets, or convert a folder of RNA-Puzzles.

    Parameters
    ----------
    path : path
        A TSV with the columns target and native and any of sequence, models and cutoff, its paths
        relative to its own folder; or a folder with ``targets.tsv`` (columns puzzle and
        template_cutoff) and ``{puzzle}/native.pdb``, ``{puzzle}/models/``.

    Returns
    -------
    list of Target
        In the order of the table.

    Raises
    ------
    InputError
        If a file, folder or column is missing, or a name is twice there or not one of a folder.
    """
    folder = path if path.is_dir() else path.parent
    table = path / "targets.tsv" if path.is_dir() else path
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(table, f"expected a table of targets: {error}") from error
    if not rows:
        raise InputError(table, "expected at least one target, got none")
    if path.is_dir():
        rows = [_puzzle_row(table, row) for row in rows]
    targets: dict[str, Target] = {}
    for number, row in enumerate(rows, start=1):
        target = _target(table, number, row, folder)
        if target.name in targets:
            raise InputError(table, f"row {number}: a second target {target.name}")
        targets[target.name] = target
    return list(targets.values())


def _puzzle_row(table: Path, row: dict[str, str]) -> dict[str, str]:
    """Give a row of a folder of RNA-Puzzles the columns of a target table."""
    if not row.get("puzzle"):
        raise InputError(table, f"expected a column puzzle, got {list(row)}")
    name = row["puzzle"]
    cutoff = row.get("template_cutoff") or ""
    return {
        "target": name, "native": f"{name}/native.pdb", "models": f"{name}/models",
        "cutoff": cutoff,
    }  # fmt: skip


def _target(table: Path, number: int, row: dict[str, str], folder: Path) -> Target:
    """Check one row."""
    name, native = row.get("target") or "", row.get("native") or ""
    if not NAME.fullmatch(name) or not native:
        raise InputError(
            table, f"row {number}: expected a target (letters, digits, . _ -) and its native, "
            f"got {name!r} and {native!r}; columns: {list(row)}",
        )  # fmt: skip
    models = folder / row["models"] if row.get("models") else None
    for what, found in ((folder / native, (folder / native).is_file()),
                        (models, models is None or models.is_dir())):  # fmt: skip
        if not found:
            raise InputError(table, f"row {number}, target {name}: no {what}")
    sequence, cutoff = row.get("sequence") or "", row.get("cutoff") or ""
    return Target(name, folder / native, sequence, models, cutoff)


def target_fasta(name: str, native: Sequence[Chain], sequence: str = "") -> str:
    """Write what a predictor may know of a target: its sequence, one record a chain.

    Parameters
    ----------
    name : str
        Of the target; of several chains, ``{name}_{chain}`` each.
    native : sequence of Chain
        Its full sequences are used, observed or not, and nothing else.
    sequence : str
        Stands in for the native's where it is not empty.

    Returns
    -------
    str
        FASTA.
    """
    if sequence or len(native) == 1:
        records = [(name, sequence or native[0].sequence)]
    else:
        records = [(f"{name}_{chain.chain}", chain.sequence) for chain in native]
    return "".join(f">{record}\n{letters}\n" for record, letters in records)


def write_refusal(folder: Path, status: str, reason: str) -> None:
    """Say in the folder of a target's models why there are none (``FAILED`` or ``EXCLUDED``)."""
    table = pd.DataFrame([{"status": status, "reason": " ".join(reason.split())}])
    with replacing(folder / REFUSED) as path:
        table.to_csv(path, sep="\t", index=False)


def list_models(folder: Path) -> list[Path]:
    """List the structure files of a folder, ``model_10`` after ``model_9``."""
    found = [
        path
        for path in folder.iterdir()
        if path.name.lower().removesuffix(".gz").endswith(SUFFIXES) and path.name[0] != "."
    ]
    return sorted(
        found, key=lambda path: [int(p) if p.isdigit() else p for p in _DIGITS.split(path.name)]
    )


def score_target(
    predictor: str, target: str, folder: Path, native: Path, jobs: int = 1
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score all models that a predictor has of a target.

    Parameters
    ----------
    predictor : str
        ``FOREIGN`` for a pool: its models get no ranks.
    target : str
    folder : path
        Structure files, in the order of :func:`list_models`, or ``REFUSED``.
    native : path
        Experimental structure, of one chain or several.
    jobs : int
        Processes.

    Returns
    -------
    scores : DataFrame
        ``KEYS``, then the columns of :func:`~rna_predict.evaluate.scores.score_models` and
        ``ENSEMBLE_COLUMNS``; ``model`` is the file's name. Without models one row with the reason
        in ``error``.
    residues : DataFrame
        ``predictor``, ``target``, then the columns of
        :func:`~rna_predict.evaluate.scores.residue_scores`.

    Raises
    ------
    InputError
        If the native cannot serve, or :data:`REFUSED` is no such table.
    """
    paths, reference = list_models(folder), read_complex(native)
    names = [path.name for path in paths]
    if not paths:
        status, reason = _read_refusal(folder)
        status = EXCLUDED if predictor == FOREIGN else status  # nobody was asked to fold it
        length = sum(int(chain.observed.sum()) for chain in reference)
        scores = pd.DataFrame([{"model": "", "n_native": length, "error": reason}])
        residues = pd.DataFrame(columns=list(RESIDUE_COLUMNS))
        scores["status"], scores["rank"] = status, 1
    else:
        models = read_complexes(paths)
        # Ours are numbered from 1, whatever gaps the native's numbers have.
        pairing: How = "auto" if predictor == FOREIGN else "sequence"
        scores = score_models(models, reference, names, pairing, jobs=jobs)
        scores = with_ensemble(scores, models, reference, pairing)
        residues = residue_scores(models, reference, names, pairing, jobs=jobs)
        scores["status"] = [FAILED if error else SCORED for error in scores["error"]]
        scores["rank"] = range(1, len(scores) + 1)
    if predictor == FOREIGN:
        scores["rank"] = pd.NA
    scores = scores.assign(predictor=predictor, target=target)
    residues.insert(0, "target", target)
    residues.insert(0, "predictor", predictor)
    order = [*KEYS, *(name for name in scores.columns if name not in KEYS)]
    return scores[order].astype({"rank": "Int64"}), residues


def _read_refusal(folder: Path) -> tuple[str, str]:
    """Read why a folder has no models; an empty one has failed."""
    path = folder / REFUSED
    if not path.is_file():
        return FAILED, f"no models in {folder.name}"
    row = pd.read_csv(path, sep="\t", dtype="str", keep_default_na=False).to_dict("records")
    if len(row) != 1 or row[0].get("status") not in (FAILED, EXCLUDED):
        raise InputError(path, f"expected one row with status {FAILED} or {EXCLUDED}, got {row}")
    return row[0]["status"], row[0].get("reason", "")
