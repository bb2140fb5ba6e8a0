"""Tables of models on templates: accuracy, losses, geometry and cost; each a frame, in Markdown.

Every table has a row a puzzle, then rows of means. Cells of means have 95 % bootstrap intervals
over puzzles in brackets.
"""

import numpy as np
import pandas as pd

from rna_predict.evaluate.benchmark_summary import compare, length_bins, target_values
from rna_predict.evaluate.benchmarks import FOREIGN, SCORED
from rna_predict.evaluate.bootstrap import mean_interval

METRICS = {
    "tm_score": "TM-score (C3', same residue)",
    "lddt": "lDDT",
    "rmsd": "RMSD (all heavy atoms, angstrom)",
    "inf_all": "INF of all interactions",
    "clash_score": "Clash score (MolProbity, per 1,000 atoms)",
}
DRAWS, SEED = 10_000, 0
DIGITS = 3
PAIRS = (("minimised", FOREIGN), ("minimised", "unminimised"), ("unminimised", "no_family"))
"""Predictors that are compared."""
LOSSES = ("search", "choice", "alignment", "assembly", "minimisation")


def accuracy_values(scores: pd.DataFrame) -> pd.DataFrame:
    """Give one row a predictor, statistic and puzzle: first, best, and the mean of submitted ones.

    Parameters
    ----------
    scores : DataFrame
        Of ``score_target``, one after the other.
    """
    values = target_values(scores)
    pool = scores[(scores["predictor"] == FOREIGN) & (scores["status"] == SCORED)]
    metrics = [name for name in METRICS if name in values]
    means = pool.groupby("target", sort=False)[metrics].mean().reset_index()
    lengths = pool.groupby("target", sort=False)["n_native"].first().to_numpy()
    means = means.assign(predictor=FOREIGN, statistic="mean", length=lengths, failed=False)
    return pd.concat([values, means], ignore_index=True)


