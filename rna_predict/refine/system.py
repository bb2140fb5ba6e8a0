"""An OpenMM system of RNA: amber14 OL3, OBC implicit solvent, restraints, a soft repulsion."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import openmm
from jaxtyping import Bool, Float, Int
from openmm import app, unit

from rna_predict.constants import SLOT_INDEX

FORCE_FIELD = "amber14/RNA.OL3.xml"
"""parmbsc0 with chi OL3: Zgarbova et al. (2011) J Chem Theory Comput 7:2886."""

OBC_RADII = {"H": 1.2, "C": 1.7, "N": 1.55, "O": 1.5, "P": 1.85}
"""Angstrom (mbondi2); hydrogens on nitrogen have 1.3. Onufriev et al. (2004) Proteins 55:383."""
OBC_HYDROGEN_ON_NITROGEN = 1.3
OBC_SCALES = {"H": 0.85, "C": 0.72, "N": 0.79, "O": 0.85, "P": 0.86}

BONDED, NONBONDED, SOFT, RESTRAINT = range(4)
"""Force groups; the physical energy is that of the first two."""

SOFT_SHRINK = 0.85
"""The soft repulsion starts at this part of the distance of the Lennard-Jones minimum."""


@dataclass(frozen=True, eq=False)
class RnaSystem:
    """A system with the map between its atoms and the slots of a chain.

    Attributes
    ----------
    system : openmm.System
    elements : tuple of str
        Of each atom.
    bonds : tuple of (int, int)
        Between atoms, those to hydrogens included.
    residue, slot : (atoms,) int
        Place of each heavy atom in the dense layout; slot -1 for hydrogens.
    """

    system: openmm.System
    elements: tuple[str, ...]
    bonds: tuple[tuple[int, int], ...]
    residue: Int[np.ndarray, " atoms"]
    slot: Int[np.ndarray, " atoms"]

    @property
    def heavy(self) -> Bool[np.ndarray, " atoms"]:
        """(atoms,) bool: not a hydrogen."""
        return self.slot >= 0


@cache
def force_field() -> app.ForceField:
    """Load the force field, once a process."""
    return app.ForceField(FORCE_FIELD)


def build_system(
    sequence: str,
    segments: Sequence[tuple[int, int]],
    phosphate: Sequence[bool],
    reference: Float[np.ndarray, "n 23 3"],
    weights: Float[np.ndarray, " 23"],
    cutoff: float,
) -> RnaSystem:
    """Build the system of one chain, which may have gaps.

    Parameters
    ----------
    sequence : str
        A, C, G, U; n letters.
    segments : sequence of (int, int)
        First and past-the-end residue of each unbroken stretch, which ends with a 3'-hydroxyl.
    phosphate : sequence of bool
        Whether each stretch starts with a phosphate, as one within a chain but without the
        oxygen of the residue before; else it starts with a 5'-hydroxyl.
    reference : (n, 23, 3) float, angstrom
        Positions to which heavy atoms are restrained.
    weights : (23,) float
        Relative strength of each slot's restraint.
    cutoff : float, angstrom
        Of the non-bonded forces; infinity for none.

    Returns
    -------
    RnaSystem
        Its context parameter ``restraint`` (kJ/mol/nm^2) scales the restraints.
    """
    topology = app.Topology()
    chosen: dict[app.topology.Residue, str] = {}
    residues, slots = [], []
    for (start, stop), begins_with_phosphate in zip(segments, phosphate, strict=True):
        chain = topology.addChain()
        previous = None
        for index in range(start, stop):
            base = sequence[index]
            template_name = base + _terminus(
                index == start and not begins_with_phosphate, index == stop - 1
            )
            template = force_field()._templates[template_name]
            residue = topology.addResidue(base, chain)
            chosen[residue] = template_name
            atoms = {a.name: topology.addAtom(a.name, a.element, residue) for a in template.atoms}
            for first, second in template.bonds:
                names = template.atoms[first].name, template.atoms[second].name
                topology.addBond(atoms[names[0]], atoms[names[1]])
            if previous is not None:
                topology.addBond(previous, atoms["P"])
            previous = atoms["O3'"]
            residues += [index] * len(atoms)
            slots += [
                -1 if a.element.symbol == "H" else SLOT_INDEX[base][a.name] for a in template.atoms
            ]
    bounded = np.isfinite(cutoff)
    system = force_field().createSystem(
        topology,
        nonbondedMethod=app.CutoffNonPeriodic if bounded else app.NoCutoff,
        nonbondedCutoff=(cutoff if bounded else 10.0) * unit.angstrom,
        removeCMMotion=False,
        residueTemplates=chosen,
        ignoreExternalBonds=True,
    )
    built = RnaSystem(
        system=system,
        elements=tuple(atom.element.symbol for atom in topology.atoms()),
        bonds=tuple((bond.atom1.index, bond.atom2.index) for bond in topology.bonds()),
        residue=np.array(residues),
        slot=np.array(slots),
    )
    nonbonded = next(f for f in system.getForces() if isinstance(f, openmm.NonbondedForce))
    nonbonded.setReactionFieldDielectric(1.0)
    nonbonded.setForceGroup(NONBONDED)
    system.addForce(_solvent(built, nonbonded, cutoff))
    system.addForce(_soft_repulsion(built, nonbonded, bounded))
    system.addForce(_restraint(built, reference, weights))
    return built


def _terminus(first: bool, last: bool) -> str:
    """Give the suffix of the name of a template, by the hydroxyls it ends with."""
    return {(True, True): "N", (True, False): "5", (False, True): "3"}.get((first, last), "")


def _solvent(
    built: RnaSystem, nonbonded: openmm.NonbondedForce, cutoff: float
) -> openmm.GBSAOBCForce:
    """Give OBC implicit solvent with the charges of the force field."""
    force = openmm.GBSAOBCForce()
    radii = [OBC_RADII[element] for element in built.elements]
    for first, second in built.bonds:
        for atom, other in ((first, second), (second, first)):
            if built.elements[atom] == "H" and built.elements[other] == "N":
                radii[atom] = OBC_HYDROGEN_ON_NITROGEN
    for index, element in enumerate(built.elements):
        charge = nonbonded.getParticleParameters(index)[0]
        force.addParticle(charge, radii[index] / 10.0, OBC_SCALES[element])
    if np.isfinite(cutoff):
        force.setNonbondedMethod(openmm.GBSAOBCForce.CutoffNonPeriodic)
        force.setCutoffDistance(cutoff / 10.0)
    force.setForceGroup(NONBONDED)
    return force


def _soft_repulsion(
    built: RnaSystem, nonbonded: openmm.NonbondedForce, bounded: bool
) -> openmm.CustomNonbondedForce:
    """Give a repulsion that stays finite where atoms lie on one another.

    Harmonic below ``SOFT_SHRINK`` times the distance of the Lennard-Jones minimum.
    """
    force = openmm.CustomNonbondedForce(
        "5e4 * step(touch - r) * (touch - r)^2; touch = reach1 + reach2"
    )
    force.addPerParticleParameter("reach")
    reaches = []
    for index in range(len(built.elements)):
        sigma = nonbonded.getParticleParameters(index)[1].value_in_unit(unit.nanometer)
        heavy = built.elements[index] != "H"
        reaches.append(SOFT_SHRINK * sigma * 2 ** (1 / 6) / 2 if heavy else -1.0)
        force.addParticle([reaches[-1]])
    force.createExclusionsFromBonds(list(built.bonds), 3)
    if bounded: force.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffNonPeriodic)
    force.setCutoffDistance(2 * max(reaches))
    force.setForceGroup(SOFT)
    return force


def _restraint(
    built: RnaSystem, reference: Float[np.ndarray, "n 23 3"], weights: Float[np.ndarray, " 23"]
) -> openmm.CustomExternalForce:
    """Give harmonic restraints of heavy atoms to their reference positions."""
    force = openmm.CustomExternalForce(
        "0.5 * restraint * weight * ((x - x0)^2 + (y - y0)^2 + (z - z0)^2)"
    )
    force.addGlobalParameter("restraint", 0.0)
    for name in ("weight", "x0", "y0", "z0"):
        force.addPerParticleParameter(name)
    for atom in np.flatnonzero(built.heavy):
        residue, slot = built.residue[atom], built.slot[atom]
        target = reference[residue, slot].astype(np.float64) / 10.0
        force.addParticle(int(atom), [float(weights[slot]), *target.tolist()])
    force.setForceGroup(RESTRAINT)
    return force
