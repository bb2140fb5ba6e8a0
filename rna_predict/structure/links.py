"""Which residues are joined to the one before: chain breaks by distance and numbering."""

import numpy as np
from jaxtyping import Bool, Float, Int

from rna_predict.constants import LINK_MAX, N_SLOTS, SLOT_INDEX, UNKNOWN

O3, P = SLOT_INDEX[UNKNOWN]["O3'"], SLOT_INDEX[UNKNOWN]["P"]


def linked_to_previous(
    coords: Float[np.ndarray, f"n {N_SLOTS} 3"], auth_numbers: Int[np.ndarray, " n"]
) -> Bool[np.ndarray, " n"]:
    """Tell which residues are bonded to the residue before them.

    Where both atoms are there, an O3'-P distance up to ``constants.LINK_MAX`` is a bond, whatever
    the numbers say (tRNA numbering leaves numbers out). Where one is missing, the residues count
    as joined if both are observed and their author numbers do not leave one out.

    Parameters
    ----------
    coords : (n, 23, 3) float, angstrom
        NaN where no atom is.
    auth_numbers : (n,) int
        Author residue numbers.

    Returns
    -------
    (n,) bool
        The first is False.
    """
    linked = np.zeros(len(coords), dtype=bool)
    distance = np.linalg.norm(coords[1:, P] - coords[:-1, O3], axis=-1)
    observed = np.isfinite(coords).any(axis=(1, 2))
    step = np.diff(auth_numbers)
    by_number = observed[1:] & observed[:-1] & (step >= 0) & (step <= 1)
    linked[1:] = np.where(np.isfinite(distance), distance <= LINK_MAX, by_number)
    return linked
