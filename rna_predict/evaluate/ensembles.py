"""Models of one target among each other: how much they differ, and how they rank."""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Float

from rna_predict.constants import ALPHABET, SLOT_INDEX
from rna_predict.errors import InputError
from rna_predict.evaluate.native import Structure, match_model, read_native
from rna_predict.evaluate.pairing import SMALLEST, How
from rna_predict.evaluate.rmsd import rmsd
from rna_predict.evaluate.tm_score import tm_score

Z_WEIGHTS: Final = {
    "tm_score": 1 / 3, "gdt_ts": 1 / 3, "lddt": 1 / 8, "inf_all": 1 / 8, "clash_score": -1 / 12,
}  # fmt: skip
"""Z_RNA of CASP15: Das et al. (2023) Proteins 91:1747. Fewer clashes are better."""
OUTLIER: Final = -2.0
"""Scores whose z is below this do not enter mean and standard deviation."""


ENSEMBLE_COLUMNS: Final = ("pairwise_rmsd", "pairwise_tm", "z_rna")


def with_ensemble(
    scores: pd.DataFrame,
    models: Sequence[Structure | InputError],
    native: Structure,
    pairing: How = "auto",
) -> pd.DataFrame:
    """Add to a table of scores what its models are among each other.

    Parameters
    ----------
    scores : DataFrame
        Of :func:`~rna_predict.evaluate.scores.score_models`, of the same models.
    models, native, pairing
        As given to it.

    Returns
    -------
    DataFrame
        With ``ENSEMBLE_COLUMNS``: mean RMSD (angstrom) and TM-score of each model to the others,
        over the C3' atoms of the native's residues, and Z_RNA. Their mean over models is the mean
        over pairs. NaN of models that were not scored, and of a model alone.
    """
    reference = read_native(native)
    slot = SLOT_INDEX[ALPHABET[0]]["C3'"]
    usable = [
        (k, match_model(model, reference, pairing).coords[:, slot])
        for k, (model, error) in enumerate(zip(models, scores["error"], strict=True))
        if not isinstance(model, InputError) and not error
    ]
    apart = pairwise([coords for _, coords in usable])
    table = scores.assign(pairwise_rmsd=np.nan, pairwise_tm=np.nan, z_rna=z_rna(scores))
    table.loc[table.index[[k for k, _ in usable]], list(ENSEMBLE_COLUMNS[:2])] = apart
    return table


def pairwise(models: Sequence[Float[np.ndarray, "n 3"]]) -> Float[np.ndarray, "models 2"]:
    """Compare every model of an ensemble with all others.

    Parameters
    ----------
    models : sequence of (n, 3) float, angstrom
        One atom a residue; NaN where a model lacks it.

    Returns
    -------
    (models, 2) float
        Mean RMSD (angstrom) and mean TM-score to the others, by the residues in common; NaN where
        fewer than three are.
    """
    found = np.full((len(models), len(models), 2), np.nan)
    for (i, first), (j, second) in combinations(enumerate(models), 2):
        both = np.isfinite(first).all(-1) & np.isfinite(second).all(-1)
        if both.sum() >= SMALLEST:
            found[i, j] = rmsd(first, second, both), tm_score(first, second, both)
            found[j, i] = found[i, j]
    counted = np.isfinite(found).sum(1)
    total = np.nansum(found, axis=1)
    return np.divide(total, counted, out=np.full_like(total, np.nan), where=counted > 0)


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
