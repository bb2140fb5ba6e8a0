"""Fine-tuning by adapters: what trains, what stays bit for bit, what lies on disk."""

import logging
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from rna_predict.data.batch import collate
from rna_predict.data.dataset import load_examples
from rna_predict.data.records import plain
from rna_predict.data.weights import read_adapter, read_weights, weights_sha256
from rna_predict.errors import InputError
from rna_predict.model.adapters import (
    AdapterSettings,
    inject_adapters,
    is_adapted,
    trained_state,
)
from rna_predict.model.inputs import Features
from rna_predict.model.network import RnaNetwork
from rna_predict.predict.weights import load_predictor
from rna_predict.training.adapters import AdapterPhase, describe_trainable, set_trainable
from rna_predict.training.objective import loss_terms, weigh
from rna_predict.training.settings import LossWeights, Phase

ADAPTER = AdapterSettings(rank=2)
PARTS = ("torsion_net", "pairformer", "distogram_head", "contact_head", "merger", "diffusion")


@pytest.fixture
def phase(small_model) -> Phase:
    """Give a LoRA phase whose only loss is that of the diffusion."""
    losses = {field.name: 0.0 for field in fields(LossWeights)} | {"diffusion": 1.0}
    return replace(
        small_model.training.phases[0], name="lora", parts=PARTS, adapter=ADAPTER,
        losses=LossWeights(**losses),
    )  # fmt: skip


@pytest.fixture
def batch(tmp_path, example_chains, make_tables):
    """Give two real chains."""
    paths = make_tables(tmp_path, {"train": sorted(example_chains, key=len)[:2]})
    examples = load_examples(paths, "train").examples
    return collate([example.crop(np.arange(min(24, len(example.chain)))) for example in examples])


def make_network(model, seed=0):
    """Build a network in which every path carries a signal, as a trained one."""
    torch.manual_seed(seed)
    network = RnaNetwork(model.dimensions)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.05 * torch.randn(parameter.shape)
    return network


def fine_tune(network, model, phase, batch, steps):
    """Take a few steps; give the last gradients by name."""
    optimizer = torch.optim.Adam(trained_state(network).values(), lr=1e-3)
    network.train()
    for step in range(steps):
        generator = torch.Generator().manual_seed(step)
        loss, _ = weigh(loss_terms(network, batch, phase, model.training, generator), phase.losses)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {name: p.grad for name, p in trained_state(network).items() if p.grad is not None}


def latents(network, batch):
    network.eval()
    with torch.no_grad():
        trunk = network.trunk(Features(**batch.inputs), 0)
    return trunk.latent_single, trunk.latent_pair, trunk.torsion_sin_cos


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_two_chains_change_the_output_and_leave_the_base_bit_for_bit(small_model, phase, batch):
    network = make_network(small_model)
    base = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    before = latents(network, batch)
    inject_adapters(network, phase.adapter)
    set_trainable(network, phase)
    trained = {name.replace(".base_layer", "") for name in trained_state(network)}
    assert same(before, latents(network, batch))
    fine_tune(network, small_model, phase, batch, steps=3)
    assert not same(before, latents(network, batch))
    after = {
        name.replace(".base_layer", ""): tensor for name, tensor in network.state_dict().items()
    }
    frozen = base.keys() - trained
    assert all(torch.equal(after[name], base[name]) for name in frozen)
    moved = {name for name in base.keys() & trained if not torch.equal(after[name], base[name])}
    assert {name.split(".")[0] for name in moved} >= {"merger", "pairformer", "diffusion"}
    for name in ("pairformer.blocks.0.attention.attention.query.weight", "diffusion.noise.weight"):
        assert name in frozen


def test_diffusion_loss_alone_reaches_the_adapters_of_every_part(small_model, phase, batch):
    network = make_network(small_model)
    inject_adapters(network, phase.adapter)
    set_trainable(network, phase)
    gradients = fine_tune(network, small_model, phase, batch, steps=2)
    reached = [name for name, gradient in gradients.items() if gradient.any()]
    for part in ADAPTER.parts:
        ours = [name for name in trained_state(network) if name.startswith(part)]
        lora = [name for name in ours if ".lora_" in name]
        assert lora and set(lora) <= set(reached), sorted(set(lora) - set(reached))
        assert any(".lora_" not in name for name in ours if name in reached)
    assert [name for name in reached if name.startswith("merger")]


