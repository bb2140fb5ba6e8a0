"""Figures of training: losses, shares, validation, learning rate."""

import math

import numpy as np
import pandas as pd

from rna_predict.report.elements import Figure, Series
from rna_predict.report.plot import Axis, Plot, series_style
from rna_predict.report.training import TrainingLog

MOST_POINTS = 240
"""Longer curves are drawn as means of equal stretches."""
SCORES = {
    "lddt": "lDDT", "tm": "TM-score", "plddt": "pLDDT / 100", "plddt_error": "|pLDDT / 100 - lDDT|",
}  # fmt: skip
"""Validation columns between 0 and 1, by name."""
LENGTHS = {"rmsd": "RMSD"}
"""Validation columns in angstrom."""
SHAPES = {"spread": "spread", "neighbour": "nearest neighbour"}
"""Validation columns that compare the samples' size with the natives'."""


def training_figures(log: TrainingLog) -> list[Figure]:
    """Draw everything that was logged."""
    figures = [_losses(log), _shares(log)]
    figures += [
        _validation(
            log, SCORES, "Validation", "score", 1.0,
            "lDDT and TM-score of sampled structures, and what the network says of them (pLDDT).",
        ),
        _validation(
            log, LENGTHS, "Validation RMSD", "RMSD (Å)", 0.0,
            "All heavy atoms, after superposition.",
        ),
        _validation(
            log, SHAPES, "Size of the samples", "sample / native", 1.1,
            "Spread of C1' about their centre and distance to the nearest C1', divided by the "
            "native's: 1 is right, near 0 is collapse.",
        ),
        _single(log, "learning_rate", "Learning rate", "learning rate"),
        _single(log, "gradient_norm", "Gradient norm", "norm before clipping"),
    ]  # fmt: skip
    return [figure for figure in figures if figure is not None]


def _losses(log: TrainingLog) -> Figure | None:
    """Draw every loss term, unweighted."""
    terms = [t for t in log.terms if (log.train[t] > 0).any()]
    if not terms:
        return None
    table, every = _thinned(log.train, terms)
    positive = table[terms].where(table[terms] > 0)
    plot = Plot(
        _steps(log),
        Axis("loss, unweighted", *_log_range(positive.min().min(), positive.max().max()), log=True),
        label=f"Loss terms over {log.steps} steps: {', '.join(terms)}",
        height=300,
    )
    for index, term in enumerate(terms):
        plot.line(table["step"], positive[term], term_name(term), series_style(index))
    _mark_phases(plot, log)
    return Figure(
        title="Loss terms",
        drawings=[plot.svg()],
        caption="Each term as it is, before its weight (logarithmic; a term is drawn while its "
        f"weight is above 0). {every}",
        legend=[Series(term_name(term), series_style(k)) for k, term in enumerate(terms)],
    )


def _shares(log: TrainingLog) -> Figure | None:
    """Draw what share of the objective each term makes up."""
    shares = log.shares()
    if not shares:
        return None
    frame = pd.DataFrame({"phase": log.train["phase"], "step": log.train["step"], **shares})
    table, every = _thinned(frame, list(shares))
    ticks = tuple((v, f"{100 * v:.0f}") for v in (0, 0.25, 0.5, 0.75, 1))
    plot = Plot(
        _steps(log),
        Axis("share of the objective (%)", 0, 1, ticks=ticks),
        label="Share of each weighted loss term in the objective",
        height=300,
    )
    ends = np.flatnonzero(np.diff(table["phase"].factorize()[0])) + 1
    stretches = [slice(a, b) for a, b in zip([0, *ends], [*ends, len(table)], strict=True)]
    plot.stack(table["step"], [(term_name(term), table[term]) for term in shares], stretches)
    _mark_phases(plot, log)
    last = {term: float(table[term].iloc[-1]) for term in shares}
    top = max(last, key=last.__getitem__)
    return Figure(
        title="Weighted shares",
        drawings=[plot.svg()],
        caption="Magnitude of each term times its weight, as a share of their sum; first term at "
        f"the bottom. At the end {term_name(top)} makes up {100 * last[top]:.0f} %. {every}",
        legend=[
            Series(term_name(term), f"area {series_style(k)}") for k, term in enumerate(shares)
        ],
    )


