"""Figures of training: losses, shares, validation, learning rate."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from rna_predict.report.elements import Figure, Series
from rna_predict.report.format import is_known
from rna_predict.report.plot import Axis, Plot, series_style
from rna_predict.report.training import TrainingLog

JUDGED = "judged"
"""Column of the number of results that means are of; ``{name}_judged`` where one has fewer."""
MOST_POINTS = 240
"""Longer curves are drawn as means of equal stretches."""


@dataclass(frozen=True)
class Curves:
    """Validation results of one unit in one figure."""

    title: str
    names: dict[str, str]
    """Columns of the log, with their names in the legend."""
    label: str
    """Of the axis, with the unit."""
    top: float
    """Least upper end of the axis; it begins at 0."""
    text: str
    """What is shown."""
    rule: float | None = None
    """Value that is marked."""


PARTS: Final = {"stem": "stems", "loop": "loops", "strand": "single strands"}
"""Ending of columns by part of the native's secondary structure."""
VALIDATION: Final = (
    Curves(
        "Validation",
        {
            "lddt": "lDDT", "tm": "TM-score", "plddt": "pLDDT / 100",
            "plddt_error": "|pLDDT / 100 - lDDT|",
        },
        "score", 1.0,
        "lDDT and TM-score of sampled structures, and what the network says of them (pLDDT).",
    ),
    Curves(
        "Validation RMSD", {"rmsd": "RMSD"}, "RMSD (Å)", 0.0,
        "All heavy atoms, after superposition.",
    ),
    Curves(
        "Size of the samples", {"spread": "spread", "neighbour": "nearest neighbour"},
        "sample / native", 1.1,
        "Spread of C1' about their centre and distance to the nearest C1', divided by the "
        "native's: 1 is right, near 0 is collapse.", 1.0,
    ),
    Curves(
        "Predicted torsions", {"mcq": "MCQ"}, "MCQ (degrees)", 0.0,
        "Mean of circular quantities of the torsion net's seven torsions. One constant for each "
        "angle comes to 15 to 18 degrees.",
    ),
    Curves(
        "Residues: lDDT", {f"lddt_{part}": name for part, name in PARTS.items()}, "lDDT", 1.0,
        "Means over the residues of each part of the native's secondary structure.",
    ),
    Curves(
        "Residues: RMSD", {f"rmsd_residue_{part}": name for part, name in PARTS.items()},
        "RMSD (Å)", 0.0,
        "Deviation of a residue's atoms after superposition of the whole structure, by part.",
    ),
    Curves(
        "Base pairs",
        {"pair_sensitivity": "sensitivity", "pair_precision": "precision", "pair_f1": "F1"},
        "share", 1.0,
        "Canonical pairs of the native that the samples have, and of those that the samples have "
        "how many are right.",
    ),
    Curves(
        "Bonds and angles", {"bond_outliers": "bond lengths", "angle_outliers": "bond angles"},
        "share out of range", 0.05,
        "Outside the limits of good structures.",
    ),
    Curves(
        "Clashes", {"clashes": "clashes"}, "per 1,000 heavy atoms", 1.0,
        "Overlaps of heavy atoms; in heaps of atoms they are not counted.",
    ),
    Curves(
        "Chirality", {"chirality_errors": "sugar centres"}, "errors a sample", 1.0,
        "Mirrored or flat centres of sugars.",
    ),
)  # fmt: skip


def training_figures(log: TrainingLog) -> list[Figure]:
    """Draw everything that was logged."""
    figures = [_losses(log), _shares(log)]
    figures += [_validation(log, curves) for curves in VALIDATION]
    figures += [
        _single(log, "learning_rate", "Learning rate", "learning rate"),
        _single(log, "gradient_norm", "Gradient norm", "norm before clipping"),
    ]
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


def _validation(log: TrainingLog, curves: Curves) -> Figure | None:
    """Draw validation results of one unit."""
    names = curves.names
    columns = [name for name in names if name in log.validation]
    table = log.validation.dropna(subset=columns, how="all")
    if not columns or table.empty:
        return None
    most = float(table[columns].max().max())
    plot = Plot(
        _steps(log),
        Axis(curves.label, 0, curves.top if most <= curves.top else most * 1.08),
        label=f"{curves.title} over {log.steps} steps: {', '.join(names[c] for c in columns)}",
    )
    for index, column in enumerate(columns):
        plot.line(table["step"], table[column], names[column], series_style(index), points=True)
    if curves.rule is not None:
        plot.rule(curves.rule, axis="y")
    _mark_phases(plot, log)
    text = curves.text
    if "lddt" in columns and (best := log.best("lddt")):
        text += f" Best lDDT {best[1]:.3f} at step {best[0]:,}."
    if "mcq" in columns and (best := log.best("mcq", least=True)):
        text += f" Least MCQ {best[1]:.2f} at step {best[0]:,}."
    return Figure(
        title=curves.title,
        drawings=[plot.svg()],
        caption=f"{text} Means over {_judged(table, columns, names)} at {len(table)} points, with "
        "the averaged weights.",
        legend=[Series(names[c], series_style(k)) for k, c in enumerate(columns)],
    )


def _judged(table: pd.DataFrame, columns: list[str], names: dict[str, str]) -> str:
    """Say how many results the last means are of, and which curves have fewer."""
    last = table.iloc[-1]
    if not is_known(last.get(JUDGED)):
        return "results of the validation chains"
    fewer = [
        f"{names[column]} {int(count):,}"
        for column in columns
        if is_known(count := last.get(f"{column}_{JUDGED}"))
    ]
    text = f"{int(last[JUDGED]):,} results of the validation chains"
    return f"{text} ({', '.join(fewer)})" if fewer else text


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
