"""Handedness of the sugar's four chiral carbons.

D-ribose with a beta base has one hand at each of C1', C2', C3' and C4'; a model in which one is
mirrored cannot be repaired by small moves.
"""

from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from rna_predict.constants import ALPHABET, PURINES, SLOT_INDEX
from rna_predict.structure.chain import Chain

CENTRES: Final = {
    "C1'": ("O4'", "C2'", "N"),
    "C2'": ("C3'", "C1'", "O2'"),
    "C3'": ("C4'", "C2'", "O3'"),
    "C4'": ("C3'", "O4'", "C5'"),
}
"""Three neighbours of each centre; N is the base's N1 or N9. Their triple product, seen from the
centre, is positive in D-ribose with a beta base."""
FLAT: Final = 0.7
"""A centre whose volume is below this is flattened, which counts as wrong too (angstrom^3); ideal
ones are 2.4 to 2.8."""


def chiral_volumes(chain: Chain) -> Float[np.ndarray, "n 4"]:
    """Measure the signed volumes spanned by the bonds of the sugar's chiral centres.

    Parameters
    ----------
    chain : Chain
        n residues.

    Returns
    -------
    (n, 4) float64, angstrom^3
        C1', C2', C3', C4'; positive for the right hand, NaN where an atom is missing.
    """
    coords = np.concatenate(
        [chain.coords, np.full((len(chain), 1, 3), np.nan, dtype=np.float32)], axis=1
    ).astype(np.float64)
    nitrogen = np.array(
        [SLOT_INDEX[base].get("N9" if base in PURINES else "N1", -1) for base in ALPHABET]
    )
    slot = SLOT_INDEX[ALPHABET[0]]
    rows = np.arange(len(chain))
    volumes = []
    for centre, names in CENTRES.items():
        spokes = [
            coords[rows, nitrogen[chain.kinds] if name == "N" else slot[name]]
            - coords[rows, slot[centre]]
            for name in names
        ]
        volumes.append(np.einsum("nk,nk->n", spokes[0], np.cross(spokes[1], spokes[2])))
    return np.stack(volumes, axis=1)


def wrong_centres(chain: Chain) -> Bool[np.ndarray, "n 4"]:
    """Tell which chiral centres are mirrored or flat; False where an atom is missing."""
    return chiral_volumes(chain) < FLAT


def chirality_errors(chain: Chain) -> int:
    """Count the chiral centres that are mirrored or flat."""
    return int(wrong_centres(chain).sum())
