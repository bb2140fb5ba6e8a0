"""What the page says of a benchmark: means, comparisons, the worst targets."""

from pathlib import Path

import pandas as pd

from rna_predict.errors import InputError
from rna_predict.evaluate.benchmark_summary import SPREAD
from rna_predict.report.benchmark import SHOWN, TABLES, difference_figures, mean_figures
from rna_predict.report.elements import Column, Details, Row, Section, Table, make_table
from rna_predict.report.metrics import METRICS


def benchmark_section(folder: Path) -> Section:
    """Show the tables that :func:`rna_predict.report.benchmark.write_benchmark` wrote.

    Parameters
    ----------
    folder : path
        Folder of one benchmark.

    Returns
    -------
    Section

    Raises
    ------
    InputError
        If a table is missing or is not one.
    """
    targets, summary, paired, worst, by_length, by_family = (
        _read(folder / f"{name}.csv") for name in TABLES
    )
    return Section(
        "benchmark",
        "Benchmark",
        f"Predictors, and other programs' models where the table of targets has some, on the "
        f"targets of benchmark {folder.name!r}. A target without an answer counts as 0.",
        [
            _means("Means over targets", summary, []),
            Row([figure for figure in mean_figures(summary) if figure.drawings]),
            _spread(targets),
            Details("By length", [_means("Means by length", by_length, ["length_bin"])]),
            Details("By family", [_means("Means by family", by_family, ["family"])]),
            Details("Paired comparisons", [_paired(paired), *difference_figures(paired)]),
            _worst(worst),
            Details("Every target", [_targets(targets)]),
        ],
    )


def _means(title: str, table: pd.DataFrame, by: list[str]) -> Table:
    """Lay means out, one row a predictor (and group) and one column a metric."""
    keys = [*by, "predictor", "statistic"]
    shown = [name for name in METRICS if name in set(table["metric"])]
    cells = table.pivot_table(index=keys, columns="metric", values="mean", sort=False)
    targets = table[table["metric"] == SHOWN[0]].set_index(keys)["n_targets"]
    records = cells.reset_index().assign(targets=targets.reindex(cells.index).to_numpy())
    labels = {"length_bin": "Length", "family": "Family", "predictor": "Predictor"}
    columns = [Column(key, labels.get(key, key.capitalize())) for key in keys]
    columns.append(Column("targets", "Targets", 0))
    columns += [
        Column(name, METRICS[name].label, METRICS[name].digits, METRICS[name].unit)
        for name in shown
    ]
    caption = (
        "First: the model ranked first. Best: the best of five, or of all models where a pool "
        "has no ranks. Unanswered targets are 0 in TM-score, lDDT, GDT-TS, INF and INF (WC), and "
        "missing from the other means."
    )
    return make_table(title, columns, records.to_dict("records"), caption)


def _spread(table: pd.DataFrame) -> Table:
    """Lay out how far the models of each predictor are apart, as means over targets."""
    part = table[(table["statistic"] == "best") & (table["n_models"] > 1)]
    means = part.groupby("predictor", sort=False)[list(SPREAD)].mean()
    records = means.assign(targets=part.groupby("predictor").size()).reset_index()
    columns = [Column("predictor", "Predictor"), Column("targets", "Targets", 0)]
    columns += [
        Column(name, METRICS[name].label, METRICS[name].digits, METRICS[name].unit)
        for name in SPREAD
    ]
    caption = (
        "Mean over all pairs of models of a target, C3' atoms, then over targets. Five answers "
        "that are one answer gain nothing in the best of five."
    )
    return make_table("How far the answers are apart", columns, _records(records), caption)


def _targets(table: pd.DataFrame) -> Table:
    """Lay every target out, one row a predictor."""
    part = table[table["statistic"] == "best"]
    keys = ("tm_score", "lddt", "rmsd", "inf_all", "clash_score", "z_rna")
    shown = [name for name in keys if name in part]
    columns = [
        Column("target", "Target"),
        Column("length", "Length", 0, "nt"),
        Column("predictor", "Predictor"),
        Column("n_models", "Models", 0),
    ]
    columns += [
        Column(name, METRICS[name].label, METRICS[name].digits, METRICS[name].unit)
        for name in shown
    ]
    records = part.sort_values(["target", "predictor"])
    caption = "Best of five, or of all models of a pool without ranks, each metric by itself."
    return make_table("Every target", columns, _records(records), caption)


def _records(table: pd.DataFrame) -> list[dict[str, object]]:
    """Give the rows of a table; what is missing is None."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def _paired(table: pd.DataFrame) -> Table:
    """Lay paired comparisons out."""
    columns = [
        Column("first", "First"),
        Column("second", "Second"),
        Column("statistic", "Statistic"),
        Column("metric", "Metric"),
        Column("n_targets", "Targets", 0),
        Column("difference", "Difference", 3),
        Column("low", "Low", 3),
        Column("high", "High", 3),
        Column("wins", "Won", 0),
        Column("ties", "Tied", 0),
        Column("losses", "Lost", 0),
    ]
    caption = "First minus second over the same targets, with the 95 % interval of the bootstrap."
    return make_table("Paired comparisons", columns, table.to_dict("records"), caption)


def _worst(table: pd.DataFrame) -> Table:
    """Lay the worst targets out, each with its cause."""
    columns = [
        Column("predictor", "Predictor"),
        Column("target", "Target"),
        Column("length", "Length", 0, "nt"),
        Column("tm_score", "TM-score", 3),
        Column("lddt", "lDDT", 3),
        Column("rmsd", "RMSD", 1, "Å"),
        Column("inf_wc", "INF (WC)", 2),
        Column("cause", "Cause"),
        Column("further", "Besides"),
    ]
    caption = "The ten worst targets of each predictor, by the TM-score of the model ranked first."
    return make_table("Worst targets", columns, _records(table), caption)


def _read(path: Path) -> pd.DataFrame:
    """Read a table of a benchmark."""
    try:
        return pd.read_csv(path, dtype={"target": "str", "predictor": "str"})
    except (OSError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(path, f"expected a table of a benchmark (CSV): {error}") from error
