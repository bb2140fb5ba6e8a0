import numpy as np
import openmm
import pytest
from openmm import unit

from rna_predict.refine.hydrogens import place_hydrogens
from rna_predict.refine.prepare import prepare
from rna_predict.refine.system import GROUPS, build_systems


def place(prepared, atoms):
    """Give positions of all atoms, hydrogens included, in angstrom."""
    positions = np.zeros((len(atoms.elements), 3))
    heavy = atoms.heavy
    positions[heavy] = prepared.coords[atoms.residue[heavy], atoms.slot[heavy]]
    return place_hydrogens(positions, atoms.elements, atoms.bonds)


def context_of(system, positions):
    context = openmm.Context(
        system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference")
    )
    context.setPositions(positions / 10.0)
    return context


def energy(context, groups=-1):
    state = context.getState(getEnergy=True, groups=groups)
    return state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)


@pytest.fixture(scope="module")
def built(motif):
    """Give the systems of a 26-mer, and its atoms' positions."""
    prepared = prepare(motif)
    systems = build_systems(
        prepared.sequence, prepared.segments, prepared.phosphate, prepared.coords
    )
    return prepared, systems, place(prepared, systems.atoms)


@pytest.mark.parametrize(
    "name, solvent",
    [
        *((name, "obc") for name in ("soft", "packing", "full", "whole", "uncharged")),
        *((name, "gbn2") for name in ("full", "whole")),
    ],
)
def test_forces_are_the_slopes_of_the_energy(chain, name, solvent):
    prepared = prepare(chain("434d_A"))
    systems = build_systems(
        prepared.sequence, prepared.segments, prepared.phosphate, prepared.coords, solvent
    )
    rng = np.random.default_rng(0)
    positions = place(prepared, systems.atoms)
    # Enough for restraints, hands and the soft repulsion to act; little where forces are hard.
    positions += (0.3 if name == "soft" else 0.05) * rng.normal(size=positions.shape)
    context = context_of(getattr(systems, name), positions)
    context.setParameter("restraint", 1000.0)
    state = context.getState(getForces=True)
    forces = state.getForces(asNumpy=True).value_in_unit(unit.kilojoule_per_mole / unit.nanometer)
    if name == "soft":
        hands = energy(context, {GROUPS[openmm.CustomCompoundBondForce]})
        assert hands > 10 and energy(context, {GROUPS[openmm.CustomNonbondedForce]}) > 10
    step = 1e-6  # angstrom: small, as pairs that cross a cut-off make the energy jump
    for direction in rng.normal(size=(4, *positions.shape)):
        slopes = []
        for sign in (1, -1):
            context.setPositions((positions + sign * step * direction) / 10.0)
            slopes.append(energy(context))
        slope = (slopes[0] - slopes[1]) / (2 * step / 10.0)
        assert -slope == pytest.approx((forces * direction).sum(), rel=1e-4)


def test_every_heavy_atom_has_its_slot_once(built):
    prepared, systems, _ = built
    atoms = systems.atoms
    mask = np.zeros((len(prepared.sequence), 23), dtype=bool)
    mask[atoms.residue[atoms.heavy], atoms.slot[atoms.heavy]] = True
    assert mask.sum() == atoms.heavy.sum()
    assert np.array_equal(mask, np.isfinite(prepared.coords).all(-1))


def test_restraints_pull_phosphorus_ten_times_as_hard_as_other_atoms(built):
    _, systems, positions = built
    atoms = systems.atoms
    pulled = {}
    for slot in (0, 1):  # P and OP1 of some residue
        atom = np.flatnonzero(atoms.slot == slot)[3]
        moved = positions.copy()
        moved[atom] += [0.0, 0.0, 1.0]
        context = context_of(systems.full, moved)
        context.setParameter("restraint", 1000.0)
        pulled[slot] = energy(context, {GROUPS[openmm.CustomExternalForce]})
    assert pulled[0] == pytest.approx(0.5 * 1000.0 * 0.1**2, rel=1e-3)
    assert pulled[1] == pytest.approx(pulled[0] / 10, rel=1e-3)


def test_soft_forces_are_finite_where_the_others_are_not(built):
    _, systems, positions = built
    atoms = systems.atoms
    clashing = positions.copy()
    for slot in range(12):  # residue 20's sugar and phosphate on residue 5's
        at = [np.flatnonzero((atoms.residue == r) & (atoms.slot == slot))[0] for r in (5, 20)]
        clashing[at[1]] = clashing[at[0]] + 1e-4
    soft = context_of(systems.soft, clashing).getState(getForces=True)
    forces = soft.getForces(asNumpy=True).value_in_unit(unit.kilojoule_per_mole / unit.nanometer)
    assert np.isfinite(forces).all() and np.abs(forces).max() < 1e7
    assert energy(context_of(systems.packing, clashing)) > 1e20


def test_a_stretch_may_start_with_a_phosphate_or_a_hydroxyl(motif):
    prepared = prepare(motif)
    for phosphate, hydrogens in ((True, 0), (False, 1)):
        atoms = build_systems("GA", [(0, 2)], [phosphate], prepared.coords[:2]).atoms
        first = atoms.residue == 0
        assert (atoms.slot[first] == 0).sum() == int(phosphate)
        on_o5 = [
            pair for pair in atoms.bonds
            if "H" in {atoms.elements[i] for i in pair}
            and 3 in {atoms.slot[i] for i in pair}
            and first[pair[0]]
        ]  # fmt: skip
        assert len(on_o5) == hydrogens
