"""Phosphate oxygens under the names that their sides demand.

OP1 is the pro-S and OP2 the pro-R oxygen. Forces take the two for the same and leave exchanged
names as they are.
"""

import numpy as np
from jaxtyping import Bool, Float

from rna_predict.constants import ALPHABET, IDEAL_BOND, SLOT_INDEX
from rna_predict.refine.repairs import Repair

SLOT = SLOT_INDEX[ALPHABET[-1]]
OXYGENS = [SLOT["OP1"], SLOT["OP2"]]
VOLUME = 0.7
"""Signed volumes below this are wrong, as in ``evaluate.chirality`` (angstrom^3); sound ones are
2.9 to 3.4 (99 % of 414 residues of the example)."""
BETWEEN = np.deg2rad(119.6)
"""Angle OP1-P-OP2: Parkinson et al. (1996) Acta Cryst D52:57."""


def name_oxygens(
    coords: Float[np.ndarray, "n 23 3"], joined: Bool[np.ndarray, " n-1"]
) -> tuple[Float[np.ndarray, "n 23 3"], list[Repair]]:
    """Exchange OP1 and OP2 where each is on the other's side.

    Parameters
    ----------
    coords : (n, 23, 3) float, angstrom
        NaN where no atom is.
    joined : (n - 1,) bool
        Of neighbours that are bonded. Without the residue before P has no hand.

    Returns
    -------
    coords : (n, 23, 3) float, angstrom
    repairs : list of Repair
        ``swapped_oxygens`` where both were on the other's side; ``chirality`` where both were on
        one side, or in the plane of O3', P and O5', and were placed anew.
    """
    coords = coords.copy()
    phosphorus = coords[:, SLOT["P"]]
    before = np.append(np.full((1, 3), np.nan), coords[:-1, SLOT["O3'"]], axis=0)
    before[1:][~joined] = np.nan
    inward, outward = before - phosphorus, coords[:, SLOT["O5'"]] - phosphorus
    normal = np.cross(inward, outward)
    first, second = (
        (sign * normal * (coords[:, slot] - phosphorus)).sum(-1)
        for sign, slot in zip((1.0, -1.0), OXYGENS, strict=True)
    )
    swapped = (first < -VOLUME) & (second < -VOLUME)
    rows = np.flatnonzero(swapped)[:, None]
    coords[rows, OXYGENS] = coords[rows, OXYGENS[::-1]]
    wrong = ~swapped & ((first < VOLUME) | (second < VOLUME))
    placed = _ideal_oxygens(inward, outward)
    wrong &= np.isfinite(placed).all(axis=(1, 2))
    rows = np.flatnonzero(wrong)
    coords[rows[:, None], OXYGENS] = phosphorus[rows, None] + placed[rows]
    repairs = [
        Repair("swapped_oxygens", index, "OP1 and OP2")
        if swapped[index]
        else Repair("chirality", index, "P: OP1 and OP2 placed anew")
        for index in np.flatnonzero(swapped | wrong).tolist()
    ]
    return coords, repairs


def _ideal_oxygens(
    inward: Float[np.ndarray, "n 3"], outward: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n 2 3"]:
    """Give the bonds from P to OP1 and OP2 by those to O3' and O5'; NaN where these are in line."""
    with np.errstate(invalid="ignore", divide="ignore"):
        inward = inward / np.linalg.norm(inward, axis=-1, keepdims=True)
        outward = outward / np.linalg.norm(outward, axis=-1, keepdims=True)
        middle = -(inward + outward)
        middle = middle / np.linalg.norm(middle, axis=-1, keepdims=True)
        normal = np.cross(inward, outward)
        normal = normal / np.linalg.norm(normal, axis=-1, keepdims=True)
    along, aside = np.cos(BETWEEN / 2) * middle, np.sin(BETWEEN / 2) * normal
    return IDEAL_BOND["P", "OP1"] * np.stack([along + aside, along - aside], axis=1)
