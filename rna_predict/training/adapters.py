"""What a phase trains: whole parts, or adapters on a frozen base; and adapters on disk."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from rna_predict.data.records import plain
from rna_predict.data.seeds import derive_seed
from rna_predict.data.weights import AdapterFile, weights_sha256, write_adapter, write_weights
from rna_predict.errors import InputError
from rna_predict.model.adapters import (
    inject_adapters,
    is_adapted,
    merge_adapters,
    stays_trainable,
    trained_state,
)
from rna_predict.training.settings import Phase
from rna_predict.training.trainer import is_first_process


def set_trainable(network: nn.Module, phase: Phase) -> None:
    """Freeze all but what the phase trains.

    Trained are its parts, or all parts if it names none. Of parts with adapters only these, the
    heads and the layers of the pair bias are.

    Parameters
    ----------
    network : Module
        Changed in place.
    phase : Phase
        Parts and adapters.

    Raises
    ------
    InputError
        If the network lacks a part of the phase, or has adapters where the phase has none, or none
        where it has.
    """
    known = [name for name, _ in network.named_children()]
    if stray := [name for name in phase.parts if name not in known]:
        raise InputError(f"phase {phase.name}", f"no part {stray[0]}; parts: {known}")
    if is_adapted(network) != (phase.adapter is not None):
        wanted = "no adapters" if phase.adapter is None else "adapters"
        raise InputError(f"phase {phase.name}", f"expected a network with {wanted}")
    adapted = () if phase.adapter is None else phase.adapter.parts
    for name, parameter in network.named_parameters():
        part = name.partition(".")[0]
        trains = not phase.parts or part in phase.parts
        if part in adapted:
            trains = trains and stays_trainable(name)
        parameter.requires_grad_(trains)


def describe_trainable(network: nn.Module) -> str:
    """Say how many weights are trained: ``trainable 12,345 of 1,400,000 (0.9 %)``."""
    whole = 0
    for parameter in network.parameters():
        packed = getattr(parameter, "quant_state", None)
        whole += parameter.numel() if packed is None else packed.shape.numel()
    trained = sum(parameter.numel() for parameter in trained_state(network).values())
    return f"trainable {trained:,} of {whole:,} ({100 * trained / whole:.1f} %)"


class AdapterPhase:
    """The adapters of one phase, from a plain network to a plain network.

    Parameters
    ----------
    network : Module
        The base. Gets adapters here and loses them in :meth:`finish`.
    phase : Phase
        With adapters.
    seed : int
        Seed of the run; adapters start from a draw of their own.
    folder : path
        Gets ``base_{phase}.safetensors`` now, and ``adapter_{phase}.safetensors`` at the end.
    model : dict
        Plain values of the model file.

    Raises
    ------
    InputError
        As :func:`inject_adapters`.
    """

    def __init__(
        self, network: nn.Module, phase: Phase, seed: int, folder: Path, model: dict[str, Any]
    ) -> None:
        self.network, self.phase, self.folder = network, phase, folder
        base = network.state_dict()
        self.base_sha256 = weights_sha256(base)
        if is_first_process():
            path = folder / f"base_{phase.name}.safetensors"
            write_weights(path, base, model, {"before": phase.name})
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(seed, "adapter", phase.name))
            inject_adapters(network, phase.adapter)

    def finish(self) -> None:
        """Write the adapter alone, then merge it into the network."""
        adapter = AdapterFile(
            tensors=trained_state(self.network),
            settings=plain(self.phase.adapter),
            base_sha256=self.base_sha256,
        )
        path = self.folder / f"adapter_{self.phase.name}.safetensors"
        if is_first_process():
            write_adapter(path, adapter, {"phase": self.phase.name})
        merge_adapters(self.network)
