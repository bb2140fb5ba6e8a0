import biotite.structure.info as info
import numpy as np
import pytest

from rna_predict.constants import SLOT_INDEX
from rna_predict.evaluate.chirality import chiral_volumes, chirality_errors, wrong_centres
from rna_predict.structure.chain import model_chain


@pytest.mark.parametrize("base", "ACGU")
def test_nucleotides_of_the_component_dictionary_have_the_right_hand(base):
    atoms = info.residue(base)
    coords = np.full((1, 23, 3), np.nan, dtype=np.float32)
    for name, position in zip(atoms.atom_name, atoms.coord, strict=True):
        if name in SLOT_INDEX[base]:
            coords[0, SLOT_INDEX[base][name]] = position
    volumes = chiral_volumes(model_chain("ideal", base, coords))
    assert (volumes > 2.2).all()
    assert (volumes < 2.9).all()


def test_experimental_structures_have_no_errors_and_their_mirror_images_only_errors(example_chains):
    for chain in example_chains:
        measured = np.isfinite(chiral_volumes(chain)).sum()
        assert chirality_errors(chain) == 0, chain.name
        mirrored = chain.with_coords(chain.coords * np.float32([-1, 1, 1]))
        assert chirality_errors(mirrored) == measured > 0


def test_a_reflected_hydroxyl_is_one_error_at_its_carbon(chain):
    native = chain("1y26_X")
    coords = native.coords.copy()
    o2, c1, c2, c3 = (coords[7, SLOT_INDEX["A"][name]] for name in ("O2'", "C1'", "C2'", "C3'"))
    normal = np.cross(c1 - c2, c3 - c2)
    normal /= np.linalg.norm(normal)
    coords[7, SLOT_INDEX["A"]["O2'"]] = o2 - 2 * ((o2 - c2) @ normal) * normal
    wrong = wrong_centres(native.with_coords(coords))
    assert np.argwhere(wrong).tolist() == [[7, 1]]


def test_missing_atoms_are_no_errors(chain):
    native = chain("1y26_X")
    coords = native.coords.copy()
    coords[5, SLOT_INDEX["A"]["C2'"]] = np.nan
    bare = native.with_coords(coords)
    assert np.isnan(chiral_volumes(bare)[5, :3]).all()
    assert chirality_errors(bare) == 0
