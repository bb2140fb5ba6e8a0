"""Bonds that pass through the ring of a sugar or a base, which no force ever undoes.

A bond passes through a ring where it cuts a triangle between two atoms of the ring and its centre.
"""

from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from rna_predict.constants import (
    ALPHABET,
    BASE_BONDS,
    N_SLOTS,
    SLOT_ATOMS,
    SLOT_INDEX,
    SUGAR_BONDS,
)
from rna_predict.refine.repairs import Repair, residue_number
from rna_predict.structure.chain import Chain

RINGS = {
    "sugar": ("C4'", "O4'", "C1'", "C2'", "C3'"), "base": ("N1", "C2", "N3", "C4", "C5", "C6"),
    "imidazole": ("N9", "C8", "N7", "C5", "C4"),
}  # fmt: skip
REACH = 4.0
"""Angstrom from the centre of a ring to the middle of a bond that may pass through it."""
CROWD = 200
"""Bonds about a ring, of which there are some 40; in a heap of more nothing passes through."""
CHUNK = 1000
"""Rings looked at together: bounds memory."""


def pierced_rings(
    chain: Chain, coords: Float[np.ndarray, "n 23 3"], joined: Bool[np.ndarray, " n-1"]
) -> list[Repair]:
    """Find bonds through rings.

    Parameters
    ----------
    chain : Chain
        n residues.
    coords : (n, 23, 3) float, angstrom
        Of the whole, repaired chain.
    joined : (n - 1,) bool
        Of neighbours that are bonded.

    Returns
    -------
    list of Repair
        ``knot`` at the residue of the bond.
    """
    flat = coords.reshape(-1, 3)
    bonds = _bonds(chain.kinds, joined)
    bonds = bonds[np.isfinite(flat[bonds]).all(axis=(1, 2))]
    if not len(bonds):
        return []
    tree = cKDTree(flat[bonds].mean(1))
    repairs = []
    for what in RINGS:
        rings = _rings(what, chain.kinds, flat)
        for chunk in np.split(rings, range(CHUNK, len(rings), CHUNK)):
            for ring, bond in _cutting(chunk, bonds, flat, tree):
                atoms = "-".join(
                    SLOT_ATOMS[chain.sequence[atom // N_SLOTS]][atom % N_SLOTS] for atom in bond
                )
                number = residue_number(chain, ring // N_SLOTS)
                detail = f"{atoms} through the {what} ring of {number}"
                repairs.append(Repair("knot", bond[0] // N_SLOTS, detail))
    return repairs


def _rings(
    what: str, kinds: Int[np.ndarray, " n"], flat: Float[np.ndarray, "atoms 3"]
) -> Int[np.ndarray, "rings corners"]:
    """List the whole rings of a sort by positions in the flattened layout."""
    slots = _ring_slots(what)[kinds]
    rings = (slots + N_SLOTS * np.arange(len(kinds))[:, None])[(slots >= 0).all(1)]
    return rings[np.isfinite(flat[rings]).all(axis=(1, 2))]


def _cutting(
    rings: Int[np.ndarray, "rings corners"],
    bonds: Int[np.ndarray, "bonds 2"],
    flat: Float[np.ndarray, "atoms 3"],
    tree: cKDTree,
) -> list[tuple[int, list[int]]]:
    """List the first atom of each ring that is cut and the atoms of the bond that cuts it."""
    centres = flat[rings].mean(1)
    rings = rings[tree.query_ball_point(centres, REACH, return_length=True) <= CROWD]
    if not len(rings):
        return []
    near = tree.query_ball_point(flat[rings].mean(1), REACH)
    ring = np.repeat(np.arange(len(rings)), [len(found) for found in near])
    bond = np.concatenate([np.array(found, dtype=np.int64) for found in near])
    apart = ~(rings[ring][:, :, None] == bonds[bond][:, None]).any(axis=(1, 2))
    ring, bond = ring[apart], bond[apart]
    through = _cuts(flat[rings[ring]], flat[bonds[bond]])
    first, ends = rings[ring[through], 0].tolist(), bonds[bond[through]].tolist()
    return list(zip(first, ends, strict=True))


def _cuts(
    ring: Float[np.ndarray, "k atoms 3"], bond: Float[np.ndarray, "k 2 3"]
) -> Bool[np.ndarray, " k"]:
    """Tell whether a bond cuts one of the triangles between a ring's sides and its centre.

    By signed volumes: the ends lie on different sides of the triangle and the line of the bond on
    the same side of its three edges.
    """
    a, b = ring - ring.mean(1, keepdims=True), np.roll(ring, -1, axis=1)
    b = b - ring.mean(1, keepdims=True)
    start, stop = np.moveaxis(bond - ring.mean(1, keepdims=True), 1, 0)
    start, step = start[:, None], (stop - start)[:, None]
    normal = np.cross(a, b)
    below, above = (start * normal).sum(-1), ((start + step) * normal).sum(-1)
    sides = [
        (np.cross(p - start, q - start) * step).sum(-1)
        for p, q in ((np.zeros_like(a), a), (a, b), (b, np.zeros_like(b)))
    ]
    same = np.all([side >= 0 for side in sides], axis=0) | np.all(
        [side <= 0 for side in sides], axis=0
    )
    return ((below * above < 0) & same).any(1)


def _bonds(
    kinds: Int[np.ndarray, " n"], joined: Bool[np.ndarray, " n-1"]
) -> Int[np.ndarray, "bonds 2"]:
    """List all bonds by positions in the flattened layout."""
    table, count = _bond_slots()
    slots = table[kinds] + N_SLOTS * np.arange(len(kinds))[:, None, None]
    within = slots[np.arange(table.shape[1]) < count[kinds][:, None]]
    slot = SLOT_INDEX[ALPHABET[-1]]
    before = np.flatnonzero(joined)
    links = np.stack([before * N_SLOTS + slot["O3'"], (before + 1) * N_SLOTS + slot["P"]], axis=1)
    return np.concatenate([within, links])


@cache
def _bond_slots() -> tuple[Int[np.ndarray, "kinds bonds 2"], Int[np.ndarray, " kinds"]]:
    """Give the slots of each kind's bonds and how many there are; 0 pads."""
    rows = [
        [[SLOT_INDEX[base][name] for name in bond] for bond in SUGAR_BONDS + BASE_BONDS[base]]
        for base in ALPHABET
    ]
    longest = max(map(len, rows))
    table = np.array([row + [[0, 0]] * (longest - len(row)) for row in rows])
    return table, np.array([len(row) for row in rows])


@cache
def _ring_slots(what: str) -> Int[np.ndarray, "kinds corners"]:
    """Give the slots of a ring by residue kind; -1 where the base has none."""
    return np.array([[SLOT_INDEX[base].get(name, -1) for name in RINGS[what]] for base in ALPHABET])
