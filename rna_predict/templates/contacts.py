"""Coarse clashes: which residues come too close, by a few beads each."""

from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int

from rna_predict.constants import BACKBONE_ATOMS, N_BACKBONE

BEAD_ATOMS: Final = [BACKBONE_ATOMS.index(name) for name in ("P", "C4'", "C1'")]
BACKBONE_CONTACT, BASE_CONTACT = 4.5, 3.2
"""Closest approach of beads (angstrom): both of the backbone, and with a base's middle."""
FARTHEST_STEP, SLACK = 6.6, 2.0
"""Greatest distance of C4' of neighbours, and what a chain may lack to it (angstrom)."""
C4 = BACKBONE_ATOMS.index("C4'")


def beads(coords: Float[np.ndarray, "*batch n 23 3"]) -> Float[np.ndarray, "*batch n 4 3"]:
    """Give P, C4', C1' and the middle of the base; NaN where there is none."""
    base = coords[..., N_BACKBONE:, :]
    known = np.isfinite(base).all(-1, keepdims=True)
    count = known.sum(-2)
    middle = np.where(known, base, 0.0).sum(-2) / np.where(count > 0, count, np.nan)
    return np.concatenate([coords[..., BEAD_ATOMS, :], middle[..., None, :]], axis=-2)


def clashing(
    new: Float[np.ndarray, "b m 4 3"],
    new_residue: Int[np.ndarray, " m"],
    old: Float[np.ndarray, "k 4 3"],
    old_residue: Int[np.ndarray, " k"],
) -> Bool[np.ndarray, "b m"]:
    """Tell which residues come too close to others that are not their neighbours.

    Parameters
    ----------
    new : (b, m, 4, 3) float, angstrom
        :func:`beads` of m residues in b places.
    new_residue : (m,) int
    old : (k, 4, 3) float, angstrom
        Beads of what is there already.
    old_residue : (k,) int

    Returns
    -------
    (b, m) bool
    """
    b, m = new.shape[:2]
    if not len(old_residue):
        return np.zeros((b, m), dtype=bool)
    limit = np.full((4, 4), BACKBONE_CONTACT)
    limit[3], limit[:, 3] = BASE_CONTACT, BASE_CONTACT
    apart = np.abs(new_residue[:, None] - old_residue) > 1
    first, second = new.reshape(b, m * 4, 3), old.reshape(-1, 3)
    square = (first**2).sum(-1)[..., None] + (second**2).sum(-1) - 2 * first @ second.T
    close = square.reshape(b, m, 4, -1, 4) < (limit**2)[:, None]  # NaN compares as False
    return (close.any(axis=(2, 4)) & apart).any(-1)


def overstretched(
    coords: Float[np.ndarray, "b n 23 3"],
) -> Int[np.ndarray, " b"]:
    """Count the gaps of chains that their missing residues cannot span.

    Parameters
    ----------
    coords : (b, n, 23, 3) float, angstrom
        NaN in missing residues, the same ones in all.

    Returns
    -------
    (b,) int
    """
    placed = np.flatnonzero(np.isfinite(coords[0, :, C4]).all(-1))
    if len(placed) < 2:
        return np.zeros(len(coords), dtype=np.int64)
    reach = np.linalg.norm(np.diff(coords[:, placed, C4], axis=1), axis=-1)
    return (reach > FARTHEST_STEP * np.diff(placed) + SLACK).sum(1)
