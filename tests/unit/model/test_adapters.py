"""Adapters: what they wrap, that they start as nothing, that merging keeps the outputs."""

import sys
from dataclasses import replace

import pytest
import torch

from rna_predict.errors import InputError
from rna_predict.model import adapters
from rna_predict.model.adapters import (
    AdapterSettings,
    attach_adapter,
    inject_adapters,
    is_adapted,
    merge_adapters,
    stays_trainable,
    target_names,
    trained_state,
)

SETTINGS = AdapterSettings(rank=2)


def outputs(network, features):
    """Run everything but the sampler, without dropout."""
    network.eval()
    with torch.no_grad():
        trunk = network.trunk(features, 1)
        noisy = torch.randn(2, 1, 9, 23, 3, generator=torch.Generator().manual_seed(0)) * 8
        coords = network.denoise(trunk, features, noisy, torch.full((2, 1), 8.0))
    return trunk.torsion_sin_cos, trunk.latent_single, trunk.latent_pair, coords


def furthest(first, second):
    """Greatest difference, as a fraction of the greatest value where that is above 1."""
    return max(
        float((a - b).abs().max() / a.abs().max().clamp_min(1.0))
        for a, b in zip(first, second, strict=True)
    )


def open_adapters(network, seed=0):
    """Give the second factor values, so that the adapters do something; train what may train."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(stays_trainable(name))
            if "lora_B" in name:
                parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))


def test_queries_keys_and_values_of_three_parts_are_adapted_by_default(network):
    names = target_names(network, SETTINGS)
    assert {name.split(".")[0] for name in names} == {"torsion_net", "pairformer", "diffusion"}
    assert {name.rpartition(".")[2] for name in names} <= set(adapters.ATTENTION)
    assert "torsion_net.blocks.0.attention.query_key_value" in names
    assert {"diffusion.blocks.1.query", "diffusion.blocks.1.key_value"} <= set(names)
    assert any(name.startswith("pairformer.blocks.0.starting") for name in names)
    assert not any("encoder" in name or "decoder" in name for name in names)


@pytest.mark.parametrize(
    ("targets", "kinds"), [("feed_forward", {"up", "down"}), ("both", {"up", "down", "query"})]
)
def test_feed_forward_layers_are_adapted_when_asked(network, targets, kinds):
    names = target_names(network, replace(SETTINGS, targets=targets))
    assert kinds <= {name.rpartition(".")[2] for name in names}


def test_a_range_of_blocks_is_adapted_when_asked(network):
    names = target_names(network, AdapterSettings(rank=2, parts=("diffusion",), blocks=(1, 2)))
    assert {name.split(".")[2] for name in names} == {"1"}


def test_pair_bias_and_heads_of_every_adapted_part_stay_trainable(network):
    stays = [name for name, _ in network.named_parameters() if stays_trainable(name)]
    for name in (
        "torsion_net.blocks.0.attention.pairing.weight",
        "torsion_net.heads.vectors.weight",
        "pairformer.blocks.0.attention.bias.weight",
        "pairformer.blocks.0.attention.pair_norm.weight",
        "pairformer.blocks.0.starting.bias.weight",
        "diffusion.biases.weight",
    ):
        assert name in stays
    assert "diffusion.blocks.0.query.bias" not in stays


def test_a_fresh_adapter_changes_nothing_and_freezes_the_base(network_maker, features):
    network = network_maker()
    before = outputs(network, features)
    base = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    inject_adapters(network, SETTINGS)
    assert is_adapted(network)
    assert all("lora_" in name for name in trained_state(network))
    assert furthest(before, outputs(network, features)) == 0.0
    after = {k.replace(".base_layer", ""): v for k, v in network.state_dict().items()}
    assert all(torch.equal(after[name], base[name]) for name in base)


def test_merging_keeps_the_outputs_and_the_names(network_maker, features):
    network = network_maker()
    plain, before = network.state_dict().keys(), outputs(network, features)
    inject_adapters(network, replace(SETTINGS, targets="both"))
    open_adapters(network)
    adapted = outputs(network, features)
    assert furthest(before, adapted) > 1e-2
    merge_adapters(network)
    assert not is_adapted(network)
    assert network.state_dict().keys() == plain
    assert furthest(adapted, outputs(network, features)) < 1e-5
    inject_adapters(network, SETTINGS)


def test_an_adapter_attached_to_its_base_gives_the_same_network(network_maker, features):
    first, second = network_maker(), network_maker()
    inject_adapters(first, SETTINGS)
    open_adapters(first)
    attach_adapter(second, SETTINGS, trained_state(first))
    assert furthest(outputs(first, features), outputs(second, features)) == 0.0


def test_an_adapter_of_another_network_is_refused(network_maker):
    first, second = network_maker(), network_maker(token_blocks=1)
    inject_adapters(first, SETTINGS)
    with pytest.raises(InputError, match=r"does not fit the network at diffusion.blocks.1"):
        attach_adapter(second, SETTINGS, trained_state(first))
    narrow = network_maker(token=8)
    with pytest.raises(InputError, match=r"expected shape \(2, 8\), got \(2, 16\)"):
        attach_adapter(narrow, SETTINGS, trained_state(first))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parts": ("merge",)}, "adapter.parts: merge: the network has no such part"),
        ({"parts": ("contact_head",)}, "adapter.parts: contact_head: the network has no such part"),
        ({"blocks": (7, 9)}, "none of its 1 blocks has attention layers in blocks 7 to 8"),
    ],
)
def test_adapters_that_fit_nothing_are_refused(network, changes, message):
    with pytest.raises(InputError, match=message):
        target_names(network, replace(SETTINGS, **changes))


def test_adapters_upon_adapters_are_refused(network_maker):
    network = network_maker()
    inject_adapters(network, SETTINGS)
    with pytest.raises(InputError, match="has adapters already"):
        inject_adapters(network, SETTINGS)


@pytest.mark.parametrize(
    "changes", [{"rank": 0}, {"dropout": 1.0}, {"alpha": 0.0}, {"parts": ()}, {"blocks": (2, 2)}]
)
def test_settings_that_adapt_nothing_are_refused(changes):
    with pytest.raises(ValueError, match="expected"):
        AdapterSettings(**{"rank": 2, **changes})


@pytest.mark.parametrize(("package", "quantise"), [("peft", "none"), ("bitsandbytes", "nf4")])
def test_a_missing_package_is_named(network_maker, monkeypatch, package, quantise):
    monkeypatch.setitem(sys.modules, package, None)
    if package == "bitsandbytes":
        monkeypatch.setitem(sys.modules, "bitsandbytes.nn", None)
    with pytest.raises(InputError, match=f"needs {package} .pip install {package}"):
        inject_adapters(network_maker(), replace(SETTINGS, quantise=quantise))


@pytest.mark.tool
def test_four_bits_hold_the_base_and_merge_to_plain_weights(network_maker, features):
    pytest.importorskip("bitsandbytes")
    network = network_maker()
    plain = network.state_dict()
    shapes = {name: tensor.shape for name, tensor in plain.items()}
    inject_adapters(network, replace(SETTINGS, quantise="nf4"))
    packed = [p for p in network.parameters() if hasattr(p, "quant_state")]
    assert packed and all(p.dtype == torch.uint8 for p in packed)
    open_adapters(network)
    network.train()
    trunk = network.trunk(features, 0)
    (trunk.latent_single.sum() + trunk.latent_pair.sum() + trunk.start_coords.sum()).backward()
    reached = [n for n, p in trained_state(network).items() if p.grad is not None and p.grad.any()]
    assert {name.split(".")[0] for name in reached if "lora_" in name} >= {
        "torsion_net",
        "pairformer",
    }
    adapted = outputs(network, features)
    merge_adapters(network)
    assert {name: tensor.shape for name, tensor in network.state_dict().items()} == shapes
    assert all(tensor.dtype == plain[name].dtype for name, tensor in network.state_dict().items())
    assert furthest(adapted, outputs(network, features)) < 1e-5
