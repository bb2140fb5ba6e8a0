import numpy as np
import pytest

from rna_predict.constants import SLOT_INDEX
from rna_predict.errors import InputError
from rna_predict.evaluate.bonds import link_lengths
from rna_predict.evaluate.chirality import chirality_errors
from rna_predict.evaluate.outliers import outlier_share
from rna_predict.refine.minimize import minimize_chain

P, OP1, OP2, O5 = (SLOT_INDEX["A"][name] for name in ("P", "OP1", "OP2", "O5'"))


@pytest.fixture(scope="module")
def repaired(motif, noisy):
    """Minimise a 26-mer with 0.4 A of noise; give input and result."""
    bad = noisy(motif, 0.4)
    return bad, minimize_chain(bad, max_iterations=300)


def test_noise_is_repaired(repaired):
    bad, result = repaired
    assert result.kept and result.reason == ""
    assert outlier_share(bad, "bond") > 0.5
    assert outlier_share(result.chain, "bond") < 0.05
    assert result.clashes_before > 50 and result.clashes_after == 0.0
    assert result.energy_after < 0 < result.energy_before
    assert chirality_errors(bad) > 10 and chirality_errors(result.chain) == 0
    assert 0 < result.iterations <= 300
    assert result.rmsd_to_input < 1.2 and result.tm_to_input > 0.4


def test_order_numbers_and_atoms_survive(repaired):
    bad, result = repaired
    assert result.chain.sequence == bad.sequence
    assert np.array_equal(result.chain.auth_numbers, bad.auth_numbers)
    assert np.array_equal(result.chain.atom_mask, bad.atom_mask)


def test_same_input_gives_the_same_bytes(repaired):
    bad, result = repaired
    again = minimize_chain(bad, max_iterations=300)
    assert again.chain.coords.tobytes() == result.chain.coords.tobytes()
    assert again.energy_after == result.energy_after


def test_a_far_away_model_comes_back_to_where_it_was(chain):
    model = chain("434d_A")
    far = model.with_coords(model.coords + np.float32(2000))
    result = minimize_chain(far, max_iterations=60)
    assert result.kept
    assert np.nanmax(np.abs(result.chain.coords - far.coords)) < 2.0


def test_modified_residues_keep_names_and_atoms(chain, part):
    piece = part(chain("1ehz_A"), slice(36, 42))  # a wybutosine and a pseudouridine among them
    result = minimize_chain(piece, max_iterations=60)
    assert result.kept, result.reason
    assert result.chain.residue_names == piece.residue_names and "PSU" in piece.residue_names
    assert np.array_equal(result.chain.atom_mask, piece.atom_mask)
    u = SLOT_INDEX["U"]
    turned = result.chain.coords[piece.residue_names.index("PSU")]
    assert np.linalg.norm(turned[u["N1"]] - turned[u["C1'"]]) < 1.6


def test_a_first_phosphate_stays_a_phosphate(chain, noisy):
    model = noisy(chain("404d_A"), 0.2)
    coords = model.coords.copy()
    coords[0] = np.nan
    model = model.with_coords(coords)
    assert model.atom_mask[1, [P, OP1, OP2]].all()
    result = minimize_chain(model, max_iterations=100)
    assert result.kept, result.reason
    first = result.chain.coords[1]
    for other, length in ((OP1, 1.48), (OP2, 1.48), (O5, 1.60)):
        assert np.linalg.norm(first[other] - first[P]) == pytest.approx(length, abs=0.05)
    assert np.linalg.norm(first[OP1] - first[OP2]) == pytest.approx(2.56, abs=0.15)


def test_gaps_stay_open(motif):
    coords = motif.coords.copy()
    coords[8:10] = np.nan
    result = minimize_chain(motif.with_coords(coords), max_iterations=60)
    assert result.kept
    assert not result.chain.observed[8:10].any()
    assert np.isnan(link_lengths(result.chain)[7:10]).all()


def test_broken_links_and_residues_on_one_another_are_repaired(motif):
    coords = motif.coords.copy()
    coords[13:] += np.float32(2.5)
    result = minimize_chain(motif.with_coords(coords), max_iterations=300)
    assert link_lengths(motif.with_coords(coords)).max() > 4.0
    assert result.kept, result.reason
    assert link_lengths(result.chain).max() < 1.8


def test_atoms_on_one_point_end_with_a_reason(chain):
    model = chain("434d_A")
    heap = model.with_coords(model.coords * np.float32(0))
    result = minimize_chain(heap, max_iterations=60)
    assert not result.kept and result.reason == "collapsed"
    assert result.chain is heap


