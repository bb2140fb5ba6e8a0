"""Why a model is bad: causes told from its scores, for the worst targets of a benchmark.

Rules on the scores, from the coarse to the fine; more than one may hold, and the first is the main
one. Thresholds are choices of this module, none of them fitted to a benchmark. A score that a table
lacks leaves its rules out.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from rna_predict.evaluate.benchmark_summary import BEST_OF
from rna_predict.evaluate.benchmarks import EXCLUDED, SCORED

WORST: Final = 10
"""Targets of each predictor that are diagnosed."""
FOLD: Final = 0.45
"""TM-score above which two RNAs mostly share their fold (Gong et al. 2019, Bioinformatics
35:4459)."""
FEW_PAIRS, MOST_PAIRS = 0.5, 0.8
"""INF of the canonical pairs below which a fold is wrong, and from which its pairs are right."""
COMPLETE: Final = 0.9
"""Share of the native's residues that a model should have."""
MISSED: Final = 0.1
"""TM-score that a model of lower rank is better by, for the ranking to be a cause."""
SHORT, CLOSE = 40, 4.0
"""Length (nt) below which d0 is under 1.3 angstrom, and RMSD (angstrom) that is close all the
same."""
CLASHES: Final = 40.0
"""Clashes per 1,000 atoms."""
OUTLIERS: Final = 0.05
"""Share of bonds or angles out of range."""
LOCAL_LDDT, STRETCH = 0.4, 3
"""lDDT of a residue that is misplaced, and how many in a row are an error."""
COLUMNS: Final = (
    "predictor", "place", "target", "length", "model", "rank", "tm_score", "lddt", "rmsd", "inf_wc",
    "cause", "further",
)  # fmt: skip


def diagnose_worst(
    scores: pd.DataFrame, residues: pd.DataFrame, worst: int = WORST
) -> pd.DataFrame:
    """Name the targets on which each predictor is worst, and why.

    Parameters
    ----------
    scores, residues : DataFrame
        Tables of :func:`~rna_predict.evaluate.benchmarks.score_target`, one after the other.
    worst : int
        Targets of each predictor.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``, worst first. The model is the one ranked first; of a pool the best by
        TM-score. ``cause`` is the main one, ``further`` are the others.
    """
    rows = []
    for predictor, table in scores[scores["status"] != EXCLUDED].groupby("predictor", sort=False):
        chosen = []
        for target, models in table.groupby("target", sort=False):
            pool = models["rank"].isna().all()
            models = models.sort_values("tm_score" if pool else "rank", ascending=not pool)
            row = models.iloc[0].to_dict()
            if not pool:
                others = models.head(BEST_OF)
                better = others.loc[others["tm_score"].fillna(0.0).idxmax()]
                row |= {"best_tm": better["tm_score"], "best_rank": better["rank"]}
            chosen.append(row | {"target": target})
        chosen.sort(key=lambda row: (row["status"] == SCORED, _known(row, "tm_score", 0.0)))
        for place, row in enumerate(chosen[:worst], start=1):
            same = (residues["predictor"] == predictor) & (residues["target"] == row["target"])
            found = diagnose(row, residues[same & (residues["model"] == row["model"])])
            facts = {"place": place, "length": row["n_native"]}
            rows.append(row | facts | {"cause": found[0], "further": "; ".join(found[1:])})
    return pd.DataFrame(rows).reindex(columns=list(COLUMNS))


def diagnose(row: Mapping[str, object], residues: pd.DataFrame) -> list[str]:
    """List the causes for the scores of one model, the main one first.

    Parameters
    ----------
    row : mapping
        A row of scores; ``best_tm`` and ``best_rank`` of the best of the ranked models, if known.
    residues : DataFrame
        Columns index (0-based) and lddt of the model's residues; may be empty.

    Returns
    -------
    list of str
        At least one.
    """
    if row["status"] != SCORED:
        return [f"no model: {row.get('error') or 'no reason given'}"]
    causes = [*_whole(row), *_arrangement(row)]
    if stretches := misplaced(residues):
        causes.append(f"local errors at residues {', '.join(stretches)}")
    causes += _geometry(row)
    return causes or ["nothing found: no score is out of range"]


def misplaced(residues: pd.DataFrame) -> list[str]:
    """List the runs of residues of low lDDT as ``first-last``, counted from 1.

    None if they are most of the chain: then the fold is wrong, not a place in it.
    """
    table = residues.dropna(subset=["lddt"]).sort_values("index")
    bad = table.loc[table["lddt"] < LOCAL_LDDT, "index"].to_numpy(dtype=int)
    if not len(bad) or len(bad) > len(table) / 2:
        return []
    runs = np.split(bad, np.flatnonzero(np.diff(bad) > 1) + 1)
    return [f"{run[0] + 1}-{run[-1] + 1}" for run in runs if len(run) >= STRETCH]


def _whole(row: Mapping[str, object]) -> list[str]:
    """Look at what is there, and at what was put first."""
    causes = []
    length, common = _known(row, "n_native"), _known(row, "n_common")
    if common < COMPLETE * length:
        causes.append(f"incomplete model: {common:.0f} of {length:.0f} residues")
    tm, best = _known(row, "tm_score"), _known(row, "best_tm")
    if best >= tm + MISSED:
        better = f"model {_known(row, 'best_rank'):.0f} has TM-score {best:.2f}"
        causes.append(f"wrong ranking: {better}, the first {tm:.2f}")
    return causes


def _arrangement(row: Mapping[str, object]) -> list[str]:
    """Tell a wrong fold from a wrong arrangement of the right helices."""
    tm, pairs = _known(row, "tm_score"), _known(row, "inf_wc")
    length, rmsd = _known(row, "n_native"), _known(row, "rmsd")
    if not tm < FOLD:
        return []
    if length < SHORT and rmsd <= CLOSE:
        return [
            f"short RNA: RMSD {rmsd:.1f} A, which the TM-score of {length:.0f} nt hardly counts"
        ]
    if pairs < FEW_PAIRS:
        return [f"fold wrong: INF of canonical pairs {pairs:.2f}"]
    if pairs >= MOST_PAIRS:
        return [f"right pairs, wrong arrangement: INF of canonical pairs {pairs:.2f}, TM {tm:.2f}"]
    if np.isfinite(pairs):
        return [f"helices missing or wrong: INF of canonical pairs {pairs:.2f}, TM {tm:.2f}"]
    return [f"fold wrong or wrongly arranged: TM {tm:.2f}, pairs not scored"]


def _geometry(row: Mapping[str, object]) -> list[str]:
    """Look at clashes and stereochemistry."""
    causes = []
    name = "clash_score" if np.isfinite(_known(row, "clash_score")) else "clashes"
    if (clashes := _known(row, name)) > CLASHES:
        causes.append(f"clashes: {clashes:.0f} per 1,000 atoms")
    bad = [
        f"{100 * share:.0f} % of {what}"
        for what in ("bond", "angle")
        if (share := _known(row, f"{what}_outliers")) > OUTLIERS
    ]
    if (wrong := _known(row, "chirality_errors")) > 0:
        bad.append(f"{wrong:.0f} centres of wrong handedness")
    if bad:
        causes.append(f"broken geometry: {', '.join(bad)}")
    return causes


def _known(row: Mapping[str, object], name: str, otherwise: float = float("nan")) -> float:
    """Give a number of the row; ``otherwise`` where it is absent or empty."""
    value = row.get(name)
    return otherwise if value is None or pd.isna(value) else float(value)
