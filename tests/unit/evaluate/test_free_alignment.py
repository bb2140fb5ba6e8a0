import numpy as np
import pandas as pd
import pytest

from rna_predict.constants import BACKBONE_ATOMS
from rna_predict.errors import InputError
from rna_predict.evaluate.free_alignment import align_structures
from rna_predict.evaluate.models import read_model
from rna_predict.evaluate.pairing import pair_residues
from rna_predict.evaluate.tm_score import tm_score
from rna_predict.geometry.superpose import apply_motion

C3 = BACKBONE_ATOMS.index("C3'")
TURN = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def test_a_moved_copy_aligns_residue_by_residue(chain):
    points = chain("1y26_X").coords[:, C3]
    moved = apply_motion(points, TURN, np.array([40.0, -5.0, 9.0]))
    codes = np.zeros(len(points), dtype=np.int64)
    i, j = align_structures(moved, points, codes, codes)
    assert np.array_equal(i, np.arange(len(points)))
    assert np.array_equal(i, j)


def test_a_deletion_is_found_without_numbers_or_bases(chain):
    points = chain("1y26_X").coords[:, C3]
    kept = np.delete(np.arange(len(points)), slice(30, 37))
    codes = np.zeros(len(points), dtype=np.int64)
    i, j = align_structures(points[kept], points, codes[kept], codes)
    assert (kept[i] == j).mean() > 0.95
    assert tm_score(points[kept][i], points[j], length=len(points)) > 0.88


def test_mirror_image_is_not_found(chain):
    points = chain("1y26_X").coords[:, C3]
    codes = np.zeros(len(points), dtype=np.int64)
    i, j = align_structures(points * np.float32([-1, 1, 1]), points, codes, codes)
    assert tm_score(points[i] * [-1, 1, 1], points[j], length=len(points)) < 0.5


def test_long_slides_go_in_parts_with_the_same_result(chain, monkeypatch):
    points = chain("1y26_X").coords[:, C3]
    codes = np.zeros(len(points), dtype=np.int64)
    whole = align_structures(points[5:], points, codes[5:], codes)
    monkeypatch.setattr("rna_predict.evaluate.free_alignment.SHIFTS_TIMES_PAIRS", 500)
    assert np.array_equal(whole, align_structures(points[5:], points, codes[5:], codes))


def test_four_residues_are_too_few(chain, part):
    native = chain("1y26_X")
    with pytest.raises(InputError, match="4 residues have C3'"):
        pair_residues(part(native, slice(0, 4)), native, "structure")


def differences(shared_data, step: int) -> pd.Series:
    """Give our TM-score of free alignment minus US-align's, for single-chain puzzles."""
    table = pd.read_csv(shared_data / "reference" / "rna_puzzles_usalign.tsv", sep="\t")
    table = table[table.n_native_chains == 1][::step]
    found = {}
    for row in table.itertuples():
        folder = shared_data / "rna_puzzles" / row.puzzle
        native, model = read_model(folder / "native.pdb"), read_model(folder / "models" / row.model)
        pairs = pair_residues(model, native, "structure")
        x, y = model.coords[pairs.model, C3], native.coords[pairs.native, C3]
        score = tm_score(x, y, length=int(native.atom_mask[:, C3].sum()))
        found[row.model] = score - row.tm_c3p_aligned
    return pd.Series(found)


def test_scores_are_close_to_us_align(shared_data):
    found = differences(shared_data, 5)
    assert len(found) == 24
    assert found.abs().mean() < 0.005


@pytest.mark.slow
def test_scores_of_all_single_chain_puzzles_are_close_to_us_align(shared_data):
    """Of 120 pairs 8 are more than 0.01 off: 6 lower, 2 (rp18) higher than US-align."""
    found = differences(shared_data, 1)
    assert len(found) == 120
    assert found.abs().mean() < 0.004
    assert (found.abs() > 0.01).sum() <= 8
