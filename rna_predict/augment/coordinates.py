"""Tier 1: the same molecule seen through noise, somewhere else in space."""

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from rna_predict.structure.chain import Chain

TIER = "coordinates"
SHIFT = 10.0
"""Standard deviation of the random translation (angstrom)."""


def noisy_copy(chain: Chain, noise: float, rng: np.random.Generator) -> Chain:
    """Add Gaussian noise to every atom and move the whole rigidly.

    Parameters
    ----------
    chain : Chain
    noise : float, angstrom
        Standard deviation along each axis.
    rng : numpy Generator

    Returns
    -------
    Chain
        Of the same names; atoms that were missing stay missing.
    """
    rotation = Rotation.random(rng=rng).as_matrix()
    center = np.nanmean(chain.coords, axis=(0, 1), dtype=np.float64)
    shaken = chain.coords - center + noise * rng.standard_normal(chain.coords.shape)
    moved = shaken @ rotation.T + center + SHIFT * rng.standard_normal(3)
    return replace(chain, coords=moved.astype(np.float32))
