"""Atoms in one place, moved apart: between them a force has no direction."""

import numpy as np
from jaxtyping import Float

from rna_predict.constants import N_SLOTS
from rna_predict.refine.repairs import Repair

CELL = 0.01
"""Angstrom; atoms in one cell of this size count as in one place."""
RESIDUE_STEP = 0.3
"""Angstrom that a residue is moved off another on which it lies."""
ATOM_STEP = 0.05
"""Angstrom that a single atom is moved."""
SHARED = 0.5
"""A residue lies on others if at least this part of its atoms does."""
GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


def separate(
    coords: Float[np.ndarray, "n 23 3"],
) -> tuple[Float[np.ndarray, "n 23 3"], list[Repair]]:
    """Move atoms apart that are in one place.

    The first in the chain stays. A residue that lies on others is moved as a whole, a single atom
    alone; directions depend on the position in the chain only. The forces do the rest.

    Parameters
    ----------
    coords : (n, 23, 3) float, angstrom
        NaN where no atom is.

    Returns
    -------
    coords : (n, 23, 3) float, angstrom
    repairs : list of Repair
        One for each residue with an atom that was moved.
    """
    repeated = _repeated(coords)
    if not repeated.any():
        return coords, []
    coords = coords.copy()
    present = np.isfinite(coords).all(-1)
    whole = repeated.sum(1) >= np.maximum(SHARED * present.sum(1), 3)
    coords[whole] += RESIDUE_STEP * _directions(np.flatnonzero(whole))[:, None]
    left = _repeated(coords)
    flat = np.flatnonzero(left)
    coords.reshape(-1, 3)[flat] += ATOM_STEP * _directions(flat)
    repairs = []
    for index in np.flatnonzero(repeated.any(1)).tolist():
        count = int(repeated[index].sum())
        step = RESIDUE_STEP if whole[index] else ATOM_STEP
        detail = f"{count} atoms on others, moved by {step} A"
        repairs.append(Repair("separated", index, detail))
    return coords, repairs


def distinct_share(coords: Float[np.ndarray, "n 23 3"]) -> float:
    """Give the share of atoms that no atom before them is in one place with."""
    present = np.isfinite(coords).all(-1)
    return 1.0 - float(_repeated(coords).sum() / present.sum())


def _repeated(coords: Float[np.ndarray, "n 23 3"]) -> np.ndarray:
    """Tell which atoms are where an earlier one is, (n, 23)."""
    flat = coords.reshape(-1, 3)
    atoms = np.flatnonzero(np.isfinite(flat).all(-1))
    repeated = np.zeros(len(flat), dtype=bool)
    for offset in (0.0, 0.5):  # two grids: one place may lie on the border of a cell
        cells = np.floor(flat[atoms] / CELL + offset).astype(np.int64)
        _, first = np.unique(cells, axis=0, return_index=True)
        again = np.ones(len(atoms), dtype=bool)
        again[first] = False
        repeated[atoms[again]] = True
    return repeated.reshape(-1, N_SLOTS)


def _directions(rank: np.ndarray) -> Float[np.ndarray, "k 3"]:
    """Give unit vectors spread over the sphere by a number each (a Fibonacci lattice)."""
    height = 1.0 - 2.0 * np.modf(rank * (np.sqrt(5) - 1) / 2 + 0.5)[0]
    turn = GOLDEN_ANGLE * np.sqrt(2.0) * rank
    across = np.sqrt(1.0 - height**2)
    return np.stack([across * np.cos(turn), across * np.sin(turn), height], axis=-1)
