"""OpenMM systems of RNA: amber14 OL3 with implicit solvent, restraints, a soft repulsion."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache

import numpy as np
import openmm
from jaxtyping import Bool, Float, Int
from openmm import app, unit

from rna_predict.constants import N_SLOTS, SLOT_INDEX
from rna_predict.refine.restraints import hand_restraint, position_restraint
from rna_predict.refine.settings import Solvent
from rna_predict.refine.solvent import solvent_force

FORCE_FIELD = "amber14/RNA.OL3.xml"
"""Amber ff99 with parmbsc0 and chi OL3: Zgarbova et al. (2011) J Chem Theory Comput 7:2886."""

CUTOFF = 12.0
"""Angstrom; of non-bonded forces and solvent while minimising: at 71 nt the minimum is 0.015 A RMSD
from the one without a cut-off, in a third of the time."""
PACKING_CUTOFF = 9.0
"""Angstrom; of the system without charges."""

SOFT_REACH = 0.85
"""The soft repulsion begins at this part of the distance of the Lennard-Jones minimum."""
SOFT_STRENGTH = 5e4
"""kJ/mol/nm^2."""

GROUPS = {
    openmm.HarmonicBondForce: 0,
    openmm.HarmonicAngleForce: 1,
    openmm.PeriodicTorsionForce: 2,
    openmm.NonbondedForce: 3,
    openmm.CustomNonbondedForce: 3,
    openmm.GBSAOBCForce: 4,
    openmm.CustomGBForce: 4,
    openmm.CustomExternalForce: 5,
    openmm.CustomCompoundBondForce: 6,
}
"""Force group of each kind of force: 5 and 6 are restraints, the others the force field."""
FIELD = {0, 1, 2, 3, 4}
"""Groups of the force field."""


@dataclass(frozen=True, eq=False)
class Atoms:
    """Atoms of the systems, hydrogens among them, and where they are in a chain.

    Attributes
    ----------
    elements : tuple of str
    bonds : tuple of (int, int)
        Those to hydrogens included.
    residue, slot : (atoms,) int
        Place of each heavy atom in the dense layout; slot -1 for hydrogens.
    """

    elements: tuple[str, ...]
    bonds: tuple[tuple[int, int], ...]
    residue: Int[np.ndarray, " atoms"]
    slot: Int[np.ndarray, " atoms"]

    @property
    def heavy(self) -> Bool[np.ndarray, " atoms"]:
        """(atoms,) bool: not a hydrogen."""
        return self.slot >= 0

    def index(self, n: int) -> Int[np.ndarray, "n 23"]:
        """Give the atom in each slot of ``n`` residues; -1 for none."""
        table = np.full((n, N_SLOTS), -1)
        heavy = np.flatnonzero(self.heavy)
        table[self.residue[heavy], self.slot[heavy]] = heavy
        return table


@dataclass(frozen=True, eq=False)
class Systems:
    """The same atoms under five sets of forces, all with bonds, angles, torsions, restraints.

    Attributes
    ----------
    atoms : Atoms
    soft : openmm.System
        With a soft repulsion of heavy atoms: finite wherever the atoms are.
    packing : openmm.System
        With Lennard-Jones forces and no charges.
    full : openmm.System
        With Lennard-Jones and Coulomb forces and implicit solvent, cut off at ``CUTOFF``.
    whole : openmm.System
        The same without a cut-off, for energies.
    uncharged : openmm.System
        With Lennard-Jones forces without a cut-off and no charges, for energies.
    """

    atoms: Atoms
    soft: openmm.System
    packing: openmm.System
    full: openmm.System
    whole: openmm.System
    uncharged: openmm.System


@cache
def force_field() -> app.ForceField:
    """Load the force field, once a process."""
    return app.ForceField(FORCE_FIELD)


def build_systems(
    sequence: str,
    segments: Sequence[tuple[int, int]],
    phosphate: Sequence[bool],
    reference: Float[np.ndarray, "n 23 3"],
    solvent: Solvent = "obc",
) -> Systems:
    """Build the systems of one chain, which may have gaps.

    Parameters
    ----------
    sequence : str
        A, C, G, U; n letters.
    segments : sequence of (int, int)
        First and past-the-end residue of each unbroken stretch, which ends with a 3'-hydroxyl.
    phosphate : sequence of bool
        Whether each stretch starts with a phosphate, typed as one within a chain but without the
        oxygen of the residue before; else it starts with a 5'-hydroxyl.
    reference : (n, 23, 3) float, angstrom
        Positions to which heavy atoms are restrained.
    solvent : {"obc", "gbn2", "none"}
        See :func:`rna_predict.refine.solvent.solvent_force`.

    Returns
    -------
    Systems
        Their context parameter ``restraint`` (kJ/mol/nm^2) is the strength of the position
        restraints; sugars are kept to the right hand, see
        :func:`rna_predict.refine.restraints.hand_restraint`. Force groups are ``GROUPS``.
    """
    topology, templates, atoms = _topology(sequence, segments, phosphate)
    bonded = force_field().createSystem(
        topology,
        nonbondedMethod=app.NoCutoff,
        removeCMMotion=False,
        residueTemplates=templates,
        ignoreExternalBonds=True,
    )
    index = atoms.index(len(sequence))
    bonded.addForce(position_restraint(index, reference))
    bonded.addForce(hand_restraint(index, sequence))
    place, nonbonded = _nonbonded(bonded)
    nonbonded.setReactionFieldDielectric(1.0)
    whole = deepcopy(bonded)
    full = deepcopy(bonded)
    _cut(_nonbonded(full)[1], CUTOFF)
    charges = [
        nonbonded.getParticleParameters(atom)[0].value_in_unit(unit.elementary_charge)
        for atom in range(nonbonded.getNumParticles())
    ]
    for system, cutoff in ((whole, None), (full, CUTOFF)):
        if (force := solvent_force(solvent, topology, charges, cutoff)) is not None:
            system.addForce(force)
    uncharged = deepcopy(bonded)
    _discharge(_nonbonded(uncharged)[1])
    packing = deepcopy(uncharged)
    _cut(_nonbonded(packing)[1], PACKING_CUTOFF)
    bonded.addForce(_soft_repulsion(atoms, nonbonded))
    bonded.removeForce(place)
    systems = Systems(atoms, bonded, packing, full, whole, uncharged)
    for system in (bonded, packing, full, whole, uncharged):
        for force in system.getForces():
            force.setForceGroup(next(g for kind, g in GROUPS.items() if isinstance(force, kind)))
    return systems


def _topology(
    sequence: str, segments: Sequence[tuple[int, int]], phosphate: Sequence[bool]
) -> tuple[app.Topology, dict[app.topology.Residue, str], Atoms]:
    """List residues, atoms and bonds as the force field's templates have them."""
    topology = app.Topology()
    templates: dict[app.topology.Residue, str] = {}
    residues: list[int] = []
    slots: list[int] = []
    for (start, stop), begins_with_phosphate in zip(segments, phosphate, strict=True):
        chain = topology.addChain()
        previous = None
        for index in range(start, stop):
            base = sequence[index]
            hydroxyls = index == start and not begins_with_phosphate, index == stop - 1
            suffix = {(True, True): "N", (True, False): "5", (False, True): "3"}.get(hydroxyls, "")
            residue = topology.addResidue(base, chain)
            templates[residue] = base + suffix
            template = force_field()._templates[base + suffix]
            added = [topology.addAtom(a.name, a.element, residue) for a in template.atoms]
            for first, second in template.bonds:
                topology.addBond(added[first], added[second])
            by_name = {atom.name: atom for atom in added}
            if previous is not None:
                topology.addBond(previous, by_name["P"])
            previous = by_name["O3'"]
            residues += [index] * len(added)
            slots += [SLOT_INDEX[base].get(atom.name, -1) for atom in added]
    atoms = Atoms(
        elements=tuple(atom.element.symbol for atom in topology.atoms()),
        bonds=tuple((bond.atom1.index, bond.atom2.index) for bond in topology.bonds()),
        residue=np.array(residues),
        slot=np.array(slots),
    )
    return topology, templates, atoms


