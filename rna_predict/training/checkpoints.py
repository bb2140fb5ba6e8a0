"""Training checkpoints, and the weights that leave the training."""

import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rna_predict.data.records import plain
from rna_predict.data.weights import write_weights
from rna_predict.errors import InputError
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
    """Give the averaged weights of the network that a checkpoint holds."""
    return checkpoint["callbacks"]["Ema"]


def export_weights(checkpoint: Path, path: Path, model: ModelFile, phase: str) -> None:
    """Write the averaged weights of a checkpoint as safetensors.

    Parameters
    ----------
    checkpoint : path
        Written during training.
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
    state = read_checkpoint(checkpoint)
    facts = {"phase": phase, "step": state["global_step"]}
    write_weights(path, averaged_weights(state), plain(model), facts)
