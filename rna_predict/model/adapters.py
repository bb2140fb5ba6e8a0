"""Adapters: low-rank updates of a frozen base (LoRA, Hu et al. 2021, arXiv:2106.09685), by peft.

An adapted map computes ``W x + alpha / rank * B A x`` with ``W`` frozen; ``B`` starts at zero, so a
fresh adapter changes nothing. The network stays an ``RnaNetwork``: peft wraps single layers in
place, and merging puts plain ones back. Heads and the layers of the pair bias are small and stay
fully trainable. With ``nf4`` the frozen maps are stored in 4 bits (QLoRA, Dettmers et al. 2023,
arXiv:2305.14314) by bitsandbytes. peft and bitsandbytes are imported only when asked for.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from rna_predict.errors import InputError

ATTENTION = ("query", "key", "value", "key_value", "query_key_value")
"""Names of the maps to queries, keys and values."""
FEED_FORWARD = ("up", "down")
"""Names of the maps of feed-forward layers."""
TARGETS = {"attention": ATTENTION, "feed_forward": FEED_FORWARD, "both": ATTENTION + FEED_FORWARD}
PAIR_BIAS = ("bias", "biases", "pairing", "pair_norm", "separation")
"""Names of the layers between the pair track and the scores of an attention."""
HEADS = ("heads", "regressor", "state", "end")
"""Names of what turns the states of the torsion net into torsions."""
ADAPTER = "default"
"""peft's name of the one adapter."""
BLOCK_OF_WEIGHTS = 64
"""Weights that share a scale in 4 bits; smaller maps are left as they are."""


@dataclass(frozen=True)
class AdapterSettings:
    """What is adapted, and how."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    rank: int
    """Rank of the updates."""
    alpha: float = 16.0
    """The updates are scaled by alpha / rank."""
    dropout: float = 0.1
    """Fraction of the updates' inputs that are dropped in training."""
    targets: Literal["attention", "feed_forward", "both"] = "attention"
    """Maps that are adapted: queries, keys and values, feed-forward layers, or both."""
    parts: tuple[str, ...] = ("torsion_net", "pairformer", "diffusion")
    """Parts of the network with adapters; their bases are frozen, but for heads and pair bias."""
    blocks: tuple[int, int] | None = None
    """First adapted block of each part and the one after the last; absent = all."""
    quantise: Literal["none", "nf4"] = "none"
    """Storage of the frozen maps of these parts; nf4 needs bitsandbytes."""

    def __post_init__(self) -> None:
        """Refuse settings that adapt nothing."""
        if self.rank < 1 or self.alpha <= 0 or not 0 <= self.dropout < 1:
            raise ValueError(
                "expected rank >= 1, alpha > 0 and 0 <= dropout < 1, got"
                f" {self.rank}, {self.alpha}, {self.dropout}"
            )
        if not self.parts:
            raise ValueError("expected at least one part to adapt")
        if self.blocks is not None and not (
            len(self.blocks) == 2 and 0 <= self.blocks[0] < self.blocks[1]
        ):
            raise ValueError(f"blocks: expected [first, after the last], got {self.blocks}")


def target_names(network: nn.Module, settings: AdapterSettings) -> list[str]:
    """Name the linear maps that the settings adapt.

    Parameters
    ----------
    network : Module
        Without adapters.
    settings : AdapterSettings
        Parts, their blocks, and kinds of maps.

    Returns
    -------
    list of str
        Names of submodules.

    Raises
    ------
    InputError
        If the network lacks a part, or nothing in a part is adapted.
    """
    names = []
    for part in settings.parts:
        blocks = getattr(getattr(network, part, None), "blocks", None)
        if blocks is None:
            raise InputError(f"adapter.parts: {part}", "the network has no such part with blocks")
        first, stop = settings.blocks or (0, len(blocks))
        found = [
            f"{part}.blocks.{number}.{name}"
            for number, block in enumerate(blocks)
            for name, module in block.named_modules()
            if first <= number < stop
            and isinstance(module, nn.Linear)
            and name.rpartition(".")[2] in TARGETS[settings.targets]
        ]
        if not found:
            raise InputError(
                f"adapter.parts: {part}",
                f"none of its {len(blocks)} blocks has {settings.targets} layers"
                f" in blocks {first} to {stop - 1}",
            )
        names += found
    return names


def stays_trainable(parameter: str) -> bool:
    """Whether a parameter of an adapted part trains: of an adapter, a head or the pair bias."""
    modules = parameter.split(".")[:-1]
    return any(name.startswith("lora_") or name in PAIR_BIAS + HEADS for name in modules)


def is_adapted(network: nn.Module) -> bool:
    """Whether a network has adapters in it."""
    return any(".lora_A." in name for name, _ in network.named_parameters())


