import numpy as np
import pandas as pd
import pytest

from rna_predict.constants import SLOT_INDEX
from rna_predict.evaluate.tm_score import tm_score
from rna_predict.families.folds import fold_similarity
from rna_predict.structure.mmcif import read_chains

SLOT = SLOT_INDEX["N"]["C3'"]


def atoms(chain):
    return chain.coords[chain.atom_mask[:, SLOT], SLOT].astype(np.float64)


@pytest.fixture(scope="module")
def folds(example_chains):
    return {chain.name: atoms(chain) for chain in example_chains}


def moved(points, seed):
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    rotation *= np.sign(np.linalg.det(rotation))
    return points @ rotation.T + rng.normal(scale=50.0, size=3)


@pytest.mark.parametrize("name", ["1ehz_A", "1kxk_A", "2a43_A"])
def test_a_motion_changes_nothing(folds, name):
    points = folds[name]
    assert fold_similarity(points, moved(points, 0)) == pytest.approx(1.0, abs=1e-6)


def test_a_mirror_image_is_another_fold(folds):
    points = folds["1ehz_A"]
    assert fold_similarity(points, points * [-1.0, 1.0, 1.0]) < 0.35


def test_a_part_scores_its_share_of_the_longer_chain(folds):
    points = folds["1ehz_A"]
    part = moved(points[20:60], 1)
    assert fold_similarity(points, part) == pytest.approx(40 / 76, abs=1e-3)
    assert fold_similarity(part, points, length=40) == pytest.approx(1.0, abs=1e-3)


def test_residues_that_one_chain_lacks_are_gaps(folds):
    points = folds["1ehz_A"]
    kept = np.delete(np.arange(76), np.r_[16:21, 45:49])
    assert fold_similarity(points, moved(points[kept], 2)) == pytest.approx(67 / 76, abs=0.01)


def test_families_are_told_apart(folds):
    assert fold_similarity(folds["1ehz_A"], folds["6tna_A"]) > 0.8
    assert fold_similarity(folds["1ehz_A"], folds["1y26_X"]) < 0.35


def test_noise_costs_what_the_score_of_paired_residues_says(folds):
    points = folds["1y26_X"]
    noisy = points + np.random.default_rng(3).normal(scale=1.5, size=points.shape)
    paired = tm_score(noisy, points)
    assert fold_similarity(noisy, points) == pytest.approx(paired, abs=0.02)


def test_pairs_without_promise_are_given_up_and_alike_ones_are_not(folds):
    one, other = folds["1ehz_A"], folds["6tna_A"]
    assert fold_similarity(one, other, least=0.45) == fold_similarity(one, other)
    assert fold_similarity(one, folds["1kxk_A"], least=0.99) == 0.0


def test_chains_of_few_residues_are_refused(folds):
    with pytest.raises(ValueError, match="expected 5 residues, got 76 and 4"):
        fold_similarity(folds["1ehz_A"], folds["1ehz_A"][:4])


def test_scores_follow_us_align(shared_data):
    table = pd.read_table(shared_data / "reference" / "rna_puzzles_usalign.tsv")
    table = table[table["n_native_chains"] == 1].groupby("puzzle").head(2)
    folder = shared_data / "rna_puzzles"
    found = []
    for row in table.itertuples():
        native = atoms(read_chains(folder / row.puzzle / "native.pdb")[0])
        model = atoms(read_chains(folder / row.puzzle / "models" / row.model)[0])
        if len(model) == row.len_model_a:
            score = fold_similarity(model, native, len(native))
            found.append((score, row.tm_c3p_aligned))
    ours, reference = np.array(found).T
    assert len(found) >= 25
    difference = ours - reference
    assert abs(difference.mean()) < 0.02
    assert np.abs(difference).max() < 0.1
    alike = reference >= 0.45
    assert np.abs(difference[alike]).max() < 0.03
