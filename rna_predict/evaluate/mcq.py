"""MCQ: the mean of circular quantities, a comparison of torsion angles without superposition.

Zok, Popenda & Szachniuk (2014) Cent Eur J Oper Res 22:457. The sugar pucker enters as its phase of
pseudorotation P, which a published scorer computes wrongly; hence MCQ with P and without it.
"""

from typing import Final

import numpy as np
from jaxtyping import Float, Float32

from rna_predict.angles.table import COLUMNS, measure_angles
from rna_predict.evaluate.pairing import Pairing
from rna_predict.structure.chain import Chain

MCQ_TORSIONS: Final = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "chi")
MCQ_ANGLES: Final = (*MCQ_TORSIONS, "phase")
"""The torsions and the phase of the pucker."""
_PLACES: Final = [COLUMNS.index(name) for name in MCQ_ANGLES]


def mcq_angles(chain: Chain) -> Float32[np.ndarray, "n 8"]:
    """Measure the angles that MCQ compares.

    Parameters
    ----------
    chain : Chain
        n residues.

    Returns
    -------
    (n, 8) float32, radians
        Columns ``MCQ_ANGLES``; NaN where undefined.
    """
    return measure_angles([chain], "mdanalysis")[0][:, _PLACES]


def paired_angles(
    angles: Float32[np.ndarray, "n_model 8"], pairing: Pairing, length: int
) -> Float32[np.ndarray, "length 8"]:
    """Bring a model's angles into the native's order; NaN where the model has no such residue."""
    matched = np.full((length, angles.shape[1]), np.nan, dtype=np.float32)
    matched[pairing.native] = angles[pairing.model]
    return matched


def circular_differences(
    model: Float[np.ndarray, "*shape"], native: Float[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    """Measure the shorter arc between angles.

    Parameters
    ----------
    model, native : (...) float, radians
        NaN where undefined.

    Returns
    -------
    (...) float64, radians in [0, pi]
        0 where both are undefined, pi where one is.
    """
    arc = np.abs(model.astype(np.float64) - native) % (2 * np.pi)
    arc = np.minimum(arc, 2 * np.pi - arc)
    missing = np.isnan(model).astype(int) + np.isnan(native)
    return np.where(missing == 0, arc, np.where(missing == 1, np.pi, 0.0))


def mean_of_circular(
    differences: Float[np.ndarray, "*shape"], axis: int | None = None
) -> Float[np.ndarray, "*rest"]:
    """Take the circular mean: ``atan2(sum sin d, sum cos d)``.

    Parameters
    ----------
    differences : (...) float, radians
        From :func:`circular_differences`.
    axis : int, optional
        Default: all.

    Returns
    -------
    (...) float, radians in [0, pi]
    """
    return np.asarray(
        np.arctan2(np.sin(differences).sum(axis), np.cos(differences).sum(axis)), dtype=np.float64
    )
