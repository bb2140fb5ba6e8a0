"""Energies by term, forces left over, and geometry of a model."""

from dataclasses import dataclass

import numpy as np
import openmm
from jaxtyping import Float
from openmm import unit

from rna_predict.evaluate.chirality import chirality_errors
from rna_predict.evaluate.clashes import clash_score
from rna_predict.evaluate.outliers import outlier_share
from rna_predict.refine.platforms import make_context
from rna_predict.refine.system import FIELD, GROUPS, Systems
from rna_predict.structure.chain import Chain

NAN = float("nan")


@dataclass(frozen=True)
class Energies:
    """Energies of the force field without cut-off and restraints, kJ/mol; NaN if not computed.

    Attributes
    ----------
    energy : float
        The sum of the terms.
    energy_bond, energy_angle, energy_torsion, energy_lennard_jones, energy_coulomb : float
    energy_solvent : float
        Polarisation and surface; 0 in a vacuum.
    """

    energy: float = NAN
    energy_bond: float = NAN
    energy_angle: float = NAN
    energy_torsion: float = NAN
    energy_lennard_jones: float = NAN
    energy_coulomb: float = NAN
    energy_solvent: float = NAN


@dataclass(frozen=True)
class Geometry:
    """How well a model is built.

    Attributes
    ----------
    clashes : float
        Heavy-atom clashes per 1,000 atoms.
    bond_outliers, angle_outliers : float
        Share of bonds and angles out of range, see
        :func:`rna_predict.evaluate.outliers.geometry_outliers`; NaN if none is measured.
    chirality_errors : int
        Mirrored or flat chiral centres of the sugars.
    """

    clashes: float
    bond_outliers: float
    angle_outliers: float
    chirality_errors: int


def measure_energies(
    systems: Systems, positions: Float[np.ndarray, "atoms 3"], platform: openmm.Platform
) -> Energies:
    """Compute the energies of atoms at positions in angstrom."""
    context = make_context(systems.whole, openmm.VerletIntegrator(0.001), platform, positions)
    bond, angle, torsion, nonbonded, solvent = (
        group_energy(context, {group}) for group in sorted(FIELD)
    )
    context = make_context(systems.uncharged, openmm.VerletIntegrator(0.001), platform, positions)
    lennard_jones = group_energy(context, {GROUPS[openmm.NonbondedForce]})
    total = bond + angle + torsion + nonbonded + solvent
    coulomb = nonbonded - lennard_jones
    return Energies(total, bond, angle, torsion, lennard_jones, coulomb, solvent)


def measure_geometry(chain: Chain) -> Geometry:
    """Measure clashes and outliers of a model."""
    return Geometry(
        clashes=clash_score(chain),
        bond_outliers=outlier_share(chain, "bond"),
        angle_outliers=outlier_share(chain, "angle"),
        chirality_errors=chirality_errors(chain),
    )


def group_energy(context: openmm.Context, groups: set[int]) -> float:
    """Give the energy of force groups, kJ/mol."""
    state = context.getState(getEnergy=True, groups=groups)
    return state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)


def residual_force(context: openmm.Context) -> float:
    """Give the root-mean-square component of the forces, kJ/mol/nm."""
    forces = context.getState(getForces=True).getForces(asNumpy=True)
    values = forces.value_in_unit(unit.kilojoule_per_mole / unit.nanometer)
    return float(np.sqrt(np.mean(values**2)))
