"""Restraints of a minimisation: atoms near where they were, sugars of the right hand."""

from typing import Final

import numpy as np
import openmm
from jaxtyping import Float, Int

from rna_predict.constants import ALPHABET, N_SLOTS, PURINES, SLOT_INDEX
from rna_predict.evaluate.chirality import CENTRES

HELD: Final = ("P", "C1'")
"""Atoms whose restraint has full strength."""
OTHERS_WEIGHT: Final = 0.1
"""Strength of the other heavy atoms' restraints relative to that of ``HELD``."""
HAND_VOLUME: Final = 2.0
"""A chiral centre whose volume is below this is drawn to the right hand (angstrom^3); sound ones
have 2.4 to 2.8 and feel nothing."""
HAND_STRENGTH: Final = 5e7
"""kJ/mol/nm^6: a mirrored centre costs 500 kJ/mol."""


def position_restraint(
    index: Int[np.ndarray, "n 23"], reference: Float[np.ndarray, "n 23 3"]
) -> openmm.CustomExternalForce:
    """Give harmonic restraints of heavy atoms to their reference positions.

    Parameters
    ----------
    index : (n, 23) int
        Atom of the system in each slot; -1 for none.
    reference : (n, 23, 3) float, angstrom

    Returns
    -------
    openmm.CustomExternalForce
        Its context parameter ``restraint`` (kJ/mol/nm^2) is the strength for ``HELD``.
    """
    weights = np.full(N_SLOTS, OTHERS_WEIGHT)
    weights[[SLOT_INDEX[ALPHABET[0]][name] for name in HELD]] = 1.0
    force = openmm.CustomExternalForce(
        "0.5 * restraint * weight * ((x - x0)^2 + (y - y0)^2 + (z - z0)^2)"
    )
    force.addGlobalParameter("restraint", 0.0)
    for name in ("weight", "x0", "y0", "z0"):
        force.addPerParticleParameter(name)
    residue, slot = np.nonzero(index >= 0)
    rows = np.column_stack([weights[slot], reference[residue, slot] / 10.0]).tolist()
    for atom, row in zip(index[residue, slot].tolist(), rows, strict=True):
        force.addParticle(atom, row)
    return force


def hand_restraint(index: Int[np.ndarray, "n 23"], sequence: str) -> openmm.CustomCompoundBondForce:
    """Give restraints that turn mirrored and flat chiral centres of the sugar, and keep the others.

    Half of ``HAND_STRENGTH`` times the square of what the volume of
    :func:`~rna_predict.evaluate.chirality.chiral_volumes` lacks to ``HAND_VOLUME``.

    Parameters
    ----------
    index : (n, 23) int
        Atom of the system in each slot; -1 for none.
    sequence : str
        A, C, G, U; n letters, N where the residue has no atoms.

    Returns
    -------
    openmm.CustomCompoundBondForce
        Zero for a sound sugar.
    """
    spokes = [f"({axis}{k} - {axis}1)" for k in (2, 3, 4) for axis in "xyz"]
    ax, ay, az, bx, by, bz, cx, cy, cz = spokes
    volume = (
        f"{ax} * ({by}*{cz} - {bz}*{cy}) + {ay} * ({bz}*{cx} - {bx}*{cz})"
        f" + {az} * ({bx}*{cy} - {by}*{cx})"
    )
    force = openmm.CustomCompoundBondForce(
        4, f"{HAND_STRENGTH / 2} * max(0, {HAND_VOLUME * 1e-3} - volume)^2; volume = {volume}"
    )
    for row, base in zip(index.tolist(), sequence, strict=True):
        slots = SLOT_INDEX[base]
        nitrogen = "N9" if base in PURINES else "N1"
        for centre, names in CENTRES.items():
            around = [nitrogen if name == "N" else name for name in names]
            atoms = [row[slots[name]] if name in slots else -1 for name in (centre, *around)]
            if min(atoms) >= 0:
                force.addBond(atoms)
    return force
