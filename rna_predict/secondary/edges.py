"""Where each base can form hydrogen bonds: sites, their directions and Leontis-Westhof edges.

A site is a place on a base that gives or takes one hydrogen bond: a hydrogen of an amino group, a
lone pair of a carbonyl oxygen, a ring nitrogen, a polarised C-H. Each has one direction in the
plane of the base and so belongs to one edge: Watson-Crick (W), Hoogsteen or C-H (H), sugar (S),
after Leontis & Westhof (2001) RNA 7:499.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from rna_predict.constants import BASE_BONDS, BASE_FRAME, BASES, SLOT_INDEX

EDGES: Final = "WHS"
SP2_ANGLE: Final = 60.0
"""Angle between the extended bond to an sp2 atom and its hydrogens or lone pairs, degrees."""
WEAK: Final = 0.5
"""Weight of a C-H donor, or of a ring nitrogen that gives only when it is protonated."""

DONORS: Final = {
    "A": (("N6", "N1", "W", 1.0), ("N6", "C5", "H", 1.0), ("N1", "", "W", WEAK),
          ("C2", "", "W", WEAK / 2), ("C2", "", "S", WEAK / 2), ("C8", "", "H", WEAK)),
    "C": (("N4", "N3", "W", 1.0), ("N4", "C5", "H", 1.0), ("N3", "", "W", WEAK),
          ("C5", "", "H", WEAK), ("C6", "", "H", WEAK)),
    "G": (("N1", "", "W", 1.0), ("N2", "N1", "W", 1.0), ("N2", "N3", "S", 1.0),
          ("C8", "", "H", WEAK)),
    "U": (("N3", "", "W", 1.0), ("C5", "", "H", WEAK), ("C6", "", "H", WEAK)),
}  # fmt: skip
"""(atom, neighbour on whose side the hydrogen lies, edge, weight); no neighbour: a ring atom.

The C2-H of adenine points between two edges and counts half for each, so that an A-minor contact
(N3 and C2 in a sugar edge, N1 to its 2'-hydroxyl) is one of the sugar edge."""
ACCEPTORS: Final = {
    "A": (("N1", "", "W", 1.0), ("N3", "", "S", 1.0), ("N7", "", "H", 1.0)),
    "C": (("N3", "", "W", 1.0), ("O2", "N3", "W", 1.0), ("O2", "N1", "S", 1.0)),
    "G": (("O6", "N1", "W", 1.0), ("O6", "C5", "H", 1.0), ("N3", "", "S", 1.0),
          ("N7", "", "H", 1.0)),
    "U": (("O2", "N3", "W", 1.0), ("O2", "N1", "S", 1.0), ("O4", "N3", "W", 1.0),
          ("O4", "C5", "H", 1.0)),
}  # fmt: skip
"""As ``DONORS``; the neighbour tells the side of the lone pair."""
PROTONATED: Final = {"A": "N1", "C": "N3"}
"""The ring nitrogens that give when protonated; two of them do not bond to each other."""
RIBOSE: Final = ("O2'", "", "S", WEAK)
"""The 2'-hydroxyl belongs to the sugar edge; it gives and takes, in any direction."""


@dataclass(frozen=True, eq=False)
class Sites:
    """Sites of one role for the four bases, padded to the same number.

    Attributes
    ----------
    slot : (4, s) int
        Slot of the site's atom in the 23-slot layout; -1 in padding.
    position, direction : (4, s, 3) float, angstrom and unit vectors
        In the standard base frame (``constants.BASE_FRAME``); zero for the 2'-hydroxyl, which is
        not part of it.
    edge : (4, s) int
        Position in ``EDGES``.
    free : (4, s) bool
        True for the 2'-hydroxyl.
    protonated : (4, s) bool
        True for the atoms of ``PROTONATED``.
    weight : (4, s) float
        1 for N and O that give or take as they are, ``WEAK`` otherwise, 0 in padding.
    """

    slot: np.ndarray
    position: np.ndarray
    direction: np.ndarray
    edge: np.ndarray
    free: np.ndarray
    protonated: np.ndarray
    weight: np.ndarray


def _direction(base: str, atom: str, side: str) -> np.ndarray:
    """Give the unit vector, in the plane of the base, along which a site bonds."""
    frame = {name: np.array(xy) for name, xy in BASE_FRAME[base].items()}
    bonds = BASE_BONDS[base]
    partners = [b if a == atom else a for a, b in bonds if atom in (a, b)]
    outward = frame[atom] - np.mean([frame[name] for name in partners], axis=0)
    outward /= np.linalg.norm(outward)
    if not side:
        return outward
    turn = np.deg2rad(SP2_ANGLE)
    turned = [
        np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) @ outward for a in (turn, -turn)
    ]
    towards = frame[side] - frame[atom]
    return max(turned, key=lambda vector: float(vector @ towards))


@cache
def sites(role: str) -> Sites:
    """Tabulate the sites of a role.

    Parameters
    ----------
    role : str
        ``donor`` or ``acceptor``.

    Returns
    -------
    Sites
        In the order of ``constants.BASES``; read-only.
    """
    table = {"donor": DONORS, "acceptor": ACCEPTORS}[role]
    table = {base: (*rows, RIBOSE) for base, rows in table.items()}
    width = max(len(rows) for rows in table.values())
    slot = np.full((len(BASES), width), -1)
    position, direction = np.zeros((len(BASES), width, 3)), np.zeros((len(BASES), width, 3))
    edge, weight = np.zeros((len(BASES), width), dtype=int), np.zeros((len(BASES), width))
    free, protonated = (np.zeros((len(BASES), width), dtype=bool) for _ in range(2))
    for kind, base in enumerate(BASES):
        for row, (atom, side, letter, strength) in enumerate(table[base]):
            slot[kind, row] = SLOT_INDEX[base][atom]
            edge[kind, row] = EDGES.index(letter)
            weight[kind, row] = strength
            free[kind, row] = atom == RIBOSE[0]
            protonated[kind, row] = atom == PROTONATED.get(base)
            if atom != RIBOSE[0]:
                position[kind, row, :2] = BASE_FRAME[base][atom]
                direction[kind, row, :2] = _direction(base, atom, side)
    for array in (slot, position, direction, edge, free, protonated, weight):
        array.setflags(write=False)
    return Sites(slot, position, direction, edge, free, protonated, weight)
