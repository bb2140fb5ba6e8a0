"""The results of a benchmark as files: tables (CSV) and figures (SVG)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from rna_predict.errors import InputError
from rna_predict.evaluate.benchmark_summary import (
    compare,
    family_status,
    length_bins,
    summarise,
    target_values,
)
from rna_predict.evaluate.diagnosis import diagnose_worst
from rna_predict.report.elements import Figure, Series
from rna_predict.report.format import number
from rna_predict.report.geometry_figures import ROW, WIDTH, RangePlot, write_svg
from rna_predict.report.metrics import METRICS
from rna_predict.report.plot import Axis, series_style
from rna_predict.structure.files import replacing

TABLES: Final = ("targets", "summary", "paired", "worst", "by_length", "by_family")
"""Tables that are written, each as ``{name}.csv``."""
FIGURES: Final = ("summary", "by_length", "paired")
"""Figures that are written, each as ``{name}.svg``."""
SHOWN: Final = ("tm_score", "lddt", "inf_all")
"""Metrics of the figures, each 0 to 1."""
FAMILIES: Final = ".families.tsv"
"""What a target's table of family hits ends in, after its name."""


def write_benchmark(
    folder: Path,
    scores: Sequence[Path],
    residues: Sequence[Path],
    families: Sequence[Path],
    *,
    family_evalue: float,
    draws: int,
    seed: int,
) -> None:
    """Summarise a benchmark and write all tables and figures.

    Parameters
    ----------
    folder : path
        Gets ``TABLES`` and ``FIGURES``.
    scores, residues : sequence of path
        Tables (TSV) of :func:`rna_predict.evaluate.benchmarks.score_target`.
    families : sequence of path
        Hits in the sequences of each target, ``{target}.families.tsv``.
    family_evalue : float
        Hits at or below it are family labels.
    draws, seed
        Of the bootstrap.

    Raises
    ------
    InputError
        If a table cannot be read, or no predictor was asked for any target.
    """
    models = _joined(scores)
    values = target_values(models)
    if values.empty:
        raise InputError(folder, "no target is the task of any of the predictors")
    values["length_bin"] = length_bins(values["length"])
    hits = [_read(path).assign(target=path.name.removesuffix(FAMILIES)) for path in families]
    values["family"] = family_status(values["target"], pd.concat(hits), family_evalue)
    tables = {
        "targets": values,
        "summary": summarise(values, draws, seed),
        "paired": compare(values, draws, seed),
        "worst": diagnose_worst(models, _joined(residues)),
        "by_length": summarise(values, draws, seed, ["length_bin"]),
        "by_family": summarise(values, draws, seed, ["family"]),
    }
    for name in TABLES:
        with replacing(folder / f"{name}.csv") as path:
            tables[name].to_csv(path, index=False, float_format="%.6g")
    write_svg(mean_figures(tables["summary"]), folder / "summary.svg")
    write_svg(mean_figures(tables["by_length"], "length_bin"), folder / "by_length.svg")
    write_svg(difference_figures(tables["paired"]), folder / "paired.svg")


def mean_figures(table: pd.DataFrame, by: str = "") -> list[Figure]:
    """Draw means and their intervals, one figure a metric and one row a predictor and group.

    Parameters
    ----------
    table : DataFrame
        Of :func:`rna_predict.evaluate.benchmark_summary.summarise`.
    by : str
        The column it is grouped by, if any.

    Returns
    -------
    list of Figure
        Of the metrics of ``SHOWN`` that are there.
    """
    figures = []
    statistics = list(dict.fromkeys(table["statistic"]))
    styles = {name: series_style(k) for k, name in enumerate(statistics)}
    for metric in SHOWN:
        part = table[table["metric"] == metric]
        if part.empty:
            continue
        groups = [f"{row.predictor} {getattr(row, by)}" if by else row.predictor
                  for row in part.itertuples()]  # fmt: skip
        rows = list(dict.fromkeys(sorted(groups) if by else groups))
        plot = _plot(METRICS[metric].label, (0.0, 1.0), rows)
        for group, row in zip(groups, part.itertuples(), strict=True):
            place = rows.index(group) + 0.3 * (statistics.index(row.statistic) - 0.5)
            ends = [v if pd.notna(v) else row.mean for v in (row.low, row.high)]
            tip = f"{group}, {row.statistic}: {number(row.mean, 3)}, n = {row.n_values}"
            plot.ranges(place, [*ends[:1], *[row.mean] * 3, *ends[1:]], styles[row.statistic], tip)
        figures.append(
            Figure(
                title=f"{METRICS[metric].label}: means and 95 % intervals over targets",
                drawings=[plot.svg()],
                caption="Dots are means over targets (0 to 1), bars the 95 % bootstrap interval.",
                legend=[Series(name, style) for name, style in styles.items()],
            )
        )
    return figures


def difference_figures(table: pd.DataFrame) -> list[Figure]:
    """Draw the paired differences, one figure a metric and one row two predictors.

    Parameters
    ----------
    table : DataFrame
        Of :func:`rna_predict.evaluate.benchmark_summary.compare`; may be empty.

    Returns
    -------
    list of Figure
    """
    figures = []
    for metric in SHOWN:
        part = table[(table["metric"] == metric) & table["difference"].notna()]
        rows = [f"{r.first} - {r.second}, {r.statistic}" for r in part.itertuples()]
        if not rows:
            continue
        bounds = part[["low", "high", "difference"]].abs().max(axis=None)
        reach = max(0.05, round(1.1 * float(bounds), 2))
        plot = _plot(f"difference of {METRICS[metric].label}", (-reach, reach), rows)
        plot.rule(0.0)
        for place, row in enumerate(part.itertuples()):
            ends = [v if pd.notna(v) else row.difference for v in (row.low, row.high)]
            tip = f"{rows[place]}: {number(row.difference, 3)}; won {row.wins}, lost {row.losses}"
            plot.ranges(place, [ends[0], *[row.difference] * 3, ends[1]], series_style(0), tip)
        caption = "First minus second over the same targets; bars are the 95 % bootstrap interval."
        title = f"{METRICS[metric].label}: paired differences and 95 % intervals"
        figures.append(Figure(title=title, drawings=[plot.svg()], caption=caption))
    return figures


def _plot(label: str, span: tuple[float, float], rows: Sequence[str]) -> RangePlot:
    """Make the axes: one row a name, the first at the top."""
    return RangePlot(
        Axis(label, *span),
        Axis("", len(rows) - 0.5, -0.5, ticks=tuple(enumerate(rows))),
        label=label,
        width=WIDTH,
        height=ROW * len(rows) + 64,
    )


def _joined(paths: Sequence[Path]) -> pd.DataFrame:
    """Read tables and lay them one after the other; those without rows give their columns."""
    tables = [_read(path) for path in paths]
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]


def _read(path: Path) -> pd.DataFrame:
    """Read a table; names are text, and only an empty cell is a missing value."""
    names = dict.fromkeys(("predictor", "target", "model", "chain_id", "chain"), "str")
    try:
        return pd.read_csv(path, sep="\t", dtype=names, keep_default_na=False, na_values=[""])
    except (OSError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(path, f"expected a tab-separated table: {error}") from error
