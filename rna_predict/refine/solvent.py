"""Implicit solvents: OBC as OpenMM computes it natively, or GBn2.

OBC (model II): Onufriev, Bashford & Case (2004) Proteins 55:383. GBn2 with the parameters of
nucleic acids: Nguyen, Pérez, Bermeo & Simmerling (2015) J Chem Theory Comput 11:3714.
"""

from collections.abc import Sequence

import openmm
from openmm import app, unit
from openmm.app.internal.customgbforces import GBSAGBn2Force

from rna_predict.refine.settings import Solvent

OBC_RADII = {"H": 1.2, "C": 1.7, "N": 1.55, "O": 1.5, "P": 1.85}
"""Angstrom (mbondi2); hydrogens on nitrogen have 1.3."""
OBC_HYDROGEN_ON_NITROGEN = 1.3
OBC_SCALES = {"H": 0.85, "C": 0.72, "N": 0.79, "O": 0.85, "P": 0.86}
WATER = 78.5
"""Dielectric constant, as in Amber; OpenMM's own default is 78.3."""


def solvent_force(
    solvent: Solvent,
    topology: app.Topology,
    charges: Sequence[float],
    cutoff: float | None = None,
) -> openmm.GBSAOBCForce | openmm.CustomGBForce | None:
    """Give the force of a solvent, with its surface term.

    Parameters
    ----------
    solvent : {"obc", "gbn2", "none"}
    topology : openmm.app.Topology
    charges : sequence of float, e
        Of each atom, in the force field.
    cutoff : float, angstrom, optional

    Returns
    -------
    openmm.GBSAOBCForce, openmm.CustomGBForce or None
        None for a vacuum.
    """
    if solvent == "none":
        return None
    force = _obc(topology, charges) if solvent == "obc" else _gbn2(topology, charges, cutoff)
    if cutoff is not None:
        force.setNonbondedMethod(force.CutoffNonPeriodic)
        force.setCutoffDistance(cutoff / 10.0)
    return force


def _obc(topology: app.Topology, charges: Sequence[float]) -> openmm.GBSAOBCForce:
    """Give OBC, an order of magnitude faster than OpenMM's XML models of the same energy."""
    force = openmm.GBSAOBCForce()
    force.setSolventDielectric(WATER)
    elements = [atom.element.symbol for atom in topology.atoms()]
    radii = [OBC_RADII[element] for element in elements]
    for bond in topology.bonds():
        pair = bond.atom1.index, bond.atom2.index
        for atom, other in (pair, pair[::-1]):
            if elements[atom] == "H" and elements[other] == "N":
                radii[atom] = OBC_HYDROGEN_ON_NITROGEN
    for charge, radius, element in zip(charges, radii, elements, strict=True):
        force.addParticle(charge, radius / 10.0, OBC_SCALES[element])
    return force


def _gbn2(
    topology: app.Topology, charges: Sequence[float], cutoff: float | None
) -> openmm.CustomGBForce:
    """Give GBn2 as OpenMM writes it."""
    distance = None if cutoff is None else cutoff / 10.0 * unit.nanometer
    force = GBSAGBn2Force(solventDielectric=WATER, SA="ACE", cutoff=distance)
    parameters = GBSAGBn2Force.getStandardParameters(topology)
    for charge, row in zip(charges, parameters, strict=True):
        force.addParticle([charge, *row])
    force.finalize()
    return force
