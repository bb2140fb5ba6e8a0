"""Sugar pucker: phase and amplitude of the pseudorotation."""

import numpy as np
from jaxtyping import Float

from rna_predict.constants import TORSIONS

NU = slice(TORSIONS.index("nu0"), TORSIONS.index("nu4") + 1)
"""Columns of nu0 to nu4 among the torsions."""
SCALE = np.sin(np.deg2rad(36)) + np.sin(np.deg2rad(72))


def pseudorotation(
    nu: Float[np.ndarray, "*batch 5"],
) -> tuple[Float[np.ndarray, "*batch"], Float[np.ndarray, "*batch"]]:
    """Reduce the five ring torsions to phase and amplitude.

    Altona & Sundaralingam (1972) J Am Chem Soc 94:8205: ``tan P = ((nu4 + nu1) - (nu3 + nu0)) /
    (2 nu2 (sin 36 + sin 72))`` and ``nu2 = amplitude * cos P``.

    Parameters
    ----------
    nu : (..., 5) float, radians
        nu0 to nu4; NaN where undefined.

    Returns
    -------
    phase : (...) float, radians in [0, 2 pi)
        C3'-endo 0 to 36 degrees, C2'-endo 144 to 190 degrees.
    amplitude : (...) float, radians
        Not negative. Both are NaN where a torsion is.
    """
    sine = (nu[..., 4] + nu[..., 1]) - (nu[..., 3] + nu[..., 0])
    cosine = 2 * nu[..., 2] * SCALE
    phase = (np.arctan2(sine, cosine) % (2 * np.pi)).astype(nu.dtype)
    phase = np.where(phase < 2 * np.pi, phase, phase - 2 * np.pi)  # rounding may reach a full turn
    return phase, np.asarray(np.hypot(sine, cosine) / (2 * SCALE), dtype=nu.dtype)
