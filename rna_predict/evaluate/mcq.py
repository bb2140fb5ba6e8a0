"""MCQ: the mean of circular quantities, a comparison of torsion angles without superposition.

Zok, Popenda & Szachniuk (2014) Cent Eur J Oper Res 22:457. The sugar pucker enters as its phase of
pseudorotation P, which a published scorer computes wrongly; hence MCQ with P and without it.
"""

from typing import Final

import numpy as np
from jaxtyping import Float32

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
