"""Distogram and contacts."""

from math import log

import pytest
import torch

from rna_predict.training.losses.pairs import C1, contact_loss, distogram_loss


def test_distogram_loss_reads_the_right_bin(truth, mask):
    c1 = truth[:, :, C1]
    distance = (c1[:, :, None] - c1[:, None]).norm(dim=-1)
    edges = torch.linspace(2.0, 20.0, 9)
    sharp = torch.nn.functional.one_hot(torch.bucketize(distance, edges), 10) * 50.0
    assert distogram_loss(sharp, truth, mask, 2.0, 20.0).item() < 1e-6
    flat = torch.zeros(1, 10, 10, 10)
    assert distogram_loss(flat, truth, mask, 2.0, 20.0).item() == pytest.approx(log(10))


def test_contact_loss_counts_only_its_mask():
    contacts = torch.zeros(1, 4, 4, dtype=torch.bool)
    contacts[0, 0, 3] = contacts[0, 3, 0] = True
    logits = torch.where(contacts, 40.0, -40.0)
    mask = torch.ones_like(contacts)
    assert contact_loss(logits, contacts, mask).item() < 1e-6
    logits[0, 1, 2] = 40.0
    mask[0, 1, 2] = False
    assert contact_loss(logits, contacts, mask).item() < 1e-6
    assert contact_loss(-logits, contacts, mask).item() == pytest.approx(40.0)
