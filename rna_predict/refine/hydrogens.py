"""Hydrogens placed by the geometry of their heavy atom: deterministic, no force field needed."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

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
    kinds, kind = np.unique([*elements], return_inverse=True)
    is_hydrogen = (kinds == "H")[kind]
    both = np.asarray(bonds, dtype=np.int64).reshape(-1, 1, 2)
    both = np.concatenate([both, both[..., ::-1]], axis=1).reshape(-1, 2)
    to_hydrogen = is_hydrogen[both[:, 1]]
    heavy = _neighbours(both[~to_hydrogen], len(kind))
    own = _neighbours(both[to_hydrogen], len(kind))
    atoms = np.flatnonzero((own[:, 0] >= 0) & ~is_hydrogen)
    placed = positions.astype(np.float64)
    lone = heavy[atoms, 1] < 0
    directions = np.empty((len(atoms), 2, 3))
    directions[lone] = _beside_a_bond(placed, atoms[lone], heavy, own[atoms[lone], 1] >= 0)
    directions[~lone] = _completing(placed, atoms[~lone], heavy, own[atoms[~lone], 1] >= 0)
    lengths = np.array([BOND.get(symbol, np.nan) for symbol in kinds])[kind[atoms]]
    for which in (0, 1):
        there = own[atoms, which] >= 0
        at = placed[atoms] + lengths[:, None] * directions[:, which]
        placed[own[atoms[there], which]] = at[there]
    return placed


def _neighbours(directed: Int[np.ndarray, "b 2"], count: int) -> Int[np.ndarray, "count k"]:
    """List the second atoms of each first one in their order; -1 where there are no more."""
    order = np.argsort(directed[:, 0], kind="stable")
    first, second = directed[order].T
    place = np.arange(len(first)) - np.searchsorted(first, first)
    table = np.full((count, max(2, place.max(initial=0) + 1)), -1)
    table[first, place] = second
    return table


def _beside_a_bond(
    positions: Float[np.ndarray, "atoms 3"],
    atoms: Int[np.ndarray, " m"],
    heavy: Int[np.ndarray, "atoms k"],
    two: Bool[np.ndarray, " m"],
) -> Float[np.ndarray, "m 2 3"]:
    """Give unit vectors to the hydrogens of atoms with one heavy neighbour."""
    near = heavy[atoms, 0]
    around = heavy[near]
    beyond = around[np.arange(len(atoms)), (around != atoms[:, None]).argmax(1)]
    axis = -_unit(positions[near] - positions[atoms])
    away = positions[near] - positions[beyond]
    side = _unit(away - (away * axis).sum(-1, keepdims=True) * axis, instead_of=axis)
    angle = np.pi - np.where(two, TRIGONAL, TETRAHEDRAL)[:, None]
    along, across = np.cos(angle) * axis, np.sin(angle) * side
    return np.stack([along + across, along - across], axis=1)


def _completing(
    positions: Float[np.ndarray, "atoms 3"],
    atoms: Int[np.ndarray, " m"],
    heavy: Int[np.ndarray, "atoms k"],
    two: Bool[np.ndarray, " m"],
) -> Float[np.ndarray, "m 2 3"]:
    """Give unit vectors to the hydrogens of atoms with two or three heavy neighbours."""
    near = heavy[atoms]
    vectors = _unit(positions[near] - positions[atoms][:, None])
    first, second = vectors[:, 0], vectors[:, 1]
    opposite = _unit(-(vectors * (near >= 0)[..., None]).sum(1), instead_of=first)
    side = _unit(np.cross(first, second), instead_of=opposite)
    along, across = np.cos(TETRAHEDRAL / 2) * opposite, np.sin(TETRAHEDRAL / 2) * side
    pair = np.stack([along + across, along - across], axis=1)
    return np.where(two[:, None, None], pair, opposite[:, None])


def _unit(
    vectors: Float[np.ndarray, "*batch 3"], instead_of: Float[np.ndarray, "*batch 3"] | None = None
) -> Float[np.ndarray, "*batch 3"]:
    """Normalise; for a vector near 0 take any direction, normal to ``instead_of`` if given."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if instead_of is None:
        other = np.broadcast_to([1.0, 0.0, 0.0], vectors.shape)
    else:
        other = np.cross(instead_of, np.eye(3)[np.abs(instead_of).argmin(-1)])
        other = other / np.linalg.norm(other, axis=-1, keepdims=True)
    return np.where(lengths > 1e-3, vectors / np.maximum(lengths, 1e-3), other)
