"""The stages of a minimisation: soft forces, then packing, then the whole force field.

First bonds, angles, torsions and a soft repulsion repair the geometry with forces that stay finite
whatever lies on what; then Lennard-Jones forces pack the atoms; then the whole force field with
implicit solvent acts. Restraints on all heavy atoms, strong on P and C1', relax from stage to
stage. Dynamics, where asked for, follow the last stage under its restraints.
"""

from dataclasses import dataclass
from time import perf_counter

import numpy as np
import openmm
from jaxtyping import Float, Float64
from openmm import unit

from rna_predict.errors import EntryError
from rna_predict.refine.energies import group_energy, residual_force
from rna_predict.refine.hydrogens import place_hydrogens
from rna_predict.refine.platforms import make_context
from rna_predict.refine.system import GROUPS, Systems

STAGES = (("soft", 1.0, 0.4), ("packing", 0.5, 0.3), ("full", 0.2, 0.3))
"""(system, restraint relative to the first stage, share of the iterations) in order."""
TOLERANCE = 20.0
"""Root-mean-square force at which a stage ends, kJ/mol/nm. On 3 natives with 0.5 A of noise, 3
takes 2.1 to 3.9 times as long, ends 0.3 to 0.5 A away at an energy 0.5 to 1.1 % lower, and no
closer to the native."""

TEMPERATURE = 100.0
"""Of the dynamics, K: enough to leave a shallow minimum, too cold to unfold."""
FRICTION = 5.0
"""1/ps."""
TIME_STEP = 0.001
"""ps; hydrogens move freely."""
STEPS_BETWEEN_LOOKS = 20
"""Steps of the dynamics between two looks at the clock."""


@dataclass(frozen=True, eq=False)
class Relaxed:
    """What the stages came to.

    Attributes
    ----------
    positions : (atoms, 3) float, angstrom
    residual_force : float, kJ/mol/nm
        Root-mean-square component of the forces of the last stage, restraints among them.
    restraint_energy : float, kJ/mol
        Of the restraints of the last stage.
    """

    positions: Float[np.ndarray, "atoms 3"]
    residual_force: float
    restraint_energy: float


class Watch(openmm.MinimizationReporter):
    """Counts the iterations of a minimisation and watches the clock.

    Parameters
    ----------
    name : str
        Of the model, for the error.
    deadline : float
        In the time of ``time.perf_counter``.
    """

    def __init__(self, name: str, deadline: float) -> None:
        super().__init__()
        self.name = name
        self.deadline = deadline
        self.iterations = 0

    def report(self, iteration: int, x: object, grad: object, args: object) -> bool:
        """Count; True stops the minimiser."""
        self.iterations += 1
        return perf_counter() > self.deadline

    def look(self) -> None:
        """Raise EntryError ``time_limit`` past the deadline."""
        if perf_counter() > self.deadline:
            raise EntryError(self.name, "time is up", "time_limit")


def relax(
    systems: Systems,
    positions: Float64[np.ndarray, "atoms 3"],
    watch: Watch,
    platform: openmm.Platform,
    *,
    restraint: float,
    max_iterations: int,
    dynamics_ps: float,
    seed: int,
) -> Relaxed:
    """Run the stages.

    Parameters
    ----------
    systems : Systems
    positions : (atoms, 3) float64, angstrom
        Of hydrogens too.
    watch : Watch
    platform : openmm.Platform
    restraint : float, kJ/mol/nm^2
        On P and C1' in the first stage.
    max_iterations : int
        Of all stages; after dynamics those of the last stage come once more.
    dynamics_ps : float
        Picoseconds of Langevin dynamics; 0 for none.
    seed : int
        Of their velocities and kicks.

    Returns
    -------
    Relaxed

    Raises
    ------
    EntryError
        ``time_limit``.
    openmm.OpenMMException
        If the forces are not finite, among others.
    """
    for name, factor, share in STAGES:
        integrator = openmm.LangevinMiddleIntegrator(TEMPERATURE, FRICTION, TIME_STEP)
        integrator.setRandomNumberSeed(seed + 1)  # 0 would mean: from the clock
        context = make_context(getattr(systems, name), integrator, platform, positions)
        context.setParameter("restraint", restraint * factor)
        iterations = max(1, round(share * max_iterations))
        openmm.LocalEnergyMinimizer.minimize(context, TOLERANCE, iterations, watch)
        watch.look()
        positions = _positions(context)
        if name == STAGES[0][0]:
            positions = place_hydrogens(positions, systems.atoms.elements, systems.atoms.bonds)
    if dynamics_ps:
        _shake(context, integrator, round(dynamics_ps / TIME_STEP), seed + 1, watch)
        openmm.LocalEnergyMinimizer.minimize(context, TOLERANCE, iterations, watch)
        watch.look()
        positions = _positions(context)
    restraints = {GROUPS[openmm.CustomExternalForce], GROUPS[openmm.CustomCompoundBondForce]}
    return Relaxed(positions, residual_force(context), group_energy(context, restraints))


def _shake(
    context: openmm.Context,
    integrator: openmm.Integrator,
    steps: int,
    seed: int,
    watch: Watch,
) -> None:
    """Run dynamics, with a look at the clock now and then."""
    context.setVelocitiesToTemperature(TEMPERATURE, seed)
    for start in range(0, steps, STEPS_BETWEEN_LOOKS):
        integrator.step(min(STEPS_BETWEEN_LOOKS, steps - start))
        watch.look()


def _positions(context: openmm.Context) -> Float64[np.ndarray, "atoms 3"]:
    """Give positions in angstrom."""
    state = context.getState(getPositions=True)
    return state.getPositions(asNumpy=True).value_in_unit(unit.angstrom)