def accuracy_table(values: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Lay one metric out: puzzles by length, the mean, and the means of length bins."""
    values = values.assign(column=values["predictor"] + " " + values["statistic"])
    wide = values.pivot(index="target", columns="column", values=metric)
    wide = wide[list(dict.fromkeys(values["column"]))]
    lengths = values.groupby("target")["length"].first().sort_values(kind="stable")
    wide = wide.loc[lengths.index]
    rows = [named(f"{name} ({n} nt)", wide.loc[name]) for name, n in lengths.items()]
    rows.append(mean_row(f"mean of {len(wide)}", wide))
    for label, part in wide.groupby(length_bins(lengths), sort=False):
        rows.append(named(f"mean of {len(part)}, {label} nt", part.mean()))
    return pd.DataFrame(rows).rename(columns={"": "puzzle"})


def comparison_table(values: pd.DataFrame) -> pd.DataFrame:
    """Compare ``PAIRS`` puzzle by puzzle, by the best of five and, among ours, by the first."""
    table = compare(values[values["statistic"] != "mean"], DRAWS, SEED)
    chosen = pd.MultiIndex.from_frame(table[["first", "second"]]).isin(PAIRS)
    return table[chosen & table["metric"].isin(METRICS)].reset_index(drop=True)


def loss_table(bounds: pd.DataFrame, values: pd.DataFrame, statistic: str) -> pd.DataFrame:
    """Say where TM-score is lost between the best chain of the library and the models.

    Parameters
    ----------
    bounds : DataFrame
        Of ``template_bound.measure_bound``, one row a puzzle.
    values : DataFrame
        Of :func:`accuracy_values`; predictors ``unminimised`` and ``minimised``.
    statistic : {"first", "best"}
        First hit and first model, or best of the first five hits and best of five models.

    Returns
    -------
    DataFrame
        TM-scores from the bound down to the minimised model, then ``LOSSES``, which add up to the
        difference of the two ends; a gain is negative.
    """
    bounds = bounds.set_index("puzzle").sort_values("length", kind="stable")
    model = values[values["statistic"] == statistic].pivot(
        index="target", columns="predictor", values="tm_score"
    )
    model = model.reindex(columns=["unminimised", "minimised"], index=bounds.index)
    steps = bounds[["bound", "hits", f"{statistic}_structural", f"{statistic}_copied"]].join(model)
    lost = -np.diff(steps.to_numpy(dtype=float), axis=1)
    steps[list(LOSSES)] = lost
    rows = [
        {
            **named(f"{name} ({bounds['length'][name]} nt)", row),
            "template": bounds["template"][name],
        }
        for name, row in steps.iterrows()
    ]
    return pd.DataFrame([*rows, mean_row(f"mean of {len(steps)}", steps)]).rename(
        columns={"": "puzzle"}
    )


def geometry_table(models: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Count missing atoms, broken links, clashes and refusals, by predictor and puzzle.

    Parameters
    ----------
    models : DataFrame
        Of ``template_folds.describe_model``, with predictor and target.
    scores : DataFrame
        Of ``score_target``.

    Returns
    -------
    DataFrame
        Clashes per 1,000 heavy atoms before and after the minimisation (of heavy atoms alone),
        and MolProbity's clash score of the models as they are, means over models; the last row of
        a predictor is of all its models.
    """
    rows = []
    for predictor, of_one in models.groupby("predictor", sort=False):
        for target, part in [*of_one.groupby("target", sort=False), ("all", of_one)]:
            scored = scores[scores["predictor"] == predictor]
            scored = scored if target == "all" else scored[scored["target"] == target]
            refused = part.loc[~part["minimised"], "why"].value_counts()
            rows.append(
                {
                    "predictor": predictor, "puzzle": target, "models": len(part),
                    "incomplete residues": part["incomplete_residues"].sum(),
                    "missing atoms": part["missing_atoms"].sum(),
                    "longest O3'-P (A)": part["longest_link"].max(),
                    "links > 2.0 A": part["broken_links"].sum(),
                    "clashes before": part["clashes_before"].mean(),
                    "clashes": part["clashes"].mean(),
                    "MolProbity clash score": scored["clash_score"].astype(float).mean(),
                    "minimised": part["minimised"].sum(),
                    "why not": ", ".join(f"{why} {count}" for why, count in refused.items()),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def guard_table(records: pd.DataFrame) -> pd.DataFrame:
    """Say what each puzzle was allowed to see.

    Parameters
    ----------
    records : DataFrame
        Of ``template_folds.fold_puzzle``.
    """
    found = records.set_index(["puzzle", "setting"])
    plain = records[records["setting"] == "unminimised"].sort_values("length", kind="stable")
    rows = [
        {
            "puzzle": one.puzzle, "nt": one.length, "cut-off": one.cutoff, "not": one.entry,
            "families": ", ".join(one.families), "templates": one.allowed,
            "of other families": found["allowed"].get((one.puzzle, "no_family"), float("nan")),
        }
        for one in plain.itertuples()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def cost_table(records: pd.DataFrame) -> pd.DataFrame:
    """Give seconds of a query and peak memory, by length.

    Parameters
    ----------
    records : DataFrame
        Of ``template_folds.fold_puzzle``.
    """
    found = records.set_index(["puzzle", "setting"])
    rows = []
    plain = records[records["setting"] == "unminimised"].sort_values("length", kind="stable")
    for one in plain.itertuples():
        row = {
            "puzzle": one.puzzle, "nt": one.length, "templates": one.allowed,
            "query (s)": one.query_seconds, "search (s)": one.search_seconds,
            "search and fold (s)": one.fold_seconds, "their CPU (s)": one.fold_cpu,
            "peak (MB)": one.peak_mb,
        }  # fmt: skip
        if (one.puzzle, "minimised") in found.index:
            other = found.loc[(one.puzzle, "minimised")]
            row |= {
                "with minimisation (s)": other["fold_seconds"],
                "CPU with it (s)": other["fold_cpu"],
                "peak with it (MB)": other["peak_mb"],
                "its largest process (MB)": other["child_peak_mb"],
            }
        rows.append(row)
    return pd.DataFrame(rows)


def named(name: str, row: pd.Series) -> dict[str, object]:
    """Put a name before a row."""
    return {"": name, **row.to_dict()}


def mean_row(name: str, table: pd.DataFrame) -> dict[str, object]:
    """Give means with intervals, and how many values they are of where some are missing."""
    row: dict[str, object] = {"": name}
    for column in table:
        values = table[column].dropna().to_numpy(dtype=float)
        mean, low, high = mean_interval(values, DRAWS, np.random.default_rng(SEED))
        cell = _cell(mean)
        if np.isfinite(low):
            cell += f" [{_cell(low)}, {_cell(high)}]"
        if 0 < len(values) < len(table):
            cell += f" of {len(values)}"
        row[column] = cell
    return row


def markdown(table: pd.DataFrame) -> str:
    """Write a table in Markdown; NaN is an empty cell."""
    lines = [list(map(str, table.columns)), ["---"] * table.shape[1]]
    lines += [[_cell(value) for value in row] for row in table.itertuples(index=False, name=None)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: object) -> str:
    """Write one value."""
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{round(value, DIGITS) + 0.0:.{DIGITS}f}"
    return str(value)
