import biotite.structure as biotite_structure
import numpy as np
import pytest

from rna_predict.evaluate.lddt import lddt, native_contacts
from rna_predict.evaluate.pairing import matched_coords, pair_residues
from rna_predict.structure.mmcif import read_chains


def of_biotite(model, native, aggregation="all"):
    """Score with biotite: its contacts are those within 15 A between residues."""
    residue, _ = np.nonzero(native.atom_mask)
    atoms = biotite_structure.AtomArray(len(residue))
    atoms.coord = native.coords[native.atom_mask]
    atoms.res_id, atoms.chain_id[:], atoms.res_name[:] = residue, "A", "N"
    return biotite_structure.lddt(atoms, model[native.atom_mask], aggregation=aggregation)


@pytest.mark.parametrize("name", ["1q9a_A", "1y26_X", "1duq_B", "6tna_A"])
@pytest.mark.parametrize("noise", [0.3, 2.0])
def test_equal_to_biotite_globally_and_per_residue(chain, noisy, name, noise):
    native = chain(name)
    model = noisy(native, noise).coords
    contacts = native_contacts(native.coords, native.atom_mask)
    score, per_residue = lddt(model, contacts)
    assert score == pytest.approx(of_biotite(model, native), abs=1e-5)
    np.testing.assert_allclose(per_residue, of_biotite(model, native, "residue"), atol=1e-5)


def test_equal_to_biotite_on_all_single_chain_models_of_rna_puzzles(official):
    compared = 0
    for path, models in official.groupby("native"):
        native = read_chains(path)
        if len(native) > 1:
            continue
        contacts = native_contacts(native[0].coords, native[0].atom_mask)
        for model in map(read_chains, models["model"]):
            matched = matched_coords(model[0], native[0], pair_residues(model[0], native[0]))
            score = lddt(matched, contacts)[0]
            assert score == pytest.approx(of_biotite(matched, native[0]), abs=1e-5)
            compared += 1
    assert compared == 120


def test_missing_atoms_are_lost_as_biotite_counts_them(chain, noisy):
    native = chain("1q9a_A")
    model = noisy(native, 0.5).coords.copy()
    model[3], model[10, 5:] = np.nan, np.nan
    score, per_residue = lddt(model, native_contacts(native.coords, native.atom_mask))
    assert score == pytest.approx(of_biotite(model, native), abs=1e-5)
    assert per_residue[3] == 0.0


def test_identity_and_rigid_motion_score_one(chain):
    native = chain("1y26_X")
    contacts = native_contacts(native.coords, native.atom_mask)
    assert lddt(native.coords, contacts)[0] == 1.0
    assert lddt(native.coords[..., [1, 2, 0]] + np.float32(7), contacts)[0] == 1.0


def test_radius_is_a_choice(chain, noisy):
    native = chain("1y26_X")
    near = native_contacts(native.coords, native.atom_mask)
    far = native_contacts(native.coords, native.atom_mask, radius=30.0)
    assert far.pairs.shape[1] > 2 * near.pairs.shape[1]
    assert (near.distances <= 15.0).all() and (far.distances > 15.0).any()


def test_a_lone_residue_has_no_score(chain):
    native = chain("1q9a_A")
    score, per_residue = lddt(
        native.coords[:1], native_contacts(native.coords[:1], native.atom_mask[:1])
    )
    assert np.isnan(score) and np.isnan(per_residue).all()