def _nonbonded(system: openmm.System) -> tuple[int, openmm.NonbondedForce]:
    """Find the Lennard-Jones and Coulomb force."""
    return next(
        (index, force)
        for index, force in enumerate(system.getForces())
        if isinstance(force, openmm.NonbondedForce)
    )


def _cut(force: openmm.NonbondedForce, cutoff: float) -> None:
    """Set a cut-off in angstrom."""
    force.setNonbondedMethod(force.CutoffNonPeriodic)
    force.setCutoffDistance(cutoff / 10.0)


def _discharge(force: openmm.NonbondedForce) -> None:
    """Take the charges out of a non-bonded force."""
    for index in range(force.getNumParticles()):
        _, sigma, epsilon = force.getParticleParameters(index)
        force.setParticleParameters(index, 0.0, sigma, epsilon)
    for index in range(force.getNumExceptions()):
        first, second, _, sigma, epsilon = force.getExceptionParameters(index)
        force.setExceptionParameters(index, first, second, 0.0, sigma, epsilon)


def _soft_repulsion(atoms: Atoms, nonbonded: openmm.NonbondedForce) -> openmm.CustomNonbondedForce:
    """Give a harmonic repulsion between heavy atoms that are too close."""
    force = openmm.CustomNonbondedForce(
        f"{SOFT_STRENGTH} * step(touch - r) * (touch - r)^2; touch = reach1 + reach2"
    )
    force.addPerParticleParameter("reach")
    reaches = []
    for index in range(len(atoms.elements)):
        sigma = nonbonded.getParticleParameters(index)[1].value_in_unit(unit.nanometer)
        reaches.append(SOFT_REACH * sigma * 2 ** (1 / 6) / 2)
    out_of_reach = -max(reaches)
    for reach, heavy in zip(reaches, atoms.heavy, strict=True):
        force.addParticle([reach if heavy else out_of_reach])
    force.createExclusionsFromBonds(list(atoms.bonds), 3)
    force.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffNonPeriodic)
    force.setCutoffDistance(2 * max(reaches))
    return force
