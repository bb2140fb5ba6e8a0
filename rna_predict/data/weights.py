"""Weights on disk: safetensors with the settings in the header; nothing in them is executed.

The header holds one entry, JSON with ``format``, ``model`` (the model file) and facts such as the
step. Whoever reads a file has all that is needed to build the network it belongs to.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from rna_predict.errors import InputError
from rna_predict.structure.files import replacing

ENTRY = "rna_predict"
"""The one entry of the header: safetensors writes several in an order that changes by chance."""
FORMAT = 1
"""Value of ``format`` in files that this version reads."""


def write_weights(
    path: Path, weights: dict[str, Tensor], model: dict[str, Any], facts: dict[str, Any]
) -> None:
    """Write weights, whole or not at all; the same weights give the same bytes.

    Parameters
    ----------
    path : path
        File to write.
    weights : dict of tensors
        State of a network.
    model : dict
        Plain values of the model file.
    facts : dict
        More plain values, such as the step.
    """
    header = {ENTRY: json.dumps({"format": FORMAT, "model": model, **facts})}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata=header)


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read weights and the model file they belong to.

    Returns
    -------
    weights : dict of tensors
        On the CPU.
    model : dict
        Plain values of the model file.

    Raises
    ------
    InputError
        If the file is absent, no safetensors, or not one of this program.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise InputError(path, f"no readable safetensors: {error}") from error
    try:
        facts = json.loads(header.get(ENTRY, "null"))
    except json.JSONDecodeError as error:
        raise InputError(path, f"its header is not JSON: {error}") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT or "model" not in facts:
        raise InputError(path, f"no weights of this program (format {FORMAT}); header: {header}")
    return weights, facts["model"]


def file_sha256(path: Path) -> str:
    """Hash a file; 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
