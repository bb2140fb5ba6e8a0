"""OpenMM systems of RNA: amber14 OL3, OBC implicit solvent, restraints, a soft repulsion."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache

import numpy as np
import openmm
from jaxtyping import Bool, Float, Int
from openmm import app, unit

from rna_predict.constants import ALPHABET, N_SLOTS, SLOT_INDEX

FORCE_FIELD = "amber14/RNA.OL3.xml"
"""Amber ff99 with parmbsc0 and chi OL3: Zgarbova et al. (2011) J Chem Theory Comput 7:2886."""

OBC_RADII = {"H": 1.2, "C": 1.7, "N": 1.55, "O": 1.5, "P": 1.85}
"""Angstrom (mbondi2); hydrogens on nitrogen have 1.3. Onufriev et al. (2004) Proteins 55:383."""
OBC_HYDROGEN_ON_NITROGEN = 1.3
WATER = 78.5
"""Dielectric constant, as in Amber; OpenMM's own default is 78.3."""
OBC_SCALES = {"H": 0.85, "C": 0.72, "N": 0.79, "O": 0.85, "P": 0.86}

CUTOFF = 12.0
"""Angstrom; of non-bonded forces and solvent while minimising: at 71 nt the minimum is 0.015 A RMSD
from the one without a cut-off, in a third of the time."""
PACKING_CUTOFF = 9.0
"""Angstrom; of the system without charges."""

SOFT_REACH = 0.85
"""The soft repulsion begins at this part of the distance of the Lennard-Jones minimum."""
SOFT_STRENGTH = 5e4
"""kJ/mol/nm^2."""

HELD = ("P", "C1'")
"""Atoms whose restraint has full strength."""
OTHERS_WEIGHT = 0.1
"""Strength of the other heavy atoms' restraints relative to that of ``HELD``."""
RESTRAINT_GROUP = 1
"""Force group of the restraints; the force field is in group 0."""


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


@dataclass(frozen=True, eq=False)
class Systems:
    """The same atoms under four sets of forces, all with bonds, angles, torsions, restraints.

    Attributes
    ----------
    atoms : Atoms
    soft : openmm.System
        With a soft repulsion of heavy atoms: finite wherever the atoms are.
    packing : openmm.System
        With Lennard-Jones forces and no charges.
    full : openmm.System
        With Lennard-Jones and Coulomb forces and OBC implicit solvent, cut off at ``CUTOFF``.
    whole : openmm.System
        The same without a cut-off, for energies.
    """

    atoms: Atoms
    soft: openmm.System
    packing: openmm.System
    full: openmm.System
    whole: openmm.System


@cache
def force_field() -> app.ForceField:
    """Load the force field, once a process."""
    return app.ForceField(FORCE_FIELD)


def build_systems(
    sequence: str,
    segments: Sequence[tuple[int, int]],
    phosphate: Sequence[bool],
    reference: Float[np.ndarray, "n 23 3"],
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

    Returns
    -------
    Systems
        Their context parameter ``restraint`` (kJ/mol/nm^2) scales the restraints of ``HELD``.
    """
    topology, templates, atoms = _topology(sequence, segments, phosphate)
    bonded = force_field().createSystem(
        topology,
        nonbondedMethod=app.NoCutoff,
        removeCMMotion=False,
        residueTemplates=templates,
        ignoreExternalBonds=True,
    )
    bonded.addForce(_restraint(atoms, reference))
    whole = deepcopy(bonded)
    nonbonded = _nonbonded(whole)[1]
    nonbonded.setReactionFieldDielectric(1.0)
    solvent = _solvent(atoms, nonbonded)
    whole.addForce(solvent)
    full = deepcopy(whole)
    for force in full.getForces():
        if isinstance(force, openmm.NonbondedForce | openmm.GBSAOBCForce):
            _cut(force, CUTOFF)
    packing = deepcopy(bonded)
    _discharge(_nonbonded(packing)[1])
    _cut(_nonbonded(packing)[1], PACKING_CUTOFF)
    index, nonbonded = _nonbonded(bonded)
    bonded.addForce(_soft_repulsion(atoms, nonbonded))
    bonded.removeForce(index)
    return Systems(atoms=atoms, soft=bonded, packing=packing, full=full, whole=whole)


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


def _cut(force: openmm.NonbondedForce | openmm.GBSAOBCForce, cutoff: float) -> None:
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


def _solvent(atoms: Atoms, nonbonded: openmm.NonbondedForce) -> openmm.GBSAOBCForce:
    """Give OBC implicit solvent with the charges of the force field."""
    force = openmm.GBSAOBCForce()
    force.setSolventDielectric(WATER)
    radii = [OBC_RADII[element] for element in atoms.elements]
    for first, second in atoms.bonds:
        for atom, other in ((first, second), (second, first)):
            if atoms.elements[atom] == "H" and atoms.elements[other] == "N":
                radii[atom] = OBC_HYDROGEN_ON_NITROGEN
    for index, element in enumerate(atoms.elements):
        charge = nonbonded.getParticleParameters(index)[0]
        force.addParticle(charge, radii[index] / 10.0, OBC_SCALES[element])
    return force


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


def _restraint(atoms: Atoms, reference: Float[np.ndarray, "n 23 3"]) -> openmm.CustomExternalForce:
    """Give harmonic restraints of heavy atoms to their reference positions."""
    weights = np.full(N_SLOTS, OTHERS_WEIGHT)
    weights[[SLOT_INDEX[ALPHABET[0]][name] for name in HELD]] = 1.0
    force = openmm.CustomExternalForce(
        "0.5 * restraint * weight * ((x - x0)^2 + (y - y0)^2 + (z - z0)^2)"
    )
    force.addGlobalParameter("restraint", 0.0)
    for name in ("weight", "x0", "y0", "z0"):
        force.addPerParticleParameter(name)
    for atom in np.flatnonzero(atoms.heavy).tolist():
        target = reference[atoms.residue[atom], atoms.slot[atom]] / 10.0
        force.addParticle(atom, [float(weights[atoms.slot[atom]]), *target.tolist()])
    force.setForceGroup(RESTRAINT_GROUP)
    return force
