"""Minimisation of many models, in parallel, with the table of energies."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import pandas as pd

from rna_predict.errors import InputError
from rna_predict.refine.minimize import (
    MAX_ITERATIONS,
    RESTRAINT,
    TIME_LIMIT,
    MinimizeResult,
    check_settings,
    minimize_chain,
)
from rna_predict.structure.chain import Chain

ENERGY_COLUMNS = (
    *("model", "kept", "reason", "energy_before", "energy_after", "clashes_before"),
    *("clashes_after", "rmsd_to_input", "tm_to_input", "iterations", "seconds"),
)


def minimize_chains(
    models: Sequence[Chain | InputError],
    names: Sequence[str] | None = None,
    *,
    threads: int = 1,
    restraint: float = RESTRAINT,
    max_iterations: int = MAX_ITERATIONS,
    time_limit: float = TIME_LIMIT,
    platform: str = "auto",
) -> tuple[list[Chain | InputError], pd.DataFrame]:
    """Minimise models, each by :func:`rna_predict.refine.minimize.minimize_chain`.

    Parameters
    ----------
    models : sequence of Chain or InputError
        In the place of a model that could not be read, its error.
    names : sequence of str, optional
        For the column ``model``; default 1, 2, ...
    threads : int
        Models minimised at a time, each by a process of its own; 1 stays in this process. The
        result does not depend on it.
    restraint, max_iterations, time_limit, platform
        As for one model.

    Returns
    -------
    chains : list of Chain or InputError
        The minimised structure, the input where a gate failed, or the error that came in.
    energies : DataFrame
        Columns ``ENERGY_COLUMNS``, one row a model; see
        :class:`rna_predict.refine.minimize.MinimizeResult`. An unreadable model has its message
        as ``reason``.

    Raises
    ------
    InputError
        If a setting is out of range.
    """
    names = [str(k) for k in range(1, len(models) + 1)] if names is None else names
    chains = [model for model in models if isinstance(model, Chain)]
    check_settings(restraint, max_iterations, time_limit, platform)
    work = partial(
        minimize_chain,
        restraint=restraint,
        max_iterations=max_iterations,
        time_limit=time_limit,
        platform=platform,
    )
    if min(threads, len(chains)) > 1:
        # Spawned, not forked: OpenMM has threads that a fork would not copy.
        with ProcessPoolExecutor(min(threads, len(chains)), get_context("spawn")) as pool:
            results = iter(list(pool.map(work, chains)))
    else:
        results = map(work, chains)
    outcomes: list[Chain | InputError] = []
    rows = []
    for name, model in zip(names, models, strict=True):
        if isinstance(model, Chain):
            result = next(results)
            outcomes.append(result.chain)
            rows.append({"model": name, **_row(result)})
        else:
            outcomes.append(model)
            rows.append({"model": name, "kept": False, "reason": str(model), "iterations": 0})
    return outcomes, pd.DataFrame(rows, columns=list(ENERGY_COLUMNS))


def _row(result: MinimizeResult) -> dict[str, object]:
    """Give the columns of a result."""
    return {column: getattr(result, column) for column in ENERGY_COLUMNS[1:]}
