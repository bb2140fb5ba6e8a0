"""Forward kinematics: round trips, ideal geometry, handedness, gradients, speed."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from rna_predict.constants import (
    ALPHABET,
    BASE_BONDS,
    BASE_FRAME,
    IDEAL_BOND,
    SLOT_INDEX,
    SUGAR_BONDS,
    TORSIONS,
    slot_mask,
    torsion_slots,
)
from rna_predict.geometry.dihedrals import circular_difference, dihedral
from rna_predict.geometry.internal import ideal_geometry, measure_geometry, whole_stretches
from rna_predict.geometry.nerf import MAX_AMPLITUDE, build_atoms
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.structure.mmcif import read_entry

A_FORM = {
    "alpha": -68, "beta": 178, "gamma": 54, "delta": 82, "epsilon": -153, "zeta": -71, "chi": -158,
    "nu2": 37, "nu3": -36,
}  # fmt: skip
DRIVEN = [TORSIONS.index(name) for name in A_FORM]
"""Torsions that the builder meets exactly; the others follow."""
DTYPES = (torch.float64, torch.float32)


def measure(coords, kinds):
    """Measure all torsions; NaN where an atom is missing."""
    offset, slot = torsion_slots()
    residue = np.arange(len(kinds))[:, None, None] + offset
    inside = (residue >= 0) & (residue < len(kinds)) & (slot[kinds] >= 0)
    points = coords[residue.clip(0, len(kinds) - 1), slot[kinds]]
    return dihedral(np.where(inside[..., None], points, np.nan))


def a_form(length):
    torsions = torch.zeros(length, len(TORSIONS), dtype=torch.float64)
    for name, degrees in A_FORM.items():
        torsions[:, TORSIONS.index(name)] = np.radians(degrees)
    return torsions


def realistic(length, seed):
    """Draw torsions: a free backbone and every pucker, with delta near what the pucker implies."""
    generator = np.random.default_rng(seed)
    torsions = generator.uniform(-np.pi, np.pi, (length, len(TORSIONS)))
    phase = generator.uniform(-np.pi, np.pi, length)
    amplitude = generator.uniform(np.radians(25), MAX_AMPLITUDE, length)
    for j in range(5):
        angle = amplitude * np.cos(phase + np.radians(144) * (j - 2))
        torsions[:, TORSIONS.index(f"nu{j}")] = angle
    lean = generator.uniform(np.radians(105), np.radians(135), length)
    torsions[:, TORSIONS.index("delta")] = torsions[:, TORSIONS.index("nu3")] + lean
    return torch.tensor(torsions), torch.tensor(generator.integers(0, 5, length))


def distance(coords, kinds, first, second, shift=0):
    """Distances of two atoms wherever the base has both; ``shift``: residues to the second."""
    found = []
    for i, kind in enumerate(kinds[: len(kinds) - shift or None]):
        slots = SLOT_INDEX[ALPHABET[kind]], SLOT_INDEX[ALPHABET[kinds[i + shift]]]
        if first in slots[0] and second in slots[1]:
            found.append(
                np.linalg.norm(coords[i, slots[0][first]] - coords[i + shift, slots[1][second]])
            )
    return np.array(found)


def chiral_volumes(coords, kinds):
    """Give signed volumes at C1', C2', C3', C4' and P, (n, 5)."""
    centres = {
        "C1'": ("O4'", "C2'", "N"), "C2'": ("C1'", "C3'", "O2'"), "C3'": ("C2'", "C4'", "O3'"),
        "C4'": ("C3'", "O4'", "C5'"), "P": ("OP1", "OP2", "O5'"),
    }  # fmt: skip
    rows = []
    for atoms, kind in zip(coords, kinds, strict=True):
        slots = SLOT_INDEX[ALPHABET[kind]] | {"N": 12}
        rows.append(
            [
                np.linalg.det(atoms[[slots[name] for name in around]] - atoms[slots[centre]])
                for centre, around in centres.items()
            ]
        )
    return np.array(rows)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_measured_torsions_equal_the_input(dtype):
    torsions, kinds = realistic(60, seed=1)
    coords = build_atoms(torsions.to(dtype), kinds).double().numpy()
    measured = measure(coords, kinds.numpy())
    error = np.abs(circular_difference(measured, torsions.numpy()))[:, DRIVEN]
    assert np.nanmax(error) < 1e-4
    assert np.isfinite(error).sum(0).min() >= 40


def test_rebuilding_what_was_measured_gives_the_same_atoms():
    torsions, kinds = realistic(30, seed=2)
    first = build_atoms(torsions, kinds)
    measured = torch.tensor(measure(first.numpy(), kinds.numpy()))
    again = build_atoms(torch.where(measured.isnan(), torsions, measured), kinds)
    assert torch.allclose(first, again, atol=1e-6)


def test_all_bonds_are_ideal_for_every_pucker():
    torsions, kinds = realistic(200, seed=3)
    coords, kinds = build_atoms(torsions, kinds).numpy(), kinds.numpy()
    for bond in SUGAR_BONDS:
        np.testing.assert_allclose(distance(coords, kinds, *bond), IDEAL_BOND[bond], atol=1e-9)
    for kind, base in enumerate("ACGU"):
        rows = np.flatnonzero(kinds == kind)
        assert len(rows) > 20
        for first, second in BASE_BONDS[base]:
            ideal = np.linalg.norm(np.subtract(BASE_FRAME[base][first], BASE_FRAME[base][second]))
            found = distance(coords[rows], kinds[rows], first, second)
            np.testing.assert_allclose(found, ideal, atol=1e-9)
    links = distance(coords, kinds, "O3'", "P", shift=1)
    np.testing.assert_allclose(links, IDEAL_BOND["O3'", "P+1"], atol=1e-9)


def test_a_form_torsions_build_a_right_handed_helix_with_the_rise_of_rna():
    kinds = torch.arange(20) % 4
    coords = build_atoms(a_form(20), kinds).numpy()
    rotation, translation = superpose(
        coords[5:12, :12].reshape(-1, 3), coords[6:13, :12].reshape(-1, 3)
    )
    turn = np.arccos((np.trace(rotation) - 1) / 2)
    axis = np.array([
        rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0],
        rotation[1, 0] - rotation[0, 1],
    ]) / (2 * np.sin(turn))  # fmt: skip
    assert np.degrees(turn) == pytest.approx(32.7, abs=4)
    assert translation @ axis == pytest.approx(2.8, abs=0.3)  # negative in a left-handed helix
    c1 = coords[:, 11] - (coords[:, 11] @ axis)[:, None] * axis
    assert np.ptp(np.linalg.norm(c1 - c1[:11].mean(0), axis=1)) < 2.0


def test_stereochemistry_is_that_of_real_structures(example_chains):
    chain = next(chain for chain in example_chains if chain.entry == "1ehz")
    whole = (chain.atom_mask == slot_mask()[chain.kinds]).all(1)
    whole &= np.array(chain.residue_names) == np.array(list(chain.sequence))  # no C-nucleosides
    whole[0] = False  # the oxygens of an end phosphate have no fixed names
    real = np.sign(chiral_volumes(chain.coords[whole], chain.kinds[whole]))
    assert len(real) > 55
    assert (real == real[0]).all()
    torsions, kinds = realistic(100, seed=4)
    built = np.sign(chiral_volumes(build_atoms(torsions, kinds).numpy(), kinds.numpy()))
    np.testing.assert_array_equal(built, np.broadcast_to(real[0], built.shape))


def test_stereochemistry_holds_for_impossible_torsions():
    generator = torch.Generator().manual_seed(5)
    torsions = (torch.rand(200, 14, generator=generator, dtype=torch.float64) * 2 - 1) * np.pi
    kinds = torch.randint(0, 4, (200,), generator=generator)
    coords = build_atoms(torsions, kinds)
    assert coords.isfinite().all()
    possible, bases = realistic(200, seed=6)
    expected = np.sign(chiral_volumes(build_atoms(possible, bases).numpy(), bases.numpy()))[0]
    built = np.sign(chiral_volumes(coords.numpy(), kinds.numpy()))
    np.testing.assert_array_equal(built, np.broadcast_to(expected, built.shape))


def test_real_torsions_rebuild_short_stretches_of_real_chains(example_chains):
    errors = []
    for chain in example_chains:
        coords, kinds = chain.coords.astype(np.float64), chain.kinds
        torsions = measure(coords, kinds)
        built = build_atoms(torch.tensor(np.nan_to_num(torsions)), torch.tensor(kinds)).numpy()
        linked = np.linalg.norm(coords[:-1, 8] - coords[1:, 0], axis=1) < 2.0
        for i in range(1, len(chain) - 3):
            mask = chain.atom_mask[i : i + 3].reshape(-1)
            if not linked[i - 1 : i + 3].all() or mask.sum() < 60:
                continue
            real, model = coords[i : i + 3].reshape(-1, 3), built[i : i + 3].reshape(-1, 3)
            moved = apply_motion(model, *superpose(model, real, mask))
            errors.append(np.sqrt(((moved - real)[mask] ** 2).sum(1).mean()))
    assert len(errors) > 200
    assert np.median(errors) < 0.3


def test_batches_and_single_chains_agree():
    torsions, kinds = realistic(24, seed=7)
    both = build_atoms(torch.stack([torsions, torsions.flip(0)]), torch.stack([kinds, kinds]))
    assert torch.allclose(both[0], build_atoms(torsions, kinds))
    assert torch.allclose(both[1], build_atoms(torsions.flip(0), kinds))


def test_gradients_equal_finite_differences():
    torsions, kinds = realistic(3, seed=8)
    assert torch.autograd.gradcheck(lambda x: build_atoms(x, kinds), torsions.requires_grad_())


def test_every_driving_torsion_moves_the_chain():
    torsions, kinds = realistic(10, seed=9)
    torsions.requires_grad_()
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(10, 23, 3, generator=generator, dtype=torch.float64)
    (build_atoms(torsions, kinds % 4) * weight).sum().backward()
    assert (torsions.grad[1:-1, DRIVEN].abs() > 0).all()


def test_gradients_of_lengths_angles_and_bases_equal_finite_differences():
    torsions, kinds = realistic(3, seed=8)
    _, geometry = measure_geometry(build_atoms(torsions, kinds).numpy(), kinds.numpy())
    keys = list(geometry.length), list(geometry.angle)
    leaves = [*geometry.length.values(), *geometry.angle.values(), geometry.base]
    leaves = [leaf.clone().requires_grad_() for leaf in leaves]

    def build(*leaves):
        lengths, angles = leaves[: len(keys[0])], leaves[len(keys[0]) : -1]
        changed = replace(
            geometry,
            length=dict(zip(keys[0], lengths, strict=True)),
            angle=dict(zip(keys[1], angles, strict=True)),
            base=leaves[-1],
        )
        return build_atoms(torsions, kinds, changed)

    assert torch.autograd.gradcheck(build, leaves)


def test_a_thousand_residues_and_their_gradient_take_less_than_a_tenth_of_a_second():
    torsions, kinds = realistic(1000, seed=10)
    torsions = torsions.float().requires_grad_()
    best = np.inf
    for _ in range(10):
        begin = time.perf_counter()
        build_atoms(torsions, kinds).square().mean().backward()
        best = min(best, time.perf_counter() - begin)
    assert best < 0.1


def round_trip(coords, kinds, dtype):
    """Measure a chain, build it from what was measured and give the RMSD of all its atoms."""
    torsions, geometry = measure_geometry(coords.astype(np.float64), kinds)
    built = build_atoms(torsions.to(dtype), torch.from_numpy(kinds), geometry.to(dtype))
    return rmsd(built.double().numpy(), coords)


def rmsd(model, real):
    """RMSD over the observed atoms after superposition."""
    model, real = model.reshape(-1, 3), real.reshape(-1, 3)
    mask = np.isfinite(real).all(-1)
    moved = apply_motion(model, *superpose(model, real, mask))
    return np.sqrt(((moved - real)[mask] ** 2).sum(1).mean())


def worst_round_trips(chains):
    """Give the greatest RMSD of all whole stretches in double and in single precision."""
    rows = [
        [round_trip(chain.coords[part], chain.kinds[part], dtype) for dtype in DTYPES]
        for chain in chains
        for part in whole_stretches(chain.coords)
        if part.stop - part.start > 1
    ]
    return len(rows), *np.max(rows, axis=0)


def test_chains_come_back_from_their_measured_geometry(example_chains):
    count, double, single = worst_round_trips(example_chains)
    assert count >= 19
    assert double < 1e-6
    assert single < 1e-3


def test_chains_of_the_shared_data_come_back_from_their_measured_geometry(shared_data):
    paths = sorted((shared_data / "pdb").glob("*.cif.gz"))[::40]
    count, double, single = worst_round_trips(c for p in paths for c in read_entry(p)[0])
    assert count > 60
    assert double < 1e-6
    assert single < 0.01


@pytest.mark.slow
def test_every_chain_of_the_shared_data_comes_back_from_its_measured_geometry(shared_data):
    paths = sorted((shared_data / "pdb").glob("*.cif.gz"))
    count, double, single = worst_round_trips(c for p in paths for c in read_entry(p)[0])
    assert count > 3000
    assert double < 1e-6
    assert single < 0.01


def test_swapped_oxygens_and_inverted_sugars_come_back_too():
    torsions, kinds = realistic(6, seed=11)
    coords = build_atoms(torsions, kinds).numpy()
    coords[~slot_mask()[kinds.numpy()]] = np.nan
    coords[3, [1, 2]] = coords[3, [2, 1]]
    for mirrored in (coords, coords * [1.0, 1.0, -1.0]):
        assert round_trip(mirrored, kinds.numpy(), torch.float64) < 1e-6


def test_ideal_chains_have_ideal_geometry():
    torsions, kinds = realistic(12, seed=12)
    coords = build_atoms(torsions, kinds).numpy()
    coords[~slot_mask()[kinds.numpy()]] = np.nan
    _, found = measure_geometry(coords, kinds.numpy())
    ideal = ideal_geometry(torsions[:, TORSIONS.index("nu2")], kinds)
    for bond, length in ideal.length.items():
        torch.testing.assert_close(found.length[bond], length.expand(12), atol=1e-7, rtol=0)
    # the first residue's angles with the O3' that it lacks are those of an O3' put there
    for atoms, angle in ideal.angle.items():
        torch.testing.assert_close(found.angle[atoms][1:], angle[1:], atol=1e-6, rtol=0)
    torch.testing.assert_close(found.base, ideal.base, atol=1e-7, rtol=0)
    for name, side in ideal.side.items():
        assert (found.side[name] == side).all(), name


def test_ideal_geometry_drifts_by_less_than_an_angstrom_in_ten_residues(example_chains):
    errors = []
    for chain in example_chains:
        if not chain.resolution <= 2.5:
            continue
        for part in whole_stretches(chain.coords):
            coords, kinds = chain.coords[part].astype(np.float64), chain.kinds[part]
            torsions, _ = measure_geometry(coords, kinds)
            built = build_atoms(torsions, torch.from_numpy(kinds)).numpy()
            starts = range(len(coords) - 9)
            errors += [rmsd(built[i : i + 10], coords[i : i + 10]) for i in starts]
    assert len(errors) > 300
    assert np.median(errors) < 0.75
