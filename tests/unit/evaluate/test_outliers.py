import numpy as np
import pytest
import torch

from rna_predict.angles.table import measure_angles
from rna_predict.constants import BASE_BONDS, SLOT_INDEX, SUGAR_BONDS
from rna_predict.evaluate.outliers import geometry_outliers, outlier_share, pucker_outliers
from rna_predict.geometry.nerf import build_atoms


def test_experimental_structures_have_few_outliers_and_noisy_ones_many(example_chains, noisy):
    shares = np.array(
        [[outlier_share(chain, kind) for kind in ("bond", "angle")] for chain in example_chains]
    )
    assert np.median(shares, axis=0) == pytest.approx([0, 0], abs=0.01)
    for chain in example_chains[:3]:
        shaken = noisy(chain, 0.3)
        assert outlier_share(shaken, "bond") > 0.6
        assert outlier_share(shaken, "angle") > 0.5


def test_every_bond_of_a_whole_chain_is_measured_once(chain):
    whole = chain("1kxk_A")
    _, measured = geometry_outliers(whole, "bond")
    expected = sum(len(SUGAR_BONDS) + len(BASE_BONDS[base]) for base in whole.sequence)
    first = whole.atom_mask[0, [SLOT_INDEX["A"][name] for name in ("P", "OP1", "OP2")]]
    assert measured.sum() == expected - (0 if first.all() else 3) + len(whole) - 1


def test_a_displaced_oxygen_spoils_its_bond_and_its_angles_only(chain):
    good = chain("1q9a_A")
    coords = good.coords.copy()
    coords[5, SLOT_INDEX["A"]["O2'"]] += 2.0
    bad = good.with_coords(coords)
    for kind, most in (("bond", 1), ("angle", 2)):
        before, after = geometry_outliers(good, kind)[0], geometry_outliers(bad, kind)[0]
        assert set(np.argwhere(before != after)[:, 0].tolist()) == {5}
        assert 1 <= (after & ~before).sum() <= most


def test_ideal_geometry_has_no_bond_outlier(chain):
    native = chain("1kxk_A")
    torsions = torch.from_numpy(np.nan_to_num(measure_angles([native], "mdanalysis")[0][:, :14]))
    built = build_atoms(torsions, torch.from_numpy(native.kinds))
    ideal = native.with_coords(np.where(native.atom_mask[..., None], built.numpy(), np.nan))
    assert outlier_share(ideal, "bond") < 0.01


def test_puckers_of_experiments_are_usual_and_those_of_noise_are_not(chain, noisy):
    native = chain("1y26_X")
    assert pucker_outliers(native) < 0.1
    assert pucker_outliers(noisy(native, 0.5)) > 0.5


def test_a_flat_sugar_is_an_outlier(chain):
    native = chain("1q9a_A")
    coords = native.coords.copy()
    ring = [SLOT_INDEX["A"][name] for name in ("C4'", "O4'", "C1'", "C2'", "C3'")]
    points = coords[9, ring]
    middle = points.mean(0)
    normal = np.linalg.svd(points - middle)[2][2]
    coords[9, ring] = points - np.outer((points - middle) @ normal, normal)
    step = 1 / np.isfinite(coords[:, ring]).all((1, 2)).sum()
    before, after = pucker_outliers(native), pucker_outliers(native.with_coords(coords))
    assert after - before == pytest.approx(step, abs=1e-6)


def test_a_chain_without_atoms_has_no_share(chain):
    empty = chain("1q9a_A").with_coords(np.full_like(chain("1q9a_A").coords, np.nan))
    assert np.isnan(outlier_share(empty, "bond"))
    assert np.isnan(outlier_share(empty, "angle"))
    assert np.isnan(pucker_outliers(empty))
