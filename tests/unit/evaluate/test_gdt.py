import numpy as np
import pytest

from rna_predict.constants import BACKBONE_ATOMS
from rna_predict.evaluate.gdt import gdt_ts

LINE = np.cumsum(np.random.default_rng(0).normal(size=(40, 3)) * 4.0, axis=0)


def test_identity_scores_one_under_any_motion():
    assert gdt_ts(LINE[:, [2, 0, 1]] - 9.0, LINE) == 1.0


def test_residues_out_of_place_count_at_the_thresholds_they_meet():
    model = LINE.copy()
    model[30:] += np.array([0.0, 0.0, 3.0])
    # within 1 A 30 residues fit; within 2 A all do, half way between the two parts
    assert gdt_ts(model, LINE) == pytest.approx((30 + 40 + 40 + 40) / 160)


def test_missing_residues_count_against_the_model():
    assert gdt_ts(LINE, LINE, np.arange(40) < 10) == pytest.approx(0.25)
    assert gdt_ts(LINE, LINE, length=80) == pytest.approx(0.5)


def test_mirror_image_scores_low(chain):
    points = chain("1y26_X").coords[:, BACKBONE_ATOMS.index("C4'")]
    assert gdt_ts(points * np.float32([1, 1, -1]), points) < 0.4
