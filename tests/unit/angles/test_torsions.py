import warnings
from dataclasses import replace

import gemmi
import numpy as np
import pytest

from rna_predict.angles.table import COLUMNS, measure_angles
from rna_predict.angles.torsions import measure_torsions
from rna_predict.constants import ALPHABET, SLOT_INDEX, TORSION_ATOMS, TORSIONS
from rna_predict.geometry.dihedrals import circular_difference, dihedral
from rna_predict.structure.chain import Chain
from rna_predict.structure.links import linked_to_previous
from rna_predict.structure.mmcif import write_chain

CHI = TORSIONS.index("chi")


def torsions_of(chain: Chain) -> np.ndarray:
    linked = linked_to_previous(chain.coords, chain.auth_numbers)
    return measure_torsions(chain.coords, chain.kinds, linked)


def degrees_apart(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.rad2deg(np.abs(circular_difference(first, second)))


def test_each_torsion_is_the_dihedral_of_its_named_atoms(example_chains):
    rng = np.random.default_rng(0)
    chain = next(chain for chain in example_chains if chain.name == "1y26_X")
    measured = torsions_of(chain)
    for i in rng.integers(1, len(chain) - 1, size=20).tolist():
        for column, atoms in enumerate(TORSION_ATOMS.values()):
            points = []
            for offset, name in atoms:
                purine, _, pyrimidine = name.partition("|")
                letter = chain.sequence[i]
                name = pyrimidine if pyrimidine and letter in "CU" else purine
                letter = chain.sequence[i + offset]
                points.append(chain.coords[i + offset, SLOT_INDEX[letter][name]])
            expected = dihedral(np.array([points], dtype=np.float64))
            assert degrees_apart(measured[[i], column], expected) < 1e-3


def test_a_mirror_image_has_the_opposite_torsions(example_chains):
    chain = example_chains[0]
    mirrored = chain.with_coords(chain.coords * np.array([1, 1, -1], dtype=np.float32))
    assert np.allclose(torsions_of(chain), -torsions_of(mirrored), atol=1e-4, equal_nan=True)


def test_termini_are_undefined_where_a_neighbour_is_needed(example_chains):
    chain = next(chain for chain in example_chains if chain.name == "1kxk_A")
    defined = dict(zip(TORSIONS, np.isfinite(torsions_of(chain)).T, strict=True))
    assert not (defined["alpha"][0] or defined["eta"][0])
    assert not (defined["epsilon"][-1] or defined["zeta"][-1] or defined["theta"][-1])
    assert all(defined[name][1:-1].all() for name in TORSIONS)
    assert all(defined[name].all() for name in ("gamma", "delta", "chi", "nu0", "nu4"))


def test_torsions_across_a_break_are_undefined_and_others_stay(example_chains):
    chain = next(chain for chain in example_chains if chain.name == "1kxk_A")
    coords = chain.coords.copy()
    coords[30:] += np.float32(30)
    whole, broken = torsions_of(chain), torsions_of(chain.with_coords(coords))
    lost = np.argwhere(np.isfinite(whole) & ~np.isfinite(broken)).tolist()
    across = [(29, name) for name in ("epsilon", "zeta", "eta", "theta")]
    across += [(30, name) for name in ("alpha", "eta")]
    assert lost == sorted([row, TORSIONS.index(name)] for row, name in across)
    assert np.allclose(
        whole, np.where(np.isfinite(broken), broken, whole), atol=1e-4, equal_nan=True
    )


def test_chains_measured_together_do_not_touch(example_chains):
    together = measure_angles(example_chains, "mdanalysis")
    for chain, angles in zip(example_chains, together, strict=True):
        assert angles.shape == (len(chain), len(COLUMNS))
        assert np.array_equal(angles, measure_angles([chain], "mdanalysis")[0], equal_nan=True)


def test_an_unknown_base_has_a_backbone_but_no_chi(example_chains):
    chain = next(chain for chain in example_chains if chain.name == "1kxk_A")
    coords = chain.coords.copy()
    coords[5, 12:] = np.nan
    unknown = replace(
        chain,
        sequence=chain.sequence[:5] + ALPHABET[-1] + chain.sequence[6:],
        coords=coords,
        atom_mask=np.isfinite(coords).all(-1),
    )
    defined = np.isfinite(torsions_of(unknown)[5])
    assert not defined[CHI]
    assert defined.sum() == len(TORSIONS) - 1


def test_no_residues_give_no_torsions():
    empty = np.zeros((0, 23, 3), dtype=np.float32)
    none = np.zeros(0, dtype=np.int64)
    assert measure_torsions(empty, none, none.astype(bool)).shape == (0, 14)


def test_chi_of_pseudouridine_turns_about_its_own_bond(root, example_chains):
    chain = next(chain for chain in example_chains if chain.name == "1ehz_A")
    residues = gemmi.read_structure(str(root / "config/example/pdb/1ehz.cif.gz"))[0]["A"]
    for row in (row for row, name in enumerate(chain.residue_names) if name == "PSU"):
        residue = residues[str(chain.auth_numbers[row])]["PSU"]
        points = [residue[name][0].pos.tolist() for name in ("O4'", "C1'", "C5", "C4")]
        assert degrees_apart(torsions_of(chain)[[row], CHI], dihedral(np.array([points]))) < 1e-3


@pytest.mark.parametrize("shift", [1e-9, -1e-9])
def test_a_planar_torsion_is_plus_half_a_turn(example_chains, shift):
    chain = next(chain for chain in example_chains if chain.name == "1kxk_A")
    coords = chain.coords.copy()
    atoms = [SLOT_INDEX["A"][name] for name in ("C5'", "C4'", "C3'", "O3'")]
    coords[5, atoms] = [[1, 1, 0], [1, 0, 0], [0, 0, 0], [0, -1, shift]]
    (angles,) = measure_angles([chain.with_coords(coords)], "mdanalysis")
    assert angles[5, COLUMNS.index("delta")] == np.float32(np.pi)


@pytest.fixture(scope="module")
def barnaba():
    """Import barnaba, whose mdtraj uses deprecated parts of numpy and the standard library."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("barnaba")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # mdtraj, see above
def test_agreement_with_barnaba_on_the_example(example_chains, barnaba, tmp_path):
    for chain in example_chains:
        if chain.entry == "1evv":  # bases without atoms shift barnaba's residues
            continue
        parents = replace(chain, residue_names=tuple(chain.sequence))  # barnaba knows only these
        path = tmp_path / f"{chain.name}.pdb"
        write_chain(path, parents)
        (angles,) = measure_angles([chain], "mdanalysis")
        backbone, names = barnaba.backbone_angles(str(path))
        sugar, _ = barnaba.sugar_angles(str(path))
        pucker, _ = barnaba.pucker_angles(str(path), altona=True)
        assert len(names) == len(chain)
        c_glycosides = np.array(chain.residue_names) == "PSU"  # barnaba takes N1 for chi
        expected = np.concatenate([backbone[0], sugar[0], pucker[0]], axis=1)
        expected[c_glycosides, CHI] = angles[c_glycosides, CHI]
        ours = np.concatenate([angles[:, :12], angles[:, -2:]], axis=1)
        assert np.array_equal(np.isnan(expected), np.isnan(ours)), chain.name
        assert np.nanmax(degrees_apart(expected.astype(np.float32), ours)) < 0.1, chain.name
