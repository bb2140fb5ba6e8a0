"""Minimisation in stages with gates: the geometry gets better, or the input is kept.

First bonds, angles, torsions and a soft repulsion repair the geometry while P and C1' are held:
finite forces whatever lies on what. Then the whole force field with implicit solvent acts, with
restraints that relax. A model that fails a gate, or that the force field cannot describe, comes
back as it was, with the reason.
"""

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
import openmm
from jaxtyping import Float
from openmm import unit

from rna_predict.constants import ALPHABET, N_SLOTS, SLOT_INDEX
from rna_predict.errors import EntryError, InputError
from rna_predict.evaluate.bonds import bond_deviations
from rna_predict.evaluate.clashes import clash_score
from rna_predict.evaluate.rmsd import rmsd
from rna_predict.evaluate.tm_score import tm_score
from rna_predict.refine.hydrogens import place_hydrogens
from rna_predict.refine.prepare import Prepared, prepare, turn_bases
from rna_predict.refine.system import BONDED, NONBONDED, RESTRAINT, SOFT, RnaSystem, build_system
from rna_predict.structure.chain import Chain

RESTRAINT_DEFAULT = 1.0
"""kJ/mol/angstrom^2 on P and C1' in the last stage."""
WEIGHT_OTHERS = 0.1
"""Restraint of the other heavy atoms relative to that of P and C1'."""
STAGES = (
    # forces, restraint relative to the last stage, share of the iterations
    ((BONDED, SOFT, RESTRAINT), 20.0, 3.0),
    ((BONDED, NONBONDED, RESTRAINT), 5.0, 0.5),
    ((BONDED, NONBONDED, RESTRAINT), 1.0, 0.5),
)
TOLERANCE = 10.0
"""Root-mean-square force at which a stage ends, kJ/mol/nm."""
NO_CUTOFF_ATOMS = 4000
CUTOFF = 16.0
"""Angstrom, for systems with more atoms than ``NO_CUTOFF_ATOMS`` (about 125 nt)."""
PLATFORMS = ("CUDA", "OpenCL", "CPU")
"""In the order in which ``auto`` takes them."""

TM_LIMIT = 0.85
BOND_LIMIT = 0.2
"""Angstrom that any bond may deviate from its ideal length after minimisation."""


@dataclass(frozen=True, eq=False)
class MinimizeResult:
    """A minimised model, or the input with the reason why it was kept.

    Attributes
    ----------
    chain : Chain
    kept : bool
        True if ``chain`` is the minimised structure, False if it is the input.
    reason : str
        Why the input stays: ``unknown_base``, ``missing_atoms``, ``not_observed``,
        ``not_finite``, ``clashes``, ``bonds``, ``moved``; or ``time_limit`` for a structure that
        was kept though its minimisation was cut short. Otherwise "".
    energy_before, energy_after : float, kJ/mol
        Of the force field with solvent, without restraints; NaN if not computed.
    clashes_before, clashes_after : float
        Heavy-atom clashes per 1,000 atoms of the input and the minimised structure.
    rmsd_to_input : float, angstrom
        Of the minimised structure over all heavy atoms, kept or not; NaN if there is none.
    tm_to_input : float
        TM-score over C3' of the minimised structure; NaN for fewer than three residues.
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
    restraint: float = RESTRAINT_DEFAULT,
    max_iterations: int = 100,
    time_limit: float = 120.0,
    platform: str = "auto",
) -> MinimizeResult:
    started = perf_counter()
    before = clash_score(chain)
    try:
        prepared = prepare(chain)
    except EntryError as error:
        return MinimizeResult(chain, False, error.reason, clashes_before=before, seconds=perf_counter() - started)
    center = np.nanmean(prepared.coords, axis=(0, 1))
    prepared = replace(prepared, coords=prepared.coords - center)
    run = _minimize(prepared, restraint, max_iterations, started + time_limit, platform)
    coords = turn_bases(run[0], prepared.turned) + center
    coords = coords.astype(np.float32)
    modified = np.array(chain.residue_names, dtype=str) != np.array(list(chain.sequence))
    coords[modified[:, None] & ~chain.atom_mask] = np.nan
    print(run[1:])
    new = chain.with_coords(coords)
    as_parent = chain.with_coords(run[0].astype(np.float32))
    dev=np.abs(bond_deviations(as_parent))
    common = chain.atom_mask & new.atom_mask
    c3 = SLOT_INDEX["A"]["C3'"]
    return MinimizeResult(new, True, "", *run[1:3], before, clash_score(new), rmsd(new.coords[common], chain.coords[common]),
      tm_score(new.coords[:, c3], chain.coords[:, c3], common[:, c3]), run[3], perf_counter()-started), dev

def _minimize(prepared, restraint, max_iterations, deadline, platform):
    weights = np.full(N_SLOTS, WEIGHT_OTHERS)
    weights[[SLOT_INDEX[ALPHABET[0]][name] for name in ("P", "C1'")]] = 1.0
    built = build_system(prepared.sequence, prepared.segments, prepared.phosphate, prepared.coords, weights, np.inf)
    heavy = built.heavy
    positions = np.zeros((len(heavy), 3))
    place = built.residue[heavy], built.slot[heavy]
    positions[heavy] = prepared.coords[place]
    positions = place_hydrogens(positions, built.elements, built.bonds)
    integrator = openmm.VerletIntegrator(0.001)
    context = openmm.Context(built.system, integrator, openmm.Platform.getPlatformByName("CPU"), {"Threads": "1", "DeterministicForces": "true"})
    context.setPositions(positions / 10)
    def energy(*g): return context.getState(getEnergy=True, groups=set(g)).getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)
    def pos(): return context.getState(getPositions=True).getPositions(asNumpy=True).value_in_unit(unit.angstrom)
    e0 = energy(BONDED, NONBONDED)
    total = 0
    class R(openmm.MinimizationReporter):
        n = 0
        def report(self, i, x, g, a):
            self.n += 1
            return perf_counter() > deadline
    log = []
    for groups, factor, share in STAGES:
        integrator.setIntegrationForceGroups(set(groups))
        context.setParameter("restraint", 100 * restraint * factor)
        r = R()
        t = perf_counter()
        openmm.LocalEnergyMinimizer.minimize(context, TOLERANCE, max(1, int(share * max_iterations)), r)
        total += r.n
        log.append((r.n, round(perf_counter() - t, 2), [round(energy(g), 1) for g in range(4)]))
        if hook: hook(prepared, place, pos()[heavy])
        if SOFT in groups and REPLACE:
            p=pos(); p=place_hydrogens(p, built.elements, built.bonds); context.setPositions(p/10)
    out = np.full(prepared.coords.shape, np.nan)
    out[place] = pos()[heavy]
    return out, e0, energy(BONDED, NONBONDED), total, log
hook=None
REPLACE=True