def test_a_model_that_would_move_far_is_kept_as_it_was(motif):
    center = np.nanmean(motif.coords, axis=(0, 1))
    squeezed = motif.with_coords((motif.coords - center) * np.float32(0.5) + center)
    result = minimize_chain(squeezed, max_iterations=100)
    assert not result.kept and result.reason in {"moved", "bonds", "angles"}
    assert result.chain is squeezed
    assert result.rmsd_to_input > 2.0 and result.tm_to_input < 0.5


def test_the_time_limit_is_honoured(chain):
    model = chain("1y26_X")
    result = minimize_chain(model, time_limit=0.2)
    assert not result.kept and result.reason == "time_limit"
    assert result.chain is model and result.seconds < 5.0


def test_a_remnant_of_a_residue_stays_where_it_is(motif, noisy):
    coords = noisy(motif, 0.2).coords
    coords[-1, 3:] = np.nan
    model = motif.with_coords(coords)
    result = minimize_chain(model)
    assert result.kept and "remnant" in result.repairs
    np.testing.assert_array_equal(result.chain.coords[-1], coords[-1])
    assert not np.array_equal(result.chain.coords[:-1], coords[:-1], equal_nan=True)


def test_what_the_force_field_cannot_describe_has_its_reason(motif):
    coords = motif.coords.copy()
    coords[:, 1:] = np.nan
    partial = motif.with_coords(coords)
    result = minimize_chain(partial)
    assert (result.kept, result.reason, result.iterations) == (False, "missing_atoms", 0)
    assert result.chain is partial and np.isnan(result.energy_before)
    assert result.detail


@pytest.mark.parametrize("residues", [1, 2, 3])
def test_the_shortest_chains_are_minimised(chain, residues):
    model = chain("434d_A")
    coords = model.coords.copy()
    coords[residues:] = np.nan
    result = minimize_chain(model.with_coords(coords), max_iterations=40)
    assert result.kept, result.reason
    assert np.isnan(result.tm_to_input) == (residues < 3)


@pytest.mark.parametrize(
    "settings",
    [
        {"max_iterations": 0},
        {"restraint": -1.0},
        {"time_limit": 0.0},
        {"platform": "Abacus"},
        {"solvent": "tea"},
        {"dynamics_ps": float("nan")},
        {"seed": -1},
    ],
)
def test_settings_out_of_range_are_refused(chain, settings):
    with pytest.raises(InputError, match="expected"):
        minimize_chain(chain("434d_A"), **settings)


def test_energies_and_geometry_are_told_before_and_after(repaired):
    bad, result = repaired
    for energies in (result.energies_before, result.energies_after):
        terms = [
            energies.energy_bond,
            energies.energy_angle,
            energies.energy_torsion,
            energies.energy_lennard_jones,
            energies.energy_coulomb,
            energies.energy_solvent,
        ]
        assert sum(terms) == pytest.approx(energies.energy, rel=1e-6)
    assert result.energies_after.energy_bond < result.energies_before.energy_bond / 10
    assert result.before.bond_outliers == outlier_share(bad, "bond")
    assert result.after.angle_outliers == outlier_share(result.chain, "angle")
    assert result.before.chirality_errors == chirality_errors(bad)
    assert result.restraint_energy > 0 and result.residual_force > 0


def test_a_sound_native_stays_where_it_is_and_converges(chain):
    native = chain("434d_A")
    result = minimize_chain(native)
    assert result.kept and result.converged
    assert result.rmsd_to_input < 0.4


@pytest.mark.parametrize("solvent", ["none", "gbn2"])
def test_other_solvents_give_other_energies(chain, noisy, solvent):
    model = noisy(chain("434d_A"), 0.1)
    with_obc, other = (
        minimize_chain(model, solvent=name, max_iterations=30) for name in ("obc", solvent)
    )
    assert other.kept, other.reason
    difference = other.energies_before.energy_solvent - with_obc.energies_before.energy_solvent
    assert (other.energies_before.energy_solvent == 0) == (solvent == "none")
    assert abs(difference) > 10


def test_dynamics_move_the_atoms_the_same_way_from_the_same_seed(chain):
    model = chain("434d_A")
    settings = {"max_iterations": 60, "platform": "CPU"}
    still = minimize_chain(model, **settings)
    moved, again, other = (
        minimize_chain(model, dynamics_ps=0.1, seed=seed, **settings) for seed in (0, 0, 1)
    )
    assert moved.kept, moved.reason
    assert moved.chain.coords.tobytes() == again.chain.coords.tobytes()
    assert moved.chain.coords.tobytes() != other.chain.coords.tobytes()
    assert moved.chain.coords.tobytes() != still.chain.coords.tobytes()
    assert moved.iterations > still.iterations


def test_dynamics_end_with_the_time(chain):
    result = minimize_chain(chain("434d_A"), dynamics_ps=1e6, time_limit=3.0)
    assert not result.kept and result.reason == "time_limit"
    assert result.seconds < 30
