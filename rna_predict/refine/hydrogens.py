"""Hydrogens placed by the geometry of their heavy atom: deterministic, no force field needed."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

TETRAHEDRAL = np.deg2rad(109.5)
TRIGONAL = np.deg2rad(120.0)
BOND = {"C": 1.09, "N": 1.01, "O": 0.96}
"""Length of the bond to hydrogen by element of the heavy atom, angstrom."""


def place_hydrogens(
    positions: Float[np.ndarray, "atoms 3"],
    elements: Sequence[str],
    bonds: Sequence[tuple[int, int]],
) -> Float[np.ndarray, "atoms 3"]:
    """Give every hydrogen an ideal position around its heavy atom.

    Hydrogens on an atom with two or three heavy neighbours complete its trigonal or tetrahedral
    centre; those on an atom with one lie in the plane of the next bond, the first of them trans
    (amino groups: both in the plane; hydroxyls: trans, to be turned by the minimiser).

    Parameters
    ----------
    positions : (atoms, 3) float, angstrom
        Rows of hydrogens may hold anything.
    elements : sequence of str
        Symbol of each atom; "H" marks what is to be placed.
    bonds : sequence of (int, int)
        Covalent bonds, those to hydrogens included.

    Returns
    -------
    (atoms, 3) float, angstrom
        Finite even where heavy atoms lie on one another or on a line.
    """
    heavy: list[list[int]] = [[] for _ in elements]
    hydrogens: list[list[int]] = [[] for _ in elements]
    for first, second in bonds:
        for atom, other in ((first, second), (second, first)):
            (hydrogens if elements[other] == "H" else heavy)[atom].append(other)
    placed = positions.astype(np.float64)
    for atom, own in enumerate(hydrogens):
        if own and elements[atom] != "H":
            directions = _directions(placed, atom, heavy, len(own))
            placed[own] = placed[atom] + BOND[elements[atom]] * directions
    return placed


def _directions(
    positions: Float[np.ndarray, "atoms 3"], atom: int, heavy: list[list[int]], count: int
) -> Float[np.ndarray, "count 3"]:
    """Give unit vectors from an atom to its hydrogens."""
    near = heavy[atom]
    vectors = np.stack([_unit(positions[other] - positions[atom]) for other in near])
    if len(near) == 1:
        beyond = next(other for other in heavy[near[0]] if other != atom)
        axis = -vectors[0]
        away = positions[near[0]] - positions[beyond]
        side = _unit(away - (away @ axis) * axis, instead_of=axis)
        angle = np.pi - (TRIGONAL if count == 2 else TETRAHEDRAL)
        signs = np.array([1.0, -1.0])[:count, None]
        return np.cos(angle) * axis + np.sin(angle) * signs * side
    opposite = _unit(-vectors.sum(0), instead_of=vectors[0])
    if count == 1:
        return opposite[None]
    side = _unit(np.cross(vectors[0], vectors[1]), instead_of=opposite)
    signs = np.array([1.0, -1.0])[:, None]
    return np.cos(TETRAHEDRAL / 2) * opposite + np.sin(TETRAHEDRAL / 2) * signs * side


def _unit(
    vector: Float[np.ndarray, "3"], instead_of: Float[np.ndarray, "3"] | None = None
) -> Float[np.ndarray, "3"]:
    """Normalise; for a vector near 0 take any direction, normal to ``instead_of`` if given."""
    length = np.linalg.norm(vector)
    if length > 1e-3:
        return vector / length
    if instead_of is None:
        return np.array([1.0, 0.0, 0.0])
    axis = np.eye(3)[np.abs(instead_of).argmin()]
    return _unit(np.cross(instead_of, axis))
