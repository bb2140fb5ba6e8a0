"""Minimisation of many models, each in a process that ends with its time, and their table."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from functools import partial
from typing import Final

import pandas as pd

from rna_predict.errors import InputError
from rna_predict.refine.energies import Energies, Geometry, measure_geometry
from rna_predict.refine.minimize import MinimizeResult, Settings, minimize_chain
from rna_predict.refine.platforms import find_platform
from rna_predict.refine.workers import Lost, run_isolated
from rna_predict.structure.chain import Chain

GRACE: Final = 10.0
"""Seconds past the time limit after which a model's process is ended: the minimisation itself looks
at the clock, but not while it builds the systems and measures the result."""
OUTCOME: Final = ("rmsd_to_input", "tm_to_input", "iterations", "seconds", "repairs",
                  "converged", "residual_force", "restraint_energy")  # fmt: skip
MEASURES: Final = tuple(
    f"{field.name}_{when}"
    for kind in (Geometry, Energies)
    for field in fields(kind)
    for when in ("before", "after")
)
ENERGY_COLUMNS: Final = ("model", "kept", "reason", "detail", *OUTCOME, *MEASURES)


def minimize_chains(
    models: Sequence[Chain | InputError],
    names: Sequence[str] | None = None,
    *,
    threads: int = 1,
    grace: float = GRACE,
    **settings: float | int | str,
) -> tuple[list[Chain | InputError], pd.DataFrame]:
    """Minimise models, each by :func:`rna_predict.refine.minimize.minimize_chain`.

    Parameters
    ----------
    models : sequence of Chain or InputError
        In the place of a model that could not be read, its error.
    names : sequence of str, optional
        For the column ``model``; default 1, 2, ...
    threads : int
        Models minimised at a time. The result does not depend on it.
    grace : float, seconds
        Past the time limit, after which the process of a model is ended.
    **settings
        Fields of :class:`rna_predict.refine.minimize.Settings`.

    Returns
    -------
    chains : list of Chain or InputError
        The minimised structure, the input where a gate failed, or the error that came in.
    energies : DataFrame
        Columns ``ENERGY_COLUMNS``, one row a model; see
        :class:`rna_predict.refine.minimize.MinimizeResult`. An unreadable model has its message
        as ``reason``; for one whose process gave no result it is that of
        :class:`rna_predict.refine.workers.Lost`.

    Raises
    ------
    InputError
        If a setting is out of range.
    """
    names = [str(k) for k in range(1, len(models) + 1)] if names is None else names
    chosen = check_settings(threads, settings)
    places = [place for place, model in enumerate(models) if isinstance(model, Chain)]
    outcomes: list[Chain | InputError] = list(models)
    rows = [
        {} if isinstance(model, Chain) else unreadable_row(name, model)
        for name, model in zip(names, models, strict=True)
    ]
    work = partial(minimize_chain, **asdict(chosen))
    chains = [models[place] for place in places]
    limit = chosen.time_limit + grace
    for index, outcome in run_isolated(work, chains, processes=threads, limit=limit):
        place = places[index]
        result = lost_result(models[place], outcome) if isinstance(outcome, Lost) else outcome
        outcomes[place] = result.chain
        rows[place] = result_row(names[place], result)
    return outcomes, pd.DataFrame(rows, columns=list(ENERGY_COLUMNS))


def check_settings(threads: int, settings: dict[str, float | int | str]) -> Settings:
    """Check all before any process starts.

    Raises
    ------
    InputError
        If the platform is not there or a value is out of range.
    """
    chosen = Settings(**settings)
    if threads < 1:
        raise InputError("minimisation", f"expected threads >= 1, got {threads}")
    find_platform(chosen.platform)
    return chosen


def lost_result(chain: Chain, lost: Lost) -> MinimizeResult:
    """Give the result of a model whose process gave none."""
    return MinimizeResult(
        chain, kept=False, reason=lost.reason, detail=lost.detail, before=measure_geometry(chain)
    )


def unreadable_row(name: str, error: InputError) -> dict[str, object]:
    """Give the row of a model that cannot be read."""
    return {"model": name, "kept": False, "reason": _line(error), "detail": "", "repairs": "",
            "iterations": 0, "converged": False}  # fmt: skip


def result_row(name: str, result: MinimizeResult) -> dict[str, object]:
    """Give the row of a result; measures that there are not are left out."""
    row = {"model": name, "kept": result.kept, "reason": result.reason}
    row["detail"] = _line(result.detail)
    row |= {column: getattr(result, column) for column in OUTCOME}
    measured = {
        "before": (result.before, result.energies_before),
        "after": (result.after, result.energies_after),
    }
    for when, parts in measured.items():
        for part in parts:
            if part is not None:
                row |= {f"{key}_{when}": value for key, value in asdict(part).items()}
    return row


def _line(message: object) -> str:
    """Put a message on one line."""
    return " ".join(str(message).split())
