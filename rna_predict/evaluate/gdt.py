"""GDT-TS of paired residues, as CASP uses it for RNA: C4' atoms within 1, 2, 4 and 8 angstrom.

Zemla (2003) Nucleic Acids Res 31:3370.
"""

import numpy as np
from jaxtyping import Bool, Float

from rna_predict.evaluate.search import search_superpositions

THRESHOLDS = (1.0, 2.0, 4.0, 8.0)
"""Angstrom."""


def gdt_ts(
    model: Float[np.ndarray, "n 3"],
    native: Float[np.ndarray, "n 3"],
    mask: Bool[np.ndarray, " n"] | None = None,
    length: int | None = None,
) -> float:
    """Average the largest shares of residues that fit within each threshold.

    Every threshold has its own best superposition, searched from fragments with that threshold as
    the limit of the pairs to fit.

    Parameters
    ----------
    model, native : (n, 3) float, angstrom
        C4' of paired residues.
    mask : (n,) bool, optional
        Pairs present in both; the other rows may hold NaN. Default: all.
    length : int, optional
        Residues of the native, which divide the counts; default n.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If fewer than three pairs are present.
    """
    length = len(native) if length is None else length
    if mask is not None:
        model, native = model[mask], native[mask]
    most = [
        max(
            int((squares <= threshold**2).sum(1).max())
            for _, squares in search_superpositions(model, native, first=threshold, later=threshold)
        )
        for threshold in THRESHOLDS
    ]
    return sum(most) / (len(THRESHOLDS) * length)
