"""Minimisation from files to files: names and B-factors (pLDDT) survive, a rerun goes on."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import openmm
import pandas as pd
from jaxtyping import Float
from tqdm import tqdm

from rna_predict import __version__
from rna_predict.errors import InputError
from rna_predict.evaluate.models import read_model
from rna_predict.refine.b_factors import read_b_factors
from rna_predict.refine.batch import (
    ENERGY_COLUMNS,
    GRACE,
    check_settings,
    lost_result,
    result_row,
    unreadable_row,
)
from rna_predict.refine.journal import Journal, file_sha256
from rna_predict.refine.minimize import MinimizeResult, Settings, minimize_chain
from rna_predict.refine.workers import Lost, run_isolated
from rna_predict.structure.chain import Chain
from rna_predict.structure.files import replacing
from rna_predict.structure.mmcif import SUFFIXES, write_chain

LOST: Final = ("time_limit", "crashed", "failed")
"""Reasons for which a rerun tries again: another day they may not hold."""

READ_LIMIT: Final = 60.0
"""Seconds that reading a model may take after its minimisation gave no result."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What became of the models of one call.

    Attributes
    ----------
    table : DataFrame
        Columns ``ENERGY_COLUMNS``, one row a model in the order given.
    faults : list of InputError
        One for each file that cannot be used, or whose process died or failed.
    skipped : int
        Models that an earlier run had done.
    """

    table: pd.DataFrame
    faults: list[InputError]
    skipped: int


def minimize_files(
    models: Sequence[Path],
    out_dir: Path,
    energies: Path,
    *,
    threads: int = 1,
    force: bool = False,
    grace: float = GRACE,
    **settings: float | int | str,
) -> Batch:
    """Minimise models, and write each as it is done, and the table of energies at the end.

    Models whose result, of the same bytes by the same settings, is there are left as they are;
    a file ``.{energies}.done`` beside the table remembers them.

    Parameters
    ----------
    models : sequence of path
        mmCIF or PDB files of one RNA chain each.
    out_dir : path
        Gets files of the same names: the minimised structure, or the input where a gate failed.
    energies : path
        TSV, one row a model; its column ``model`` is the file's stem, without ``model_``.
    threads : int
        Models at a time.
    force : bool
        Do all again.
    grace, **settings
        See :func:`rna_predict.refine.batch.minimize_chains`.

    Returns
    -------
    Batch

    Raises
    ------
    InputError
        If two files have the same stem, if the results would take the models' place, or if a
        setting is out of range.
    """
    names = _stems(models, out_dir)
    chosen = check_settings(threads, settings)
    request = {**asdict(chosen), "version": __version__, "openmm": openmm.__version__}
    journal = Journal(energies.with_name(f".{energies.name}.done"), request)
    targets = [out_dir / path.name for path in models]
    rows: list[dict[str, Any] | None] = [
        None if force else journal.row(path, target)
        for path, target in zip(models, targets, strict=True)
    ]
    todo = [place for place, row in enumerate(rows) if row is None]
    faults: dict[int, InputError] = {}
    outcomes = _outcomes([models[place] for place in todo], chosen, threads, grace)
    for index, digest, outcome in tqdm(
        outcomes, "minimize", len(todo), disable=None, unit="model"
    ):  # a disable of None hides the bar where stderr is not a terminal
        place = todo[index]
        name, target = names[place], targets[place]
        if isinstance(outcome, _Done):
            rows[place] = result_row(name, outcome.result)
            try:
                write_chain(target, outcome.result.chain, outcome.b_factors)
            except InputError as error:
                outcome = error
            else:
                reason, detail = outcome.result.reason, outcome.result.detail
                if reason in LOST[1:]:
                    faults[place] = InputError(models[place], f"{reason}: {detail}")
                if reason not in LOST:
                    journal.note(digest, target, rows[place])
        if isinstance(outcome, InputError):
            rows[place] = unreadable_row(name, outcome)
            faults[place] = outcome
    table = pd.DataFrame(rows, columns=list(ENERGY_COLUMNS))
    with replacing(energies) as path:
        table.to_csv(path, sep="\t", index=False)
    return Batch(table, [faults[place] for place in sorted(faults)], len(models) - len(todo))


@dataclass(frozen=True, eq=False)
class _Done:
    """A result with the B-factors of its file."""

    result: MinimizeResult
    b_factors: Float[np.ndarray, " n"]


def _outcomes(
    paths: Sequence[Path], settings: Settings, threads: int, grace: float
) -> Iterator[tuple[int, str, _Done | InputError]]:
    """Give index, SHA-256 and outcome of each model as it ends."""
    # Of the bytes as they were before: a file that changes meanwhile is done again.
    digests = [file_sha256(path) for path in paths]
    limit = settings.time_limit + grace
    work = partial(_minimize_file, **asdict(settings))
    for index, outcome in run_isolated(work, paths, processes=threads, limit=limit):
        if isinstance(outcome, Lost):
            # The input is kept, if at least reading it comes to an end.
            ((_, read),) = run_isolated(_read_file, [paths[index]], processes=1, limit=READ_LIMIT)
            if isinstance(read, Lost):
                outcome = InputError(paths[index], f"{outcome.reason}: {outcome.detail}")
            elif isinstance(read, InputError):
                outcome = read
            else:
                chain, b_factors = read
                outcome = _Done(lost_result(chain, outcome), b_factors)
        yield index, digests[index], outcome


def _read_file(path: Path) -> tuple[Chain, Float[np.ndarray, " n"]] | InputError:
    """Read a model and its B-factors."""
    try:
        chain = read_model(path)
        if not chain.observed.any():
            raise InputError(path, "no atom of RNA has coordinates that can be used")
        return chain, read_b_factors(path, chain)
    except InputError as error:
        return error


def _minimize_file(path: Path, **settings: float | int | str) -> _Done | InputError:
    """Read and minimise a model."""
    read = _read_file(path)
    if isinstance(read, InputError):
        return read
    chain, b_factors = read
    return _Done(minimize_chain(chain, **settings), b_factors)


def _stems(models: Sequence[Path], out_dir: Path) -> list[str]:
    """Give names without suffixes; refuse those that would meet."""
    stems = []
    for path in models:
        stem = path.name.removesuffix(".gz")
        for suffix in SUFFIXES:
            stem = stem.removesuffix(suffix)
        stems.append(stem)
    if repeated := sorted(stem for stem, count in Counter(stems).items() if count > 1):
        raise InputError(out_dir, f"expected files of different names, got twice: {repeated}")
    if own := [path for path in models if path.resolve() == (out_dir / path.name).resolve()]:
        raise InputError(out_dir, f"expected another folder than that of the models: {own[0]}")
    return [stem.removeprefix("model_") for stem in stems]
