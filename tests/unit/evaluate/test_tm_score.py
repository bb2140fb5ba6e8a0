import numpy as np
import pandas as pd
import pytest

from rna_predict.constants import BACKBONE_ATOMS
from rna_predict.evaluate.models import read_model
from rna_predict.evaluate.pairing import matched_coords, pair_residues
from rna_predict.evaluate.search import search_superpositions
from rna_predict.evaluate.tm_score import tm_d0, tm_score
from rna_predict.geometry.superpose import apply_motion, superpose

C1, C3 = BACKBONE_ATOMS.index("C1'"), BACKBONE_ATOMS.index("C3'")
ROTATION = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


@pytest.fixture
def points(chain):
    return chain("1y26_X").coords[:, C3]


@pytest.mark.parametrize(
    ("length", "d0"),
    [(5, 0.3), (11, 0.3), (12, 0.4), (19, 0.5), (23, 0.6), (24, 0.7), (29, 0.7), (30, 0.7588),
     (71, 2.5379), (100, 3.4850), (158, 5.0299)],
)  # fmt: skip
def test_d0_has_the_values_of_us_align(length, d0):
    assert tm_d0(length) == pytest.approx(d0, abs=1e-4)


def test_identity_and_rigid_motion_score_one(points):
    assert tm_score(points, points) == pytest.approx(1.0, abs=1e-9)
    moved = (points @ ROTATION.T + [30.0, -20.0, 10.0]).astype(np.float32)
    assert tm_score(moved, points) == pytest.approx(1.0, abs=1e-6)


def test_mirror_image_scores_low(points):
    assert tm_score(points * [-1.0, 1.0, 1.0], points) < 0.4


def test_missing_residues_cost_their_share(points):
    mask = np.arange(len(points)) < 36
    model = np.where(mask[:, None], points, np.nan)
    assert tm_score(model, points, mask) == pytest.approx(36 / len(points), abs=1e-9)


def test_half_in_place_is_found_however_far_the_other_half_is(points):
    half = len(points) // 2
    model = points + np.where(np.arange(len(points)) < half, 0.0, 500.0)[:, None]
    assert tm_score(model, points) == pytest.approx(1 - half / len(points), abs=1e-3)


def test_fewer_than_three_pairs_are_an_error(points):
    with pytest.raises(ValueError, match="at least 3"):
        tm_score(points, points, np.arange(len(points)) < 2)


def test_three_pairs_are_enough(points):
    assert tm_score(points[:3], points[:3]) == pytest.approx(1.0, abs=1e-9)


def test_first_superposition_of_all_pairs_is_the_optimal_one(points, noisy, chain):
    model = noisy(chain("1y26_X"), 3.0).coords[:, C3]
    squares = np.concatenate([found for _, found in search_superpositions(model, points, 1.0, 2.0)])
    fitted = apply_motion(model.astype(float), *superpose(model, points))
    best = ((fitted - points) ** 2).sum()
    assert squares.sum(1).min() == pytest.approx(best, rel=1e-9)


def test_long_chains_go_in_parts_with_the_same_result(points, noisy, chain, monkeypatch):
    model = noisy(chain("1y26_X"), 2.0).coords[:, C3]
    whole = tm_score(model, points)
    monkeypatch.setattr("rna_predict.evaluate.search.ROWS_TIMES_PAIRS", 1000)
    assert tm_score(model, points) == pytest.approx(whole, abs=1e-12)


def test_equal_to_us_align(shared_data):
    """Every third of the single-chain pairs; all 120 of them agree within 5e-5."""
    table = pd.read_csv(shared_data / "reference" / "rna_puzzles_usalign.tsv", sep="\t")
    table = table[table.n_native_chains == 1][::3]
    assert len(table) == 40
    natives = {
        puzzle: read_model(shared_data / "rna_puzzles" / puzzle / "native.pdb")
        for puzzle in table.puzzle.unique()
    }
    for row in table.itertuples():
        native = natives[row.puzzle]
        model = read_model(shared_data / "rna_puzzles" / row.puzzle / "models" / row.model)
        matched = matched_coords(model, native, pair_residues(model, native, "number"))
        for slot, reference in ((C3, row.tm_c3p_sameresidue), (C1, row.tm_c1p_sameresidue)):
            present = np.isfinite(matched[:, slot]).all(-1)
            score = tm_score(matched[:, slot], native.coords[:, slot], present)
            assert score == pytest.approx(reference, abs=2e-4), (row.puzzle, row.model, slot)
