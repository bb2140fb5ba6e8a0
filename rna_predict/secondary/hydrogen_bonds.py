"""Hydrogen bonds between bases without hydrogens: how good each donor-acceptor contact is.

A contact counts by its length and by how well it points along the hydrogen of the one site and the
lone pair of the other, both in the planes of their bases (:mod:`rna_predict.secondary.edges`).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int

from rna_predict.constants import SLOT_INDEX
from rna_predict.secondary.bases import Bases
from rna_predict.secondary.edges import EDGES, Sites, sites

FULL_DISTANCE: Final = 3.5
"""Donor to acceptor distance up to which a hydrogen bond counts fully (angstrom)."""
MAX_DISTANCE: Final = 4.2
"""Donor to acceptor distance at which a hydrogen bond counts no more (angstrom)."""
MIN_DISTANCE: Final = 2.0
"""Nearer donors and acceptors overlap and do not bond (angstrom)."""
FULL_ANGLE: Final = 50.0
"""Angle between a site's direction and its partner up to which a bond counts fully (degrees)."""
MAX_ANGLE: Final = 80.0
"""Angle between a site's direction and its partner at which a bond counts no more (degrees)."""
MAX_ELEVATION: Final = 40.0
"""Angle of a hydrogen bond out of the plane of either base (degrees)."""


@dataclass(frozen=True, eq=False)
class PlacedSites:
    """The donor or the acceptor sites of m bases in space, s of them each.

    Attributes
    ----------
    position, direction : (m, s, 3) float, angstrom and unit vectors
        NaN positions where there is no site or its atom is missing.
    weight : (m, s) float
    edge : (m, s, 3) float
        One-hot over ``EDGES``.
    free, protonated : (m, s) bool
        As in :class:`rna_predict.secondary.edges.Sites`.
    """

    position: Float[np.ndarray, "m s 3"]
    direction: Float[np.ndarray, "m s 3"]
    weight: Float[np.ndarray, "m s"]
    edge: Float[np.ndarray, "m s 3"]
    free: Bool[np.ndarray, "m s"]
    protonated: Bool[np.ndarray, "m s"]


def place_sites(role: str, bases: Bases, coords: Float[np.ndarray, "n 23 3"]) -> PlacedSites:
    """Place the sites of a role (``donor`` or ``acceptor``) on the bases of a structure.

    Parameters
    ----------
    role : str
    bases : Bases
    coords : (n, 23, 3) float, angstrom
        Of the residues that ``bases`` was fitted to: the 2'-hydroxyl is taken from there.
    """
    table: Sites = sites(role)
    kind = bases.kind
    hydroxyl = coords[bases.residue, None, SLOT_INDEX["A"]["O2'"]]
    position = np.where(table.free[kind][..., None], hydroxyl, bases.place(table.position))
    position[table.slot[kind] < 0] = np.nan
    return PlacedSites(
        position=position,
        direction=bases.turn(table.direction),
        weight=table.weight[kind],
        edge=np.eye(len(EDGES))[table.edge][kind],
        free=table.free[kind],
        protonated=table.protonated[kind],
    )


def in_reach(
    donor: PlacedSites,
    acceptor: PlacedSites,
    give: Int[np.ndarray, " c"],
    take: Int[np.ndarray, " c"],
) -> Bool[np.ndarray, " c"]:
    """Tell which bases ``give`` have a donor near enough to an acceptor of ``take`` to bond."""
    vector = acceptor.position[take][:, None] - donor.position[give][:, :, None]
    return ((vector**2).sum(-1) < MAX_DISTANCE**2).any((1, 2))


def bond_weights(
    donor: PlacedSites,
    acceptor: PlacedSites,
    normal: Float[np.ndarray, "m 3"],
    give: Int[np.ndarray, " c"],
    take: Int[np.ndarray, " c"],
) -> tuple[Float[np.ndarray, "c d a"], Float[np.ndarray, "c d a 3"]]:
    """Weigh the contacts from the donors of bases ``give`` to the acceptors of bases ``take``.

    Returns
    -------
    weight : (c, d, a) float
        From 0, no bond, to 1.
    vector : (c, d, a, 3) float, angstrom
        From donor to acceptor; of no meaning where the weight is 0.
    """
    vector = acceptor.position[take][:, None] - donor.position[give][:, :, None]
    vector = np.nan_to_num(vector, nan=MAX_DISTANCE)
    distance = np.linalg.norm(vector, axis=-1)
    unit = vector / np.maximum(distance, 1e-6)[..., None]
    weight = donor.weight[give][:, :, None] * acceptor.weight[take][:, None, :]
    weight *= _ramp(distance, MAX_DISTANCE, FULL_DISTANCE) * (distance > MIN_DISTANCE)
    weight *= ~(donor.protonated[give][:, :, None] & acceptor.protonated[take][:, None, :])
    no, full = np.cos(np.deg2rad([MAX_ANGLE, FULL_ANGLE]))
    sine = np.sin(np.deg2rad(MAX_ELEVATION))
    for cosine, plane, free in (
        ((unit * donor.direction[give][:, :, None]).sum(-1), give, donor.free[give][:, :, None]),
        (-(unit * acceptor.direction[take][:, None]).sum(-1), take, acceptor.free[take][:, None]),
    ):
        flat = np.abs((unit @ normal[plane][:, None, :, None])[..., 0]) < sine
        weight *= np.where(free, 1.0, flat * _ramp(cosine, no, full))
    return weight, vector


def _ramp(value: np.ndarray, none: float, full: float) -> np.ndarray:
    """Give 0 at ``none`` and beyond, 1 at ``full`` and beyond, a straight line between."""
    return np.clip((value - none) / (full - none), 0.0, 1.0)
