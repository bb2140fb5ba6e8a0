"""Minimisation in stages, with gates: the geometry gets better or the input is kept.

First bonds, angles, torsions and a soft repulsion repair the geometry with forces that stay finite
whatever lies on what; then Lennard-Jones forces pack the atoms; then the whole force field with
implicit solvent acts. Restraints on all heavy atoms, strong on P and C1', relax from stage to
stage. A model that the force field cannot describe, or that fails a gate, comes back as it was,
with the reason.
"""

from dataclasses import dataclass, replace
from functools import cache
from time import perf_counter

import numpy as np
import openmm
from jaxtyping import Float, Float64
from openmm import unit

from rna_predict.constants import ALPHABET, SLOT_INDEX
from rna_predict.errors import EntryError, InputError
from rna_predict.evaluate.bonds import bond_deviations
from rna_predict.evaluate.clashes import clash_score
from rna_predict.evaluate.rmsd import rmsd
from rna_predict.evaluate.tm_score import tm_score
from rna_predict.refine.hydrogens import place_hydrogens
from rna_predict.refine.prepare import Prepared, prepare
from rna_predict.refine.system import Systems, build_systems
from rna_predict.structure.chain import Chain

STAGES = (("soft", 1.0, 0.5), ("packing", 0.5, 0.3), ("full", 0.2, 0.2))
"""(system, restraint relative to the first stage, share of the iterations) in order."""
RESTRAINT = 5000.0
"""kJ/mol/nm^2. At 0.5 A of noise on natives, 1000 moves 71 nt to a TM-score of 0.87 to the input
and 0.92 to the native; this, to 0.89 and 0.95, with the same bonds and clashes."""
MAX_ITERATIONS = 500
TIME_LIMIT = 120.0
"""Seconds."""
TOLERANCE = 10.0
"""Root-mean-square force at which a stage ends, kJ/mol/nm."""
PLATFORMS = ("CUDA", "OpenCL", "CPU")
"""In the order in which ``auto`` takes them."""
PROPERTIES = {
    "CUDA": {"Precision": "mixed", "DeterministicForces": "true"},
    "OpenCL": {"Precision": "mixed"},
    "CPU": {"Threads": "1", "DeterministicForces": "true"},
}
"""One thread on the CPU: with more, sums of forces depend on the order in which threads end."""

BOND_LIMIT = 0.2
"""Angstrom that any bond may deviate from its ideal length after minimisation."""
TM_LIMIT = 0.85
SMALL_MOVE = 1.0
"""Angstrom RMSD of C3' that is never too far: the d0 of the TM-score is shorter than that, and
shorter than the repair of a bond needs, below 40 nt."""


@dataclass(frozen=True, eq=False)
class MinimizeResult:
    """A minimised model, or the input with the reason why it was kept.

    Attributes
    ----------
    chain : Chain
    kept : bool
        True if ``chain`` is the minimised structure, False if it is the input.
    reason : str
        Why the input was kept: ``not_observed``, ``unknown_base`` or ``missing_atoms`` (see
        :func:`rna_predict.refine.prepare.prepare`), ``time_limit``, ``not_finite``, ``clashes``
        (more than before), ``bonds`` (out of range), ``moved`` (too far from the input), or a
        message of OpenMM; "" if it was not.
    energy_before, energy_after : float, kJ/mol
        Of the force field with solvent, without cut-off and restraints; NaN if not computed.
    clashes_before, clashes_after : float
        Heavy-atom clashes per 1,000 atoms of input and minimised structure.
    rmsd_to_input : float, angstrom
        Of the minimised structure, kept or not, over all heavy atoms.
    tm_to_input : float
        The same as TM-score over C3'; NaN with fewer than three.
    iterations : int
        Of all stages.
    seconds : float
    """

    chain: Chain
    kept: bool
    reason: str
    energy_before: float = float("nan")
    energy_after: float = float("nan")
    clashes_before: float = float("nan")
    clashes_after: float = float("nan")
    rmsd_to_input: float = float("nan")
    tm_to_input: float = float("nan")
    iterations: int = 0
    seconds: float = 0.0


