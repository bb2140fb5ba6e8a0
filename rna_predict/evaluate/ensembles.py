"""Models of one target among each other: how much they differ, and how they rank."""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Float

from rna_predict.constants import ALPHABET, SLOT_INDEX
from rna_predict.evaluate.rmsd import rmsd
from rna_predict.evaluate.tm_score import tm_score
from rna_predict.structure.chain import Chain

Z_WEIGHTS: Final = {
    "tm_score": 1 / 3, "gdt_ts": 1 / 3, "lddt": 1 / 8, "inf_all": 1 / 8, "clash_score": -1 / 12,
}  # fmt: skip
"""Z_RNA of CASP15: Das et al. (2023) Proteins 91:1747. Fewer clashes are better."""
OUTLIER: Final = -2.0
"""Scores whose z is below this do not enter mean and standard deviation."""


def diversity(models: Sequence[Chain]) -> dict[str, float]:
    """Compare all pairs of models of one sequence.

    Parameters
    ----------
    models : sequence of Chain
        Of equal length; residue ``i`` of one stands for residue ``i`` of the others.

    Returns
    -------
    dict
        ``pairwise_rmsd`` (angstrom) and ``pairwise_tm``, means over all pairs, C3' atoms; NaN with
        fewer than two models.

    Raises
    ------
    ValueError
        If two models have fewer than three C3' in common.
    """
    slot = SLOT_INDEX[ALPHABET[0]]["C3'"]
    found = []
    for first, second in combinations([model.coords[:, slot] for model in models], 2):
        both = np.isfinite(first).all(-1) & np.isfinite(second).all(-1)
        found.append((rmsd(first, second, both), tm_score(first, second, both)))
    means = np.mean(found, axis=0) if found else (np.nan, np.nan)
    return {"pairwise_rmsd": float(means[0]), "pairwise_tm": float(means[1])}


def z_rna(scores: pd.DataFrame) -> Float[np.ndarray, " models"]:
    """Rank the models of one target by the weighted sum of their z-scores.

    Parameters
    ----------
    scores : DataFrame
        One row a model, columns ``Z_WEIGHTS``; NaN where a model has no score.

    Returns
    -------
    (models,) float
        Higher is better; NaN where a score is missing. A score that is the same in all models
        adds 0.
    """
    total = np.zeros(len(scores))
    for column, weight in Z_WEIGHTS.items():
        sign = np.sign(weight)
        total += abs(weight) * _two_pass(sign * scores[column].to_numpy(dtype=float))
    return total


def _two_pass(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Give z-scores by mean and standard deviation without the worst outliers."""
    kept = np.isfinite(values)
    if not kept.any():
        return np.full(len(values), np.nan)
    kept &= ~(_z(values, values[kept]) < OUTLIER)
    return _z(values, values[kept])


def _z(values: Float[np.ndarray, " n"], of: Float[np.ndarray, " k"]) -> Float[np.ndarray, " n"]:
    """Give z-scores by mean and standard deviation of some values."""
    width = of.std()
    return (values - of.mean()) / width if width > 0 else np.where(np.isfinite(values), 0.0, np.nan)
