import numpy as np
import openmm
import pytest
from openmm import app, unit

from rna_predict.refine.hydrogens import place_hydrogens
from rna_predict.refine.prepare import prepare
from rna_predict.refine.system import RESTRAINT_GROUP, _topology, build_systems


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


def test_energy_equals_that_of_the_xml_solvent_model(built):
    prepared, systems, positions = built
    topology, templates, _ = _topology(prepared.sequence, prepared.segments, prepared.phosphate)
    field = app.ForceField("amber14/RNA.OL3.xml", "implicit/obc2.xml")
    reference = field.createSystem(
        topology, nonbondedMethod=app.NoCutoff, residueTemplates=templates,
        ignoreExternalBonds=True,
    )  # fmt: skip
    ours = energy(context_of(systems.whole, positions))
    assert ours == pytest.approx(energy(context_of(reference, positions)), rel=1e-5)


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
        pulled[slot] = energy(context, 1 << RESTRAINT_GROUP)
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
