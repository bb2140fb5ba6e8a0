"""Checkpoints: averaged where trained, whole or adapters alone, of the right network."""

import pytest
import torch
from torch import nn

from rna_predict.errors import InputError
from rna_predict.training.checkpoints import averaged_weights, load_averaged, read_checkpoint


def checkpoint(path, weights, average):
    state = {f"network.{name}": tensor for name, tensor in weights.items()}
    torch.save({"state_dict": state, "callbacks": {"Ema": average}, "global_step": 3}, path)
    return path


@pytest.fixture
def weights():
    return {"weight": torch.tensor([[1.0]]), "bias": torch.tensor([2.0])}


def test_weights_are_averaged_where_they_were_trained(tmp_path, weights):
    path = checkpoint(tmp_path / "c", weights, {"bias": torch.tensor([3.0])})
    assert averaged_weights(read_checkpoint(path)) == {
        "weight": torch.tensor([[1.0]]),
        "bias": torch.tensor([3.0]),
    }
    network = nn.Linear(1, 1)
    load_averaged(network, path)
    assert (network.weight.item(), network.bias.item()) == (1.0, 3.0)


@pytest.mark.parametrize("change", [{"gate": torch.tensor([1.0])}, {"bias": None}])
def test_checkpoint_of_another_network_is_refused(tmp_path, weights, change):
    changed = {name: t for name, t in (weights | change).items() if t is not None}
    path = checkpoint(tmp_path / "c", changed, {})
    with pytest.raises(InputError, match="is of another network: (gate|bias)"):
        load_averaged(nn.Linear(1, 1), path)


def test_absent_checkpoint_is_refused(tmp_path):
    with pytest.raises(InputError, match="no checkpoint that can be trusted"):
        read_checkpoint(tmp_path / "c")
