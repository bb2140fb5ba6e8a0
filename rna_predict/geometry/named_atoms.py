"""The same atoms of every residue, gathered by name."""

from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Int

from rna_predict.constants import ALPHABET, PURINES, SLOT_INDEX


def atom_points(
    coords: Float[np.ndarray, "n 23 3"],
    kinds: Int[np.ndarray, " n"],
    linked: Bool[np.ndarray, " n"],
    names: tuple[str, ...],
) -> Float[np.ndarray, "n atoms 3"]:
    """Gather the same atoms of every residue, by name.

    Parameters
    ----------
    coords : (n, 23, 3) float, angstrom
        NaN where no atom is.
    kinds : (n,) int
        Position of each residue's letter in ``constants.ALPHABET``.
    linked : (n,) bool
        Whether a residue is bonded to the row before; False at the start of a chain.
    names : tuple of str
        As in ``constants.IDEAL_ANGLE``: ``-1`` and ``+1`` are the neighbours, ``X|Y`` is X in
        purines and Y in pyrimidines.

    Returns
    -------
    (n, k, 3) float, angstrom
        NaN where an atom is missing, its base has none of that name or no bond leads there.
    """
    n = len(coords)
    points = np.full((n, len(names), 3), np.nan, dtype=coords.dtype)
    for column, name in enumerate(names):
        shift = {"-1": -1, "+1": 1}.get(name[-2:], 0)
        slot = _named_slots(name[:-2] if shift else name)
        to = slice(max(0, -shift), n - max(0, shift))
        source = slice(max(0, shift), n + min(0, shift))
        at = slot[kinds[source]]
        found = coords[source][np.arange(len(at)), at]
        joined = linked[1:] if shift else True
        points[to, column] = np.where((joined & (at >= 0))[:, None], found, np.nan)
    return points


@cache
def _named_slots(name: str) -> np.ndarray:
    """Give the slot of an atom by residue kind; -1 where there is none."""
    purine, _, pyrimidine = name.partition("|")
    names = [purine if base in PURINES or not pyrimidine else pyrimidine for base in ALPHABET]
    return np.array([SLOT_INDEX[b].get(n, -1) for b, n in zip(ALPHABET, names, strict=True)])
