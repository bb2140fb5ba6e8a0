"""Summaries of a benchmark: one value a target, means with intervals, and paired comparisons.

Two statistics: ``first``, the model that a predictor ranks first, and ``best``, the best of its
first five models, each metric by itself; of a pool of foreign models, which has no ranks, ``best``
alone and of all of them. A target that a predictor failed on counts: TM-score, lDDT, GDT-TS and
INF of 0. Metrics without a worst value (RMSD, clashes, ...) have no value there; the counts say
how many are missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd

from rna_predict.errors import InputError
from rna_predict.evaluate.benchmarks import EXCLUDED, KEYS, SCORED
from rna_predict.evaluate.bootstrap import mean_interval, paired_interval
from rna_predict.evaluate.ensembles import Z_WEIGHTS, z_rna

BEST_OF: Final = 5
"""Ranked models that ``best`` looks at, as CASP and RNA-Puzzles do."""
LENGTH_EDGES: Final = (0, 40, 80, 120, 200)
"""Lower ends of the length bins (observed residues of the native); the last is open. TM-scores of
different lengths do not compare, as d0 depends on it."""
UNKNOWN, KNOWN = "unknown", "known"


@dataclass(frozen=True)
class Measure:
    """How a column of scores is summarised.

    Attributes
    ----------
    sign : int
        1 where higher is better, -1 where lower is.
    tie : float
        Differences up to this are ties.
    failed : float
        Value of a target that has no model; NaN where there is no worst value.
    """

    sign: int
    tie: float
    failed: float = float("nan")


MEASURES: Final = {
    "tm_score": Measure(1, 0.005, 0.0), "tm_score_c1": Measure(1, 0.005, 0.0),
    "lddt": Measure(1, 0.005, 0.0), "gdt_ts": Measure(1, 0.005, 0.0),
    "inf_all": Measure(1, 0.005, 0.0), "inf_wc": Measure(1, 0.005, 0.0),
    "inf_nwc": Measure(1, 0.005), "inf_stack": Measure(1, 0.005),
    "rmsd": Measure(-1, 0.05), "rmsd_c1": Measure(-1, 0.05), "di": Measure(-1, 0.05),
    "mcq": Measure(-1, 0.05), "clash_score": Measure(-1, 0.5), "clashes": Measure(-1, 0.5),
    "bond_outliers": Measure(-1, 0.0005), "angle_outliers": Measure(-1, 0.0005),
    "chirality_errors": Measure(-1, 0.0), "z_rna": Measure(1, 0.05),
}  # fmt: skip
"""Columns of a score table that are summarised; those that are absent or empty are left out."""
SPREAD: Final = ("pairwise_rmsd", "pairwise_tm")
"""How far the models of a predictor are apart; neither high nor low is better."""
GROUP: Final = ("predictor", "statistic")
INTERVAL: Final = ("n_targets", "n_failed", "n_values", "mean", "low", "high", "median")


def target_values(scores: pd.DataFrame) -> pd.DataFrame:
    """Give one row for each predictor, statistic and target.

    Parameters
    ----------
    scores : DataFrame
        Tables of :func:`~rna_predict.evaluate.benchmarks.score_target`, one after the other.

    Returns
    -------
    DataFrame
        predictor, statistic, target, length (nt), n_models (that have scores), failed, the means
        over the models in question of those of ``SPREAD`` that are there, and the columns of
        ``MEASURES`` that are there; ``z_rna`` is among all models of a target, whose ever they
        are. Excluded targets have no row.

    Raises
    ------
    InputError
        If a column of ``KEYS`` or n_native is missing.
    """
    if missing := [name for name in (*KEYS, "n_native") if name not in scores.columns]:
        raise InputError("scores", f"no column {missing}; columns: {list(scores.columns)}")
    scores = scores[scores["status"] != EXCLUDED]
    scores = scores.assign(z_rna=_z_among_all(scores))
    names = [n for n in MEASURES if n in scores.columns and scores[n].notna().any()]
    rows = []
    for (predictor, target), models in scores.groupby(["predictor", "target"], sort=False):
        pool = models["rank"].isna().all()
        ranked = models if pool else models.sort_values("rank").head(BEST_OF)
        chosen = {"best": ranked} if pool else {"first": ranked.head(1), "best": ranked}
        for statistic, part in chosen.items():
            usable = part[part["status"] == SCORED]
            row: dict[str, object] = {
                "predictor": predictor, "statistic": statistic, "target": target,
                "length": int(models["n_native"].iloc[0]), "n_models": len(usable),
                "failed": usable.empty,
            }  # fmt: skip
            for name in SPREAD:
                row[name] = usable[name].astype(float).mean() if name in usable else float("nan")
            for name in names:
                measure = MEASURES[name]
                best = measure.sign * (measure.sign * usable[name].astype(float)).max()
                row[name] = measure.failed if usable.empty else best
            rows.append(row)
    columns = [*GROUP, "target", "length", "n_models", "failed", *SPREAD, *names]
    return pd.DataFrame(rows, columns=columns)


def summarise(values: pd.DataFrame, draws: int, seed: int, by: Sequence[str] = ()) -> pd.DataFrame:
    """Give means with 95 % bootstrap intervals over targets.

    Parameters
    ----------
    values : DataFrame
        Of :func:`target_values`, with the columns of ``by``.
    draws : int
        Bootstrap samples.
    seed : int
        Of the bootstrap; every mean is drawn with the same.
    by : sequence of str
        Further columns to group by.

    Returns
    -------
    DataFrame
        predictor, statistic, ``by``, metric, and ``INTERVAL``: targets, those failed on, those
        with a value, mean, ends of the interval (NaN of fewer than two values) and median.
    """
    rows = []
    keys = [*GROUP, *by]
    for group, part in values.groupby(keys, sort=False):
        for name in _measures(values):
            found = part[name].dropna().to_numpy(dtype=float)
            rows.append(
                (
                    *group, name, len(part), int(part["failed"].sum()), len(found),
                    *mean_interval(found, draws, np.random.default_rng(seed)),
                    float(np.median(found)) if len(found) else float("nan"),
                )
            )  # fmt: skip
    return pd.DataFrame(rows, columns=[*keys, "metric", *INTERVAL])


def compare(values: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """Compare every two predictors over the targets that both were asked for.

    Parameters
    ----------
    values, draws, seed
        As in :func:`summarise`.

    Returns
    -------
    DataFrame
        statistic, metric, first, second; n_targets; n_values, the targets on which both have a
        value; difference, low, high (mean of first - second and its paired interval), p (bootstrap,
        two-sided); wins, ties and losses of the first, better being higher or lower as the metric
        has it. Who failed on a target loses there; both failed is a tie.
    """
    rows = []
    for statistic, part in values.groupby("statistic", sort=False):
        tables = {name: rows.set_index("target") for name, rows in part.groupby("predictor")}
        for one, other in combinations(part["predictor"].unique(), 2):
            first, second = tables[one].align(tables[other], join="inner", axis=0)
            for name in _measures(values):
                a, b = (side[name].to_numpy(dtype=float) for side in (first, second))
                both = np.isfinite(a) & np.isfinite(b)
                gain = _gain(first, second, name)
                rng = np.random.default_rng(seed)
                rows.append(
                    (
                        statistic, name, one, other, len(first), int(both.sum()),
                        *paired_interval(a[both], b[both], draws, rng),
                        int((gain > 0).sum()), int((gain == 0).sum()), int((gain < 0).sum()),
                    )
                )  # fmt: skip
    columns = ["statistic", "metric", "first", "second", "n_targets", "n_values"]
    columns += ["difference", "low", "high", "p", "wins", "ties", "losses"]
    return pd.DataFrame(rows, columns=columns)


def length_bins(lengths: pd.Series) -> pd.Series:
    """Name the length bin of each target, such as ``40-79`` (nt)."""
    edges = [*LENGTH_EDGES, np.inf]
    labels = [f"{a}-{b - 1}" for a, b in zip(LENGTH_EDGES, LENGTH_EDGES[1:], strict=False)]
    labels.append(f"{LENGTH_EDGES[-1]}+")
    return pd.cut(lengths, edges, right=False, labels=labels).astype("str")


def family_status(targets: pd.Series, families: pd.DataFrame, max_evalue: float) -> pd.Series:
    """Tell of each target whether it is a member of an Rfam family.

    Parameters
    ----------
    targets : Series of str
    families : DataFrame
        Columns target, evalue: hits of the targets' sequences, any strength.
    max_evalue : float
        Hits at or below it are family labels.

    Returns
    -------
    Series of str
        ``known`` or ``unknown``.
    """
    members = set(families.loc[families["evalue"].astype(float) <= max_evalue, "target"])
    return targets.isin(members).map({True: KNOWN, False: UNKNOWN})


def _z_among_all(scores: pd.DataFrame) -> pd.Series:
    """Give Z_RNA among all models of each target; NaN without the columns it is made of."""
    z = pd.Series(np.nan, scores.index)
    if set(Z_WEIGHTS) <= set(scores.columns):
        for _, models in scores.groupby("target"):
            z.loc[models.index] = z_rna(models)
    return z


def _measures(values: pd.DataFrame) -> list[str]:
    """List the metrics of a table of values."""
    return [name for name in MEASURES if name in values.columns]


def _gain(first: pd.DataFrame, second: pd.DataFrame, name: str) -> np.ndarray:
    """Give 1, 0 or -1 a target that has an outcome: the first is better, equal or worse."""
    measure = MEASURES[name]

    def outcome(side: pd.DataFrame) -> np.ndarray:
        values = measure.sign * side[name].to_numpy(dtype=float)
        return np.where(side["failed"].to_numpy(dtype=bool), -np.inf, values)

    a, b = outcome(first), outcome(second)
    known = ~np.isnan(a) & ~np.isnan(b)
    a, b = a[known], b[known]
    with np.errstate(invalid="ignore"):  # both failed
        difference = np.where(a == b, 0.0, a - b)
    return np.where(np.abs(difference) <= measure.tie, 0, np.sign(difference)).astype(int)
