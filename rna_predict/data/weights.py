"""Weights on disk: safetensors with the settings in the header; nothing in them is executed.

The header holds one entry, JSON with ``format``, ``model`` (the model file) and facts such as the
step. Whoever reads a file has all that is needed to build the network it belongs to. Where weights
are rounded to fewer bits, ``stored`` says so, and they are read as single precision. A file of an
adapter holds in its place ``adapter`` (its settings) and ``base_sha256`` (what it was trained on).
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from rna_predict.errors import InputError
from rna_predict.structure.files import replacing

ENTRY = "rna_predict"
"""The one entry of the header: safetensors writes several in an order that changes by chance."""
FORMAT = 1
"""Value of ``format`` in files that this version reads."""
STORED = "stored"
"""Fact that names a type of fewer bits than single precision."""

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True, eq=False)
class AdapterFile:
    """A trained adapter.

    Attributes
    ----------
    tensors : dict of tensors
        All that was trained.
    settings : dict
        Plain values of ``model.adapters.AdapterSettings``.
    base_sha256 : str
        :func:`weights_sha256` of the weights that it was trained on.
    """

    tensors: dict[str, Tensor]
    settings: dict[str, Any]
    base_sha256: str


def write_weights(
    path: Path,
    weights: dict[str, Tensor],
    model: dict[str, Any],
    facts: dict[str, Any],
    precision: Precision = "float32",
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
    precision : {"float32", "bfloat16"}
        Of the stored numbers; bfloat16 has their range, three digits and half their bytes.
    """
    if precision != "float32":
        dtype = getattr(torch, precision)
        weights = {
            name: tensor.to(dtype) if tensor.is_floating_point() else tensor
            for name, tensor in weights.items()
        }
        facts = {**facts, STORED: precision}
    _write(path, weights, {"model": model, **facts})


def convert_weights(source: Path, path: Path, precision: Precision) -> None:
    """Write weights of a file in another precision, with the facts of its header.

    Raises
    ------
    InputError
        As :func:`read_weights`.
    """
    weights, facts = _read(source, "weights", ("model",))
    facts = {name: value for name, value in facts.items() if name not in ("format", STORED)}
    write_weights(path, _single(weights), facts.pop("model"), facts, precision)


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read weights and the model file they belong to.

    Returns
    -------
    weights : dict of tensors
        On the CPU, in single precision.
    model : dict
        Plain values of the model file.

    Raises
    ------
    InputError
        If the file is absent, no safetensors, or not one of this program.
    """
    weights, facts = _read(path, "weights", ("model",))
    return _single(weights), facts["model"]


def _single(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give weights in single precision."""
    return {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in weights.items()
    }


def write_adapter(path: Path, adapter: AdapterFile, facts: dict[str, Any]) -> None:
    """Write an adapter as :func:`write_weights` writes weights."""
    header = {"adapter": adapter.settings, "base_sha256": adapter.base_sha256, **facts}
    _write(path, adapter.tensors, header)


def read_adapter(path: Path) -> AdapterFile:
    """Read an adapter.

    Raises
    ------
    InputError
        If the file is absent, no safetensors, or no adapter of this program.
    """
    tensors, facts = _read(path, "adapter", ("adapter", "base_sha256"))
    return AdapterFile(tensors, facts["adapter"], facts["base_sha256"])


def weights_sha256(weights: dict[str, Tensor]) -> str:
    """Hash names, types, shapes and values of weights, in whatever file; 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        tensor = weights[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _write(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write tensors with facts in the header."""
    header = {ENTRY: json.dumps({"format": FORMAT, **facts})}
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        save_file(plain, temporary, metadata=header)


def _read(path: Path, what: str, keys: tuple[str, ...]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read tensors and the facts of the header, which must have some keys."""
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise InputError(path, f"no readable safetensors: {error}") from error
    try:
        facts = json.loads(header.get(ENTRY, "null"))
    except json.JSONDecodeError as error:
        raise InputError(path, f"its header is not JSON: {error}") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT or not set(keys) <= set(facts):
        raise InputError(path, f"no {what} of this program (format {FORMAT}); header: {header}")
    return tensors, facts


def file_sha256(path: Path) -> str:
    """Hash a file; 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
