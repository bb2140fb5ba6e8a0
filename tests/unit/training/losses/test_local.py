"""The smooth lDDT and the lDDT of residues."""

from math import exp

import numpy as np
import pytest
import torch
from biotite.structure import AtomArray, lddt

from rna_predict.training.losses.local import (
    LDDT_THRESHOLDS,
    PARTNER_SLOTS,
    residue_lddt,
    smooth_lddt_loss,
)


def test_smooth_lddt_ignores_rigid_motion_and_knows_its_best_value(truth, moved, mask, jittered):
    best = 1 - np.mean([1 / (1 + exp(-limit)) for limit in LDDT_THRESHOLDS])
    assert smooth_lddt_loss(moved, truth, mask).item() == pytest.approx(best, abs=1e-3)
    assert smooth_lddt_loss(jittered(moved, 3.0), truth, mask) > best + 0.2
    far = moved * 1000  # every distance is wrong by more than any threshold
    assert smooth_lddt_loss(far, truth, mask).item() == pytest.approx(1.0, abs=1e-2)


def test_smooth_lddt_equals_its_formula_in_numpy(truth, moved, mask, jittered):
    predicted = jittered(moved, 1.0)
    slots, residues = np.array(PARTNER_SLOTS), np.arange(10)
    x, t, m = (a.numpy() for a in (predicted, truth, mask))
    total, count = 0.0, 0
    for sample in x[0]:
        ours = np.linalg.norm(sample[:, :, None, None] - sample[None, None, :, slots], axis=-1)
        true = np.linalg.norm(t[0][:, :, None, None] - t[0][None, None, :, slots], axis=-1)
        kept = (true < 12) & m[0][:, :, None, None] & m[0][None, None, :, slots]
        kept &= (residues[:, None] != residues)[:, None, :, None]
        error = np.abs(ours - true)[kept]
        total += sum(1 / (1 + np.exp(error - limit)) for limit in LDDT_THRESHOLDS).sum() / 4
        count += kept.sum()
    loss = smooth_lddt_loss(predicted, truth, mask, radius=12.0)
    assert loss.item() == pytest.approx(1 - total / count, rel=1e-5)


def test_residue_lddt_of_one_displaced_residue(truth, moved, mask):
    perfect, defined = residue_lddt(moved, truth, mask)
    assert defined.all()
    torch.testing.assert_close(perfect, torch.ones(1, 3, 10))
    predicted = moved[:, :1].clone()
    predicted[:, :, 9] += 100.0
    score, _ = residue_lddt(predicted, truth, mask)
    assert score[0, 0, 9] == 0
    assert (score[0, 0, :9] > 0.5).all() and (score[0, 0, :9] < 1).any()


def test_residue_lddt_equals_biotite(truth, mask, jittered):
    predicted = jittered(truth[:, None], 1.0)
    residue = np.broadcast_to(np.arange(10)[:, None], (10, 23))[mask[0].numpy()]
    arrays = []
    for coords in (truth[0], predicted[0, 0]):
        array = AtomArray(len(residue))
        array.coord, array.res_id = coords[mask[0]].numpy(), residue
        array.chain_id[:] = "A"
        arrays.append(array)
    expected = lddt(*arrays, aggregation="residue")
    score, _ = residue_lddt(predicted, truth, mask)
    np.testing.assert_allclose(score[0, 0], expected, atol=1e-6)