def minimize_chain(
    chain: Chain,
    *,
    restraint: float = RESTRAINT,
    max_iterations: int = MAX_ITERATIONS,
    time_limit: float = TIME_LIMIT,
    platform: str = "auto",
) -> MinimizeResult:
    """Minimise one model.

    Parameters
    ----------
    chain : Chain
        Modified residues are minimised as their parents; gaps stay open; residues keep their
        order, names and numbers.
    restraint : float, kJ/mol/nm^2
        Holds P and C1' in the first stage; a tenth of it holds the other heavy atoms, and later
        stages relax both (see ``STAGES``).
    max_iterations : int
        Of all stages together.
    time_limit : float, seconds
        Looked at after every iteration; past it the input is kept.
    platform : str
        CUDA, OpenCL, CPU, or ``auto`` for the first of these that works. On the CPU the same
        input gives the same bytes.

    Returns
    -------
    MinimizeResult

    Raises
    ------
    InputError
        If the platform is not there or a number is out of range.
    """
    check_settings(restraint, max_iterations, time_limit, platform)
    started = perf_counter()
    kept = MinimizeResult(chain, kept=False, reason="", clashes_before=clash_score(chain))
    run = _Run(_platform(platform), started + time_limit)
    try:
        result = _minimize(chain, kept, run, restraint, max_iterations)
    except EntryError as error:
        result = replace(kept, reason=error.reason)
    except openmm.OpenMMException as error:
        lost = "NaN" in str(error) or "infinite" in str(error)
        result = replace(kept, reason="not_finite" if lost else f"OpenMM: {error}")
    return replace(result, iterations=run.iterations, seconds=perf_counter() - started)


def check_settings(restraint: float, max_iterations: int, time_limit: float, platform: str) -> None:
    """Refuse settings of :func:`minimize_chain` that it cannot use.

    Raises
    ------
    InputError
        If the platform is not there or a number is out of range.
    """
    if not (max_iterations >= 1 and restraint >= 0 and time_limit > 0):
        raise InputError(
            "minimisation",
            "expected max_iterations >= 1, restraint >= 0 and time_limit > 0, got "
            f"{max_iterations}, {restraint} and {time_limit}",
        )
    _platform(platform)


class _Run(openmm.MinimizationReporter):
    """Counts the iterations of one minimisation and watches the clock."""

    def __init__(self, platform: openmm.Platform, deadline: float) -> None:
        super().__init__()
        self.platform = platform
        self.deadline = deadline
        self.iterations = 0

    @property
    def late(self) -> bool:
        return perf_counter() > self.deadline

    def report(self, iteration: int, x: object, grad: object, args: object) -> bool:
        """Count; True stops the minimiser."""
        self.iterations += 1
        return self.late

    def context(
        self, system: openmm.System, positions: Float64[np.ndarray, "atoms 3"]
    ) -> openmm.Context:
        """Make a context at positions in angstrom."""
        integrator = openmm.VerletIntegrator(0.001)  # never run; a context needs one
        properties = PROPERTIES[self.platform.getName()]
        context = openmm.Context(system, integrator, self.platform, properties)
        context.setPositions(positions / 10.0)
        return context


@cache
def _platform(name: str) -> openmm.Platform:
    """Find a platform by name, or the first that works."""
    count = openmm.Platform.getNumPlatforms()
    found = {p.getName(): p for p in (openmm.Platform.getPlatform(i) for i in range(count))}
    for wanted in PLATFORMS if name == "auto" else [name]:
        if wanted in found and wanted in PROPERTIES and _works(found[wanted]):
            return found[wanted]
    raise InputError(
        "minimisation",
        f"expected a platform that works, auto or one of {PLATFORMS}, got {name!r}; "
        f"OpenMM has {sorted(found)}",
    )


def _works(platform: openmm.Platform) -> bool:
    """Try a platform on one particle: a plugin may be there without its device."""
    system = openmm.System()
    system.addParticle(1.0)
    try:
        openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    except openmm.OpenMMException:
        return False
    return True


