"""What weights in parts need and whole ones survive; the parts themselves: test_trainer.py."""

import torch
from torch import nn

from rna_predict.training.sharding import copy_like, reach_all, whole


def test_every_trained_weight_gets_a_gradient_and_the_loss_stays():
    network = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)])
    network[2].requires_grad_(False)
    loss = network[0](torch.ones(1, 2)).sum()
    reached = reach_all(loss, network)
    assert reached.item() == loss.item()
    reached.backward()
    assert (network[1].weight.grad == 0).all()
    assert network[2].weight.grad is None
    assert (network[0].weight.grad == 1).all()


def test_whole_tensors_are_copied_as_they_are():
    source = torch.arange(3.0)
    copied = copy_like(source, torch.zeros(1))
    assert torch.equal(copied, source) and copied.data_ptr() != source.data_ptr()
    assert whole(source) is source
