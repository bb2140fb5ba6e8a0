"""Minimisation of one model, with gates: the geometry gets better or the input is kept.

A model that the force field cannot describe, or that fails a gate, comes back as it was, with the
reason. The time limit of this module is looked at between steps; :mod:`rna_predict.refine.batch`
also ends what never comes to look.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
import openmm
from jaxtyping import Int32

from rna_predict.errors import EntryError
from rna_predict.evaluate.rmsd import rmsd
from rna_predict.refine.energies import (
    Energies,
    Geometry,
    measure_energies,
    measure_geometry,
)
from rna_predict.refine.gates import failed_gate, tm_to
from rna_predict.refine.hydrogens import place_hydrogens
from rna_predict.refine.platforms import find_platform
from rna_predict.refine.prepare import Prepared, prepare
from rna_predict.refine.repairs import describe
from rna_predict.refine.settings import Settings
from rna_predict.refine.stages import TOLERANCE, Relaxed, Watch, relax
from rna_predict.refine.system import Systems, build_systems
from rna_predict.structure.chain import Chain

NAN = float("nan")


@dataclass(frozen=True, eq=False)
class MinimizeResult:
    """A minimised model, or the input with the reason why it was kept.

    Attributes
    ----------
    chain : Chain
    kept : bool
        True if ``chain`` is the minimised structure, False if it is the input.
    reason : str
        Why the input was kept: what :func:`rna_predict.refine.prepare.prepare` refuses,
        ``time_limit``, ``not_finite``, a gate of :func:`rna_predict.refine.gates.failed_gate`, or
        ``openmm``; "" if it was not.
    detail : str
        The message behind a reason that has one.
    before, after : Geometry
        Of the input and of the minimised structure, kept or not; None if there is none.
    energies_before, energies_after : Energies
        ``before`` is that of the repaired input with ideal hydrogens.
    restraint_energy : float, kJ/mol
        At the end.
    residual_force : float, kJ/mol/nm
        Root-mean-square component of the forces at the end.
    rmsd_to_input : float, angstrom
        Of the minimised structure, kept or not, over all heavy atoms that both have.
    tm_to_input : float
        The same as TM-score over C3'; NaN with fewer than three.
    repairs : str
        See :func:`rna_predict.refine.repairs.describe`.
    iterations : int
        Of all stages.
    seconds : float
    """

    chain: Chain
    kept: bool
    reason: str
    detail: str = ""
    before: Geometry | None = None
    after: Geometry | None = None
    energies_before: Energies = Energies()
    energies_after: Energies = Energies()
    restraint_energy: float = NAN
    residual_force: float = NAN
    rmsd_to_input: float = NAN
    tm_to_input: float = NAN
    repairs: str = ""
    iterations: int = 0
    seconds: float = 0.0

    @property
    def converged(self) -> bool:
        """Whether the forces fell to ``stages.TOLERANCE``."""
        return self.residual_force <= TOLERANCE

    @property
    def energy_before(self) -> float:
        """Energy of the input (kJ/mol)."""
        return self.energies_before.energy

    @property
    def energy_after(self) -> float:
        """Energy of the minimised structure (kJ/mol)."""
        return self.energies_after.energy

    @property
    def clashes_before(self) -> float:
        """Clashes of the input per 1,000 atoms."""
        return self.before.clashes if self.before else NAN

    @property
    def clashes_after(self) -> float:
        """Clashes of the minimised structure per 1,000 atoms."""
        return self.after.clashes if self.after else NAN


def minimize_chain(chain: Chain, **settings: float | int | str) -> MinimizeResult:
    """Minimise one model.

    Parameters
    ----------
    chain : Chain
        Modified residues are minimised as their parents; gaps stay open; remnants of residues
        stay where they are; residues keep their order, names and numbers.
    **settings
        Fields of :class:`Settings`.

    Returns
    -------
    MinimizeResult

    Raises
    ------
    InputError
        If the platform is not there or a value is out of range.
    """
    chosen = Settings(**settings)
    started = perf_counter()
    watch = Watch(chain.name, started + chosen.time_limit)
    result = MinimizeResult(chain, kept=False, reason="", before=measure_geometry(chain))
    try:
        model = _Model(chain, chosen, watch)
        result = replace(result, repairs=model.repairs, energies_before=model.energies)
        result = model.gated(model.relaxed(), result)
    except EntryError as error:
        result = replace(result, reason=error.reason, detail=error.what)
    except openmm.OpenMMException as error:
        lost = "NaN" in str(error) or "infinite" in str(error)
        result = replace(result, reason="not_finite" if lost else "openmm", detail=str(error))
    return replace(result, iterations=watch.iterations, seconds=perf_counter() - started)


class _Model:
    """A chain with its systems, ready to be minimised."""

    prepared: Prepared
    systems: Systems

    def __init__(self, chain: Chain, settings: Settings, watch: Watch) -> None:
        self.chain, self.settings, self.watch = chain, settings, watch
        self.platform = find_platform(settings.platform)
        prepared = prepare(chain)
        self.repairs = describe(prepared.repairs, chain)
        self.center = np.nanmean(prepared.coords, axis=(0, 1))
        self.prepared = replace(prepared, coords=prepared.coords - self.center)
        self.systems = build_systems(
            prepared.sequence,
            prepared.segments,
            prepared.phosphate,
            self.prepared.coords,
            settings.solvent,
        )
        atoms = self.systems.atoms
        self.place = atoms.residue[atoms.heavy], atoms.slot[atoms.heavy]
        positions = np.zeros((len(atoms.elements), 3))
        positions[atoms.heavy] = self.prepared.coords[self.place]
        self.positions = place_hydrogens(positions, atoms.elements, atoms.bonds)
        watch.look()
        self.energies = measure_energies(self.systems, self.positions, self.platform)

    def relaxed(self) -> Relaxed:
        """Run the stages."""
        return relax(
            self.systems,
            self.positions,
            self.watch,
            self.platform,
            restraint=self.settings.restraint,
            max_iterations=self.settings.max_iterations,
            dynamics_ps=self.settings.dynamics_ps,
            seed=self.settings.seed,
        )

    def gated(self, relaxed: Relaxed, result: MinimizeResult) -> MinimizeResult:
        """Measure the minimised structure and let it take the input's place if it passes."""
        result = replace(
            result,
            energies_after=measure_energies(self.systems, relaxed.positions, self.platform),
            restraint_energy=relaxed.restraint_energy,
            residual_force=relaxed.residual_force,
        )
        heavy = relaxed.positions[self.systems.atoms.heavy]
        if not (np.isfinite(heavy).all() and np.isfinite(result.energy_after)):
            return replace(result, reason="not_finite")
        chain = self.chain
        coords = np.full(self.prepared.coords.shape, np.nan)
        coords[self.place] = heavy
        # Bonds are measured about the origin, as float32 is coarse far from it, and within the
        # stretches: a link that was too far to be closed is told among the repairs.
        whole = replace(
            chain.with_coords(coords.astype(np.float32)),
            auth_numbers=_apart(len(chain), self.prepared.segments),
            ins_codes=("",) * len(chain),
        )
        coords = coords + self.center
        coords[self.prepared.modified[:, None] & ~chain.atom_mask] = np.nan
        coords[self.prepared.aside] = chain.coords[self.prepared.aside]
        minimised = chain.with_coords(coords.astype(np.float32))
        both = chain.atom_mask & minimised.atom_mask
        after = measure_geometry(minimised)
        result = replace(
            result,
            after=after,
            rmsd_to_input=rmsd(minimised.coords[both], chain.coords[both]),
            tm_to_input=tm_to(minimised, chain),
        )
        reason = failed_gate(chain, minimised, whole, result.before, after)
        if reason:
            return replace(result, reason=reason)
        return replace(result, chain=minimised, kept=True, reason="")


def _apart(n: int, segments: Sequence[tuple[int, int]]) -> Int32[np.ndarray, " n"]:
    """Give numbers by which only residues of one stretch follow each other."""
    numbers = np.arange(1, n + 1, dtype=np.int32)
    for start, _ in segments:
        numbers[start:] += 1
    return numbers