def _minimize(
    chain: Chain, kept: MinimizeResult, run: _Run, restraint: float, max_iterations: int
) -> MinimizeResult:
    """Run the stages and pass the gates."""
    prepared = prepare(chain)
    center = np.nanmean(prepared.coords, axis=(0, 1))
    prepared = replace(prepared, coords=prepared.coords - center)
    systems = build_systems(
        prepared.sequence, prepared.segments, prepared.phosphate, prepared.coords
    )
    atoms = systems.atoms
    place = atoms.residue[atoms.heavy], atoms.slot[atoms.heavy]
    positions = np.zeros((len(atoms.elements), 3))
    positions[atoms.heavy] = prepared.coords[place]
    positions = place_hydrogens(positions, atoms.elements, atoms.bonds)
    before = _energy(systems, positions, run)
    kept = replace(kept, energy_before=before)
    for name, factor, share in STAGES:
        positions = _stage(
            getattr(systems, name), positions, restraint * factor, share * max_iterations, run
        )
        if name == "soft":
            positions = place_hydrogens(positions, atoms.elements, atoms.bonds)
        if run.late:
            return replace(kept, reason="time_limit")
    coords = np.full(prepared.coords.shape, np.nan)
    coords[place] = positions[atoms.heavy]
    result = replace(kept, energy_after=_energy(systems, positions, run))
    return _gated(chain, prepared, coords, center, result)


def _stage(
    system: openmm.System,
    positions: Float64[np.ndarray, "atoms 3"],
    restraint: float,
    iterations: float,
    run: _Run,
) -> Float64[np.ndarray, "atoms 3"]:
    """Minimise on one system; positions in angstrom."""
    context = run.context(system, positions)
    context.setParameter("restraint", restraint)
    openmm.LocalEnergyMinimizer.minimize(context, TOLERANCE, max(1, round(iterations)), run)
    state = context.getState(getPositions=True)
    return state.getPositions(asNumpy=True).value_in_unit(unit.angstrom)


def _energy(systems: Systems, positions: Float64[np.ndarray, "atoms 3"], run: _Run) -> float:
    """Give the energy of the force field without cut-off, kJ/mol."""
    state = run.context(systems.whole, positions).getState(getEnergy=True)
    return state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)


def _gated(
    chain: Chain,
    prepared: Prepared,
    coords: Float[np.ndarray, "n 23 3"],
    center: Float[np.ndarray, "3"],
    result: MinimizeResult,
) -> MinimizeResult:
    """Measure the minimised structure and let it take the input's place if it passes."""
    expected = np.isfinite(prepared.coords).all(-1)
    finite = np.array_equal(np.isfinite(coords).all(-1), expected)
    if not (finite and np.isfinite(result.energy_after)):
        return replace(result, reason="not_finite")
    deviations = bond_deviations(chain.with_coords(coords.astype(np.float32)))
    coords = coords + center
    coords[prepared.modified[:, None] & ~chain.atom_mask] = np.nan
    minimised = chain.with_coords(coords.astype(np.float32))
    both = chain.atom_mask & minimised.atom_mask
    result = replace(
        result,
        clashes_after=clash_score(minimised),
        rmsd_to_input=rmsd(minimised.coords[both], chain.coords[both]),
    )
    c3 = SLOT_INDEX[ALPHABET[0]]["C3'"]
    ours, theirs = minimised.coords[both[:, c3], c3], chain.coords[both[:, c3], c3]
    moved = False
    if len(ours) >= 3:
        result = replace(result, tm_to_input=tm_score(ours, theirs))
        moved = result.tm_to_input < TM_LIMIT and rmsd(ours, theirs) > SMALL_MOVE
    gates = {
        "clashes": result.clashes_after > result.clashes_before,
        "bonds": bool(np.abs(deviations).max() > BOND_LIMIT),
        "moved": moved,
    }
    failed = [reason for reason, failure in gates.items() if failure]
    if failed:
        return replace(result, reason=failed[0])
    return replace(result, chain=minimised, kept=True)
