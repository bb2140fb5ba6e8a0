"""Weights on disk: safetensors with the model file in their header; nothing in them is executed."""

import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from rna_predict.errors import InputError
from rna_predict.model.network import RnaNetwork
from rna_predict.structure.files import replacing
from rna_predict.training.records import parse_record, plain
from rna_predict.training.settings import ModelFile

FORMAT = "rna-predict 1"
"""Value of ``format`` in the header of weights that this version reads."""


def save_weights(
    path: Path, weights: dict[str, Tensor], model: ModelFile, facts: dict[str, str]
) -> None:
    """Write weights as safetensors, whole or not at all.

    Parameters
    ----------
    path : path
        File to write.
    weights : dict of tensors
        State of an :class:`RnaNetwork`.
    model : ModelFile
        Settings that the network was made and trained with; they travel in the header.
    facts : dict of str
        More header entries, such as the step.
    """
    header = {"format": FORMAT, "model": json.dumps(plain(model)), **facts}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata=header)


def read_model_header(path: Path) -> ModelFile:
    """Read the settings that stand in the header of a weights file.

    Raises
    ------
    InputError
        If the file is absent, no safetensors, or not one of this program.
    """
    with _open(path) as file:
        header = file.metadata() or {}
    if header.get("format") != FORMAT or "model" not in header:
        raise InputError(path, f"expected weights of {FORMAT!r}, got {header.get('format')!r}")
    try:
        values = json.loads(header["model"])
    except json.JSONDecodeError as error:
        raise InputError(path, f"its header holds no model file: {error}") from error
    return parse_record(ModelFile, values, path)


def load_network(path: Path, device: torch.device | str = "cpu") -> tuple[RnaNetwork, ModelFile]:
    """Build the network that a weights file belongs to, ready to predict.

    Parameters
    ----------
    path : path
        safetensors written by :func:`save_weights`.
    device : torch.device or str
        Where the network goes.

    Returns
    -------
    network : RnaNetwork
        In evaluation mode, without gradients.
    model : ModelFile
        Its settings.

    Raises
    ------
    InputError
        If the file cannot be read, or does not fit the network its header describes.
    """
    model = read_model_header(path)
    with torch.random.fork_rng(devices=[]):
        network = RnaNetwork(model.dimensions)
    with _open(path) as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError(path, f"does not fit its own dimensions: {error}") from error
    return network.to(device).eval().requires_grad_(False), model


def file_sha256(path: Path) -> str:
    """Hash a file; 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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


def _open(path: Path) -> Any:
    """Open safetensors, saying which file is at fault."""
    try:
        return safe_open(path, framework="pt")
    except (OSError, SafetensorError) as error:
        raise InputError(path, f"no readable safetensors: {error}") from error