def inject_adapters(network: nn.Module, settings: AdapterSettings) -> None:
    """Wrap the target maps; the network computes what it did before, and its base is frozen.

    Parameters
    ----------
    network : Module
        Changed in place. The adapters' first factor is drawn from torch's global generator.
    settings : AdapterSettings
        What is adapted.

    Raises
    ------
    InputError
        As :func:`target_names`; or if the network has adapters already; or peft, or bitsandbytes
        for ``nf4``, is not installed.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise InputError("adapter", f"needs peft (pip install peft): {error}") from error
    if is_adapted(network):
        raise InputError("adapter", "the network has adapters already; merge them first")
    names = target_names(network, settings)
    network.requires_grad_(False)
    if settings.quantise == "nf4":
        _quantise(network, settings)
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=names,
        bias="none",
    )
    inject_adapter_in_model(config, network, adapter_name=ADAPTER)
    network.train(network.training)


def attach_adapter(
    network: nn.Module, settings: AdapterSettings, tensors: dict[str, Tensor]
) -> None:
    """Put a trained adapter on its base.

    Parameters
    ----------
    network : Module
        The base; changed in place.
    settings : AdapterSettings
        Of the adapter.
    tensors : dict of tensors
        All that was trained, as :func:`trained_state` gave it.

    Raises
    ------
    InputError
        As :func:`inject_adapters`; or if the tensors are not those of such an adapter.
    """
    inject_adapters(network, settings)
    state = network.state_dict()
    adapters = {name for name in state if ".lora_" in name}
    if wrong := sorted((adapters | tensors.keys()) - (state.keys() & tensors.keys())):
        raise InputError("adapter", f"does not fit the network at {', '.join(wrong[:3])}")
    for name, tensor in tensors.items():
        if state[name].shape != tensor.shape:
            shapes = f"expected shape {tuple(state[name].shape)}, got {tuple(tensor.shape)}"
            raise InputError("adapter", f"{name}: {shapes}")
        state[name].copy_(tensor)


def trained_state(network: nn.Module) -> dict[str, Tensor]:
    """Give the parameters that are trained: with adapters, all that makes them."""
    return {name: p for name, p in network.named_parameters() if p.requires_grad}


def merge_adapters(network: nn.Module) -> None:
    """Add the updates to the base and put plain layers back; the outputs stay the same.

    Maps in 4 bits become plain ones with the values that the 4 bits stand for.

    Parameters
    ----------
    network : Module
        Changed in place; without adapters it stays as it is.
    """
    for name, module in list(network.named_modules()):
        if hasattr(module, "lora_A"):
            _replace(
                network, name, _plain(module.get_base_layer(), module.get_delta_weight(ADAPTER))
            )
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.Linear) and hasattr(module.weight, "quant_state"):
            _replace(network, name, _plain(module, None))
    for mark in ("peft_config", "is_loaded_in_4bit"):
        if hasattr(network, mark):
            delattr(network, mark)


@torch.no_grad()
def _plain(base: nn.Linear, update: Tensor | None) -> nn.Linear:
    """Make a plain map with the weight of a base, in 4 bits or not, plus an update."""
    weight = base.weight
    if hasattr(weight, "quant_state"):
        from bitsandbytes.functional import dequantize_4bit

        weight = dequantize_4bit(weight.data, weight.quant_state)
    plain = nn.Linear(
        base.in_features, base.out_features, base.bias is not None, device="meta"
    ).to_empty(device=weight.device)
    plain.weight.copy_(weight if update is None else weight + update)
    if base.bias is not None:
        plain.bias.copy_(base.bias)
    return plain


def _replace(network: nn.Module, name: str, module: nn.Module) -> None:
    """Put a module in the place of the one with a name."""
    parent, _, child = name.rpartition(".")
    setattr(network.get_submodule(parent), child, module.train(network.training))


def _quantise(network: nn.Module, settings: AdapterSettings) -> None:
    """Store the frozen linear maps of the adapted parts in 4 bits."""
    try:
        from bitsandbytes.nn import Linear4bit, Params4bit
    except ImportError as error:
        raise InputError(
            "adapter.quantise: nf4", f"needs bitsandbytes (pip install bitsandbytes): {error}"
        ) from error
    for part in settings.parts:
        for inner, module in list(network.get_submodule(part).named_modules()):
            name = f"{part}.{inner}"
            if (
                type(module) is not nn.Linear
                or stays_trainable(f"{name}.weight")
                or module.weight.numel() < BLOCK_OF_WEIGHTS
            ):
                continue
            small = Linear4bit(
                module.in_features,
                module.out_features,
                bias=module.bias is not None,
                compute_dtype=module.weight.dtype,
                quant_type="nf4",
                device="meta",
            )
            # Its CPU kernel for inference would repack the weights in place, at a loss.
            small.support_avx512bf16_for_cpu = False
            small.weight = Params4bit(module.weight.data, requires_grad=False, quant_type="nf4")
            small.bias = module.bias
            _replace(network, name, small.to(module.weight.device))
    network.is_loaded_in_4bit = True
