"""The training log of a run: losses, their weighted shares and validation by step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from rna_predict.errors import InputError
from rna_predict.report.inputs import ReportInputs
from rna_predict.report.tables import read_text_table, read_yaml

KEYS = ("phase", "step", "kind")
KINDS = ("train", "validation")
WEIGHTED = "_weighted"
"""Ending of the column of a term times its weight."""


@dataclass(frozen=True, eq=False)
class Phase:
    """One stretch of training."""

    name: str
    start: int
    """Steps taken before it."""
    steps: int
    """Steps logged of it."""
    weights: Mapping[str, float]
    """Weight of each loss term."""


@dataclass(frozen=True, eq=False)
class TrainingLog:
    """What training logged, the phases after each other.

    Attributes
    ----------
    settings : dict
        The complete model file.
    phases : list of Phase
    train, validation : DataFrame
        ``step`` counted through all phases, ``phase``, and every logged value as float.
    terms : list of str
        Loss terms, logged as ``{term}`` and ``{term}_weighted``.
    """

    settings: dict[str, Any]
    phases: list[Phase]
    train: pd.DataFrame
    validation: pd.DataFrame
    terms: list[str]

    @property
    def steps(self) -> int:
        """Steps of all phases."""
        return sum(phase.steps for phase in self.phases)

    def shares(self) -> dict[str, Float[np.ndarray, " rows"]]:
        """Give each term's share (0-1) of the sum of the magnitudes of all weighted terms."""
        sizes = {
            term: self.train[f"{term}{WEIGHTED}"].abs().fillna(0).to_numpy() for term in self.terms
        }
        whole = np.sum(list(sizes.values()), axis=0) if sizes else np.zeros(0)
        return {
            term: np.divide(size, whole, out=np.zeros_like(size), where=whole > 0)
            for term, size in sizes.items()
            if size.any()
        }

    def validated(self, phase: str, step: int, column: str) -> float | None:
        """Give a validation value at a step of a phase; None if it was not logged."""
        offset = {p.name: p.start for p in self.phases}.get(phase, 0)
        rows = self.validation[
            (self.validation["phase"] == phase) & (self.validation["step"] == offset + step)
        ]
        return float(rows[column].iloc[-1]) if len(rows) and column in rows else None

    def best(self, column: str, least: bool = False) -> tuple[int, float] | None:
        """Give step and value of a validation column's greatest (or least) value.

        None if it was never logged.
        """
        if column not in self.validation or self.validation[column].isna().all():
            return None
        values = self.validation[column]
        row = self.validation.loc[values.idxmin() if least else values.idxmax()]
        return int(row["step"]), float(row[column])


def read_training(inputs: ReportInputs) -> TrainingLog:
    """Read the log and the model file of a run.

    Raises
    ------
    InputError
        If a file is missing or malformed, or the log names a phase the model file does not have.
    """
    settings = read_yaml(inputs.model, "the complete model file")
    try:
        planned = {p["name"]: p["losses"] for p in settings["training"]["phases"]}
    except (KeyError, TypeError) as error:
        raise InputError(inputs.model, f"expected training.phases with losses: {error}") from error
    table = read_text_table(
        inputs.metrics, dict.fromkeys(KEYS, str), "the training log", separator=","
    )
    values = [name for name in _columns(inputs) if name not in KEYS]
    table = read_text_table(
        inputs.metrics,
        {"phase": str, "step": int, "kind": str} | dict.fromkeys(values, float),
        "the training log",
        separator=",",
    )
    if unknown := set(table["kind"]) - set(KINDS):
        raise InputError(inputs.metrics, f"kind {sorted(unknown)[0]!r}; expected {KINDS}")
    phases, done = [], 0
    for name, rows in table.groupby("phase", sort=False):
        if name not in planned:
            raise InputError(
                inputs.metrics, f"phase {name!r} is not in {inputs.model}: {', '.join(planned)}"
            )
        phases.append(Phase(str(name), done, int(rows["step"].max()), planned[name]))
        done += phases[-1].steps
    offset = {phase.name: phase.start for phase in phases}
    table["step"] += table["phase"].map(offset).astype(int)
    train, validation = (
        table[table["kind"] == kind].dropna(axis="columns", how="all").reset_index(drop=True)
        for kind in KINDS
    )
    terms = [name for name in train if f"{name}{WEIGHTED}" in train]
    return TrainingLog(settings, phases, train, validation, terms)


def _columns(inputs: ReportInputs) -> list[str]:
    """Give the names in the header of the log."""
    return list(pd.read_csv(inputs.metrics, nrows=0).columns)
