"""Native solvents against OpenMM's XML models, which are written as formulas."""

import numpy as np
import openmm
import pytest
from openmm import app, unit

from rna_predict.refine.hydrogens import place_hydrogens
from rna_predict.refine.prepare import prepare
from rna_predict.refine.system import GROUPS, _topology, build_systems
from rna_predict.structure.mmcif import read_chains

EXAMPLES = ("434d_A", "1q9a_A", "1a9n_R")
SOLVENT = {GROUPS[openmm.GBSAOBCForce]}
OBC_1 = "tanh(0.8*psi+2.909125*psi^3)"
OBC_2 = "tanh(psi-0.8*psi^2+4.85*psi^3)"
"""Effective radii of models I and II of Onufriev et al. (2004)."""


def energies(system, positions, groups=-1):
    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    context.setPositions(positions / 10.0)
    state = context.getState(getEnergy=True, groups=groups)
    return state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)


def both(chain, solvent, xml):
    """Give our system, OpenMM's of the same atoms, and positions."""
    prepared = prepare(chain)
    parts = prepared.sequence, prepared.segments, prepared.phosphate
    systems = build_systems(*parts, prepared.coords, solvent)
    topology, templates, atoms = _topology(*parts)
    reference = app.ForceField("amber14/RNA.OL3.xml", f"implicit/{xml}.xml").createSystem(
        topology, nonbondedMethod=app.NoCutoff, residueTemplates=templates,
        ignoreExternalBonds=True,
    )  # fmt: skip
    heavy = atoms.heavy
    positions = np.zeros((len(atoms.elements), 3))
    positions[heavy] = prepared.coords[atoms.residue[heavy], atoms.slot[heavy]]
    # At the origin: far from it single precision is coarse.
    positions[heavy] -= positions[heavy].mean(axis=0)
    return systems.whole, reference, place_hydrogens(positions, atoms.elements, atoms.bonds)


def agree(chain, solvent, xml):
    ours, reference, positions = both(chain, solvent, xml)
    assert energies(ours, positions) == pytest.approx(energies(reference, positions), rel=1e-5)


@pytest.mark.parametrize("name", EXAMPLES)
def test_native_obc_is_the_xml_models_energy(chain, name):
    agree(chain(name), "obc", "obc2")


@pytest.mark.slow
def test_native_obc_is_the_xml_models_energy_on_ten_structures(shared_data):
    chains = (
        chain
        for path in sorted((shared_data / "pdb").glob("*.cif.gz"))[::50]
        for chain in read_chains(path)[:1]
        if 15 <= len(chain) <= 60 and chain.observed.all() and "N" not in chain.sequence
    )
    for _, chain in zip(range(10), chains, strict=False):
        agree(chain, "obc", "obc2")


def test_gbn2_is_the_xml_models_energy(chain):
    agree(chain("1q9a_A"), "gbn2", "gbn2")


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_native_obc_differs_from_obc1_by_is_the_formula_of_the_radii(chain, name):
    ours, reference, positions = both(chain(name), "obc", "obc1")
    native = energies(ours, positions)
    assert native != pytest.approx(energies(reference, positions), rel=1e-3)
    (force,) = (f for f in reference.getForces() if isinstance(f, openmm.CustomGBForce))
    for index in range(force.getNumComputedValues()):
        value, formula, kind = force.getComputedValueParameters(index)
        if value == "B":
            assert OBC_1 in formula
            force.setComputedValueParameters(index, value, formula.replace(OBC_1, OBC_2), kind)
    assert native == pytest.approx(energies(reference, positions), rel=1e-5)


def test_a_vacuum_has_no_solvent(chain):
    prepared = prepare(chain("434d_A"))
    parts = prepared.sequence, prepared.segments, prepared.phosphate, prepared.coords
    names = [
        {type(force).__name__ for force in build_systems(*parts, solvent).whole.getForces()}
        for solvent in ("none", "obc")
    ]
    assert names[1] - names[0] == {"GBSAOBCForce"}