def _validation(
    log: TrainingLog, names: dict[str, str], title: str, label: str, top: float, text: str
) -> Figure | None:
    """Draw validation results of one unit; the axis goes from 0 to at least ``top``."""
    table = log.validation
    columns = [name for name in names if name in table]
    if not columns:
        return None
    most = float(table[columns].max().max())
    plot = Plot(
        _steps(log),
        Axis(label, 0, top if most <= top else most * 1.08),
        label=f"{title} over {log.steps} steps: {', '.join(names[c] for c in columns)}",
    )
    for index, column in enumerate(columns):
        plot.line(table["step"], table[column], names[column], series_style(index), points=True)
    if columns == list(SHAPES):
        plot.rule(1.0, axis="y")
    _mark_phases(plot, log)
    best = log.best("lddt")
    if best and "lddt" in columns:
        text += f" Best lDDT {best[1]:.3f} at step {best[0]:,}."
    return Figure(
        title=title,
        drawings=[plot.svg()],
        caption=f"{text} Means over samples of the validation chains at {len(table)} points, with "
        "the averaged weights.",
        legend=[Series(names[c], series_style(k)) for k, c in enumerate(columns)],
    )


def _single(log: TrainingLog, name: str, title: str, label: str) -> Figure | None:
    """Draw one logged value on a logarithmic axis."""
    if name not in log.train or not (log.train[name] > 0).any():
        return None
    table, every = _thinned(log.train, [name])
    values = table[name].where(table[name] > 0)
    plot = Plot(
        _steps(log),
        Axis(label, *_log_range(values.min(), values.max()), log=True),
        label=f"{title} over {log.steps} steps",
    )
    plot.line(table["step"], values, title.lower(), "s0")
    _mark_phases(plot, log)
    return Figure(
        title=title,
        drawings=[plot.svg()],
        caption=f"{title} by optimiser step (logarithmic). {every}".strip(),
    )


def _steps(log: TrainingLog) -> Axis:
    """Give the axis of steps through all phases."""
    return Axis("optimiser step", 0, max(log.steps, 1))


def _mark_phases(plot: Plot, log: TrainingLog) -> None:
    """Mark where each phase starts."""
    if len(log.phases) > 1:
        for phase in log.phases:
            if phase.start:
                plot.rule(phase.start)
            plot.text(
                phase.start + phase.steps / 2, plot.y.high, phase.name, dy=-5, anchor="middle"
            )


def _log_range(low: float, high: float) -> tuple[float, float]:
    """Widen a range to the next 1, 2 or 5 of a decade on both sides."""
    down, up = 10.0 ** math.floor(math.log10(low)), 10.0 ** math.floor(math.log10(high))
    return (
        max(f * down for f in (1, 2, 5) if f * down <= low * 1.001),
        min(f * up for f in (1, 2, 5, 10) if f * up >= high * 0.999),
    )


def _thinned(table: pd.DataFrame, columns: list[str]) -> tuple[pd.DataFrame, str]:
    """Average stretches of a long table, and say so."""
    size = math.ceil(len(table) / MOST_POINTS)
    if size <= 1:
        return table, ""
    groups = table.groupby("phase", sort=False).cumcount() // size
    means = table.groupby(["phase", groups], sort=False)[["step", *columns]].mean()
    return means.reset_index("phase"), f"Means of {size} logged steps each."


def term_name(term: str) -> str:
    """Write the name of a loss term as words."""
    return (
        term.replace("_", " ")
        .replace("plddt", "pLDDT")
        .replace("lddt", "lDDT")
        .replace("pae", "PAE")
        .replace("pde", "PDE")
    )
