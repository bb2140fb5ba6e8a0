"""Training checkpoints, and the weights that leave the training."""

import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rna_predict.data.records import plain
from rna_predict.data.weights import read_weights, write_weights
from rna_predict.errors import InputError
from rna_predict.model.adapters import is_adapted, trained_state
from rna_predict.training.settings import ModelFile


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a training checkpoint with torch's restricted unpickler.

    Raises
    ------
    InputError
        If the file is absent, or holds anything but tensors and plain values.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise InputError(path, f"no checkpoint that can be trusted: {error}") from error


def averaged_weights(checkpoint: dict[str, Any]) -> dict[str, Tensor]:
    """Give the weights of the network that a checkpoint holds, averaged where they were trained.

    The checkpoint of a phase with adapters holds what is trained alone.
    """
    state = checkpoint["state_dict"]
    weights = {name.removeprefix("network."): tensor for name, tensor in state.items()}
    return weights | checkpoint["callbacks"]["Ema"]


def starting_weights(path: Path, network: nn.Module) -> dict[str, Tensor]:
    """Read the weights that a training starts from.

    Raises
    ------
    InputError
        If the file cannot be read or is of a network of other dimensions.
    """
    weights, _ = read_weights(path)
    for name, tensor in network.state_dict().items():
        if name not in weights or weights[name].shape != tensor.shape:
            found = list(weights[name].shape) if name in weights else "none"
            raise InputError(path, f"{name}: expected {list(tensor.shape)}, got {found}")
    return weights


def load_averaged(network: nn.Module, checkpoint: Path) -> None:
    """Put the averaged weights of a checkpoint into the network that wrote it.

    Raises
    ------
    InputError
        If the checkpoint cannot be read or is of another network.
    """
    weights = averaged_weights(read_checkpoint(checkpoint))
    missing, unexpected = network.load_state_dict(weights, strict=False)
    wanted = trained_state(network) if is_adapted(network) else network.state_dict()
    if wrong := [*unexpected, *(name for name in missing if name in wanted)]:
        raise InputError(checkpoint, f"is of another network: {', '.join(wrong[:3])}")


def export_weights(
    network: nn.Module, checkpoint: Path, path: Path, model: ModelFile, phase: str
) -> None:
    """Write the weights of a network as safetensors.

    Parameters
    ----------
    network : Module
        With the averaged weights of the checkpoint, and adapters merged.
    checkpoint : path
        Written during training; gives the step.
    path : path
        File to write.
    model : ModelFile
        Settings that the network was made and trained with; they travel in the header.
    phase : str
        Name of the checkpoint's phase, for the header.

    Raises
    ------
    InputError
        If the checkpoint cannot be read.
    """
    facts = {"phase": phase, "step": read_checkpoint(checkpoint)["global_step"]}
    write_weights(path, network.state_dict(), plain(model), facts)