def test_adapters_alone_train_when_the_phase_names_their_parts_alone(small_model, phase):
    network = make_network(small_model)
    only = replace(phase, parts=ADAPTER.parts)
    inject_adapters(network, only.adapter)
    set_trainable(network, only)
    assert {name.split(".")[0] for name in trained_state(network)} == set(ADAPTER.parts)
    whole = replace(phase, parts=())
    set_trainable(network, whole)
    assert any(name.startswith("confidence_head") for name in trained_state(network))


def test_phase_and_network_must_agree_on_adapters(small_model, phase):
    network = make_network(small_model)
    with pytest.raises(InputError, match="phase lora: expected a network with adapters"):
        set_trainable(network, phase)
    inject_adapters(network, phase.adapter)
    with pytest.raises(InputError, match="phase lora: expected a network with no adapters"):
        set_trainable(network, replace(phase, adapter=None))


def test_adapter_on_a_part_that_does_not_train_is_refused(phase):
    with pytest.raises(ValueError, match="adapter on diffusion, which is not in its parts"):
        replace(phase, parts=("torsion_net", "pairformer"))


def test_trainable_count_is_told(small_model, phase):
    network = make_network(small_model)
    whole = sum(parameter.numel() for parameter in network.parameters())
    inject_adapters(network, phase.adapter)
    set_trainable(network, replace(phase, parts=ADAPTER.parts))
    trained = sum(parameter.numel() for parameter in trained_state(network).values())
    added = sum(p.numel() for name, p in trained_state(network).items() if ".lora_" in name)
    assert describe_trainable(network) == (
        f"trainable {trained:,} of {whole + added:,} ({100 * trained / (whole + added):.1f} %)"
    )


def test_adapter_on_disk_is_small_and_gives_the_trained_network_on_its_base(
    small_model, phase, batch, tmp_path
):
    network = make_network(small_model)
    only = replace(phase, parts=ADAPTER.parts)
    adapters = AdapterPhase(network, only, 0, tmp_path, plain(small_model))
    set_trainable(network, only)
    fine_tune(network, small_model, only, batch, steps=2)
    expected = latents(network, batch)
    adapters.finish()
    assert not is_adapted(network)
    base, path = tmp_path / "base_lora.safetensors", tmp_path / "adapter_lora.safetensors"
    file = read_adapter(path)
    assert file.settings == plain(ADAPTER)
    assert file.base_sha256 == weights_sha256(read_weights(base)[0])
    assert sum(t.numel() for t in file.tensors.values()) < 0.2 * sum(
        tensor.numel() for tensor in read_weights(base)[0].values()
    )
    loaded = load_predictor(base, "cpu", adapter=path)
    for ours, theirs in ((network, expected), (loaded.network, expected)):
        for a, b in zip(latents(ours, batch), theirs, strict=True):
            torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)
    assert loaded.sha256 != load_predictor(base, "cpu").sha256


def test_adapter_on_another_base_is_refused(small_model, phase, tmp_path):
    for seed, folder in ((0, "one"), (1, "two")):
        network = make_network(small_model, seed)
        (tmp_path / folder).mkdir()
        adapters = AdapterPhase(network, phase, 0, tmp_path / folder, plain(small_model))
        set_trainable(network, phase)
        adapters.finish()
    with pytest.raises(InputError, match="was trained on weights .* holds"):
        load_predictor(
            tmp_path / "two" / "base_lora.safetensors",
            "cpu",
            adapter=tmp_path / "one" / "adapter_lora.safetensors",
        )
    with pytest.raises(InputError, match="no adapter of this program"):
        read_adapter(tmp_path / "one" / "base_lora.safetensors")


def test_adapters_start_alike_under_a_seed(small_model, phase, tmp_path):
    first, second, other = (
        AdapterPhase(make_network(small_model), phase, seed, tmp_path, plain(small_model)).network
        for seed in (0, 0, 1)
    )
    assert same(first.state_dict().values(), second.state_dict().values())
    assert not same(first.state_dict().values(), other.state_dict().values())


def test_nothing_is_logged_as_an_error_when_peft_wraps(small_model, phase, caplog):
    with caplog.at_level(logging.WARNING):
        inject_adapters(make_network(small_model), phase.adapter)
    assert caplog.text == ""
