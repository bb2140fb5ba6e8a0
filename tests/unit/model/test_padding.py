"""A chain alone and the same chain padded in a batch give the same result, through every stage."""

from dataclasses import fields, replace

import pytest
import torch

from rna_predict.model import sampler
from rna_predict.model.network import Trunk
from rna_predict.model.sampler import SamplerSettings

LENGTHS = (11, 6)
N, SHORT = LENGTHS
CLOSE = {"atol": 1e-4, "rtol": 1e-4}


@pytest.fixture(scope="module", params=[(0, 0), (4, 2)], ids=["sequence", "msa_and_templates"])
def chains(request, feature_maker, feature_cutter):
    """Give a batch whose second chain is padded, and that chain alone."""
    rows, templates = request.param
    both = feature_maker(LENGTHS, rows=rows, templates=templates)
    return both, feature_cutter(both, 1, SHORT)


@pytest.fixture(scope="module")
def trunks(network, chains):
    with torch.no_grad():
        return [network.trunk(features, 1) for features in chains]


def cut(tensor, axes):
    """Take the second chain and drop its padding along some axes."""
    tensor = tensor[1:]
    for axis in axes:
        tensor = tensor.narrow(axis, 0, SHORT)
    return tensor


@pytest.mark.parametrize("part", [field.name for field in fields(Trunk)])
def test_the_trunk_ignores_padding(trunks, part):
    padded, alone = (getattr(trunk, part) for trunk in trunks)
    axes = (1, 2) if "pair" in part or "logits" in part else (1,)
    torch.testing.assert_close(cut(padded, axes), alone, **CLOSE)


def test_the_denoiser_ignores_padding(network, chains, trunks):
    noisy = 10 * torch.randn(2, 3, N, 23, 3, generator=torch.Generator().manual_seed(0))
    sigma = torch.tensor([[1.0, 10.0, 100.0]] * 2)
    with torch.no_grad():
        padded = network.denoise(trunks[0], chains[0], noisy, sigma)
        alone = network.denoise(trunks[1], chains[1], cut(noisy, (2,)), sigma[1:])
    mask = chains[1].slot_mask[:, None].expand(1, 3, SHORT, 23)
    torch.testing.assert_close(cut(padded, (2,))[mask], alone[mask], **CLOSE)


@pytest.mark.parametrize("start", ["noise", "kinematics"])
def test_sampling_ignores_padding(network, chains, trunks, start, monkeypatch):
    """Same noise and same turns for the residues of the chain, other noise for its padding."""
    settings = replace(SamplerSettings(steps=4, gamma0=0.4), start=start)
    generator = torch.Generator().manual_seed(0)
    turns = sampler.random_rotations((8, 2, 2), generator)
    numbers = torch.randn(8, 2, 2, N, 23, 3, generator=generator)
    samples = []
    for trunk, features in zip(trunks, chains, strict=True):
        draws, turned = iter(numbers), iter(turns)

        def normal(like, _, draws=draws):
            x = next(draws)
            return x if like.shape == x.shape else cut(x, (2,))

        def rotations(shape, *_, turned=turned):
            return next(turned)[-shape[0] :]

        monkeypatch.setattr(sampler, "standard_normal", normal)
        monkeypatch.setattr(sampler, "random_rotations", rotations)
        samples.append(network.sample(trunk, features, 2, settings, generator))
    torch.testing.assert_close(cut(samples[0], (2,)), samples[1], **CLOSE)
    assert (samples[0][1, :, SHORT:] == 0).all()


def test_confidence_ignores_padding(network, chains, trunks):
    coords = 10 * torch.randn(2, 2, N, 23, 3, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        padded = network.confidence(trunks[0], chains[0], coords)
        alone = network.confidence(trunks[1], chains[1], cut(coords, (2,)))
    for part, axes in (
        ("plddt_logits", (2,)), ("pae_logits", (2, 3)), ("pde_logits", (2, 3)),
        ("resolved_logits", (2,)),
    ):  # fmt: skip
        torch.testing.assert_close(
            cut(getattr(padded, part), axes), getattr(alone, part), msg=part, **CLOSE
        )
    torch.testing.assert_close(padded.ptm()[1:], alone.ptm(), **CLOSE)
