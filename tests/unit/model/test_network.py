"""The whole network: gradient in every part, padding, handedness, determinism."""

from dataclasses import fields

import pytest
import torch

from rna_predict.geometry.nerf import build_atoms
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.network import RnaNetwork, Trunk
from rna_predict.model.sampler import SamplerSettings
from rna_predict.training import losses

STRUCTURE_PARTS = ("torsion_net", "pairformer", "merger", "diffusion")


@pytest.fixture
def batch(feature_maker):
    """Give features of two chains with torsions, coordinates and contacts to learn."""
    features = feature_maker((12, 9))
    generator = torch.Generator().manual_seed(4)
    torsions = torch.randn(2, 12, 14, generator=generator)
    coords = build_atoms(torsions, features.sequence)
    contacts = torch.rand(2, 12, 12, generator=generator) > 0.8
    return features, torsions, coords, contacts


def diffusion_loss(network, trunk, batch, generator):
    features, _, coords, _ = batch
    sigma = losses.sample_sigma((2, 4), generator)
    clean = (coords - coords.mean((1, 2), keepdim=True))[:, None]
    noise = torch.randn(2, 4, 12, 23, 3, generator=generator)
    denoised = network.denoise(trunk, features, clean + sigma[..., None, None, None] * noise, sigma)
    return losses.aligned_mse(denoised, coords, features.slot_mask, losses.edm_weight(sigma))


def full_loss(network, batch, generator):
    features, torsions, coords, contacts = batch
    trunk = network.trunk(features, recycles=1)
    samples = coords[:, None] + torch.randn(2, 2, 12, 23, 3, generator=generator)
    judged = network.confidence(trunk, features, samples)
    truth = (samples, coords, features.slot_mask)
    d = network.dimensions
    return (
        diffusion_loss(network, trunk, batch, generator)
        + losses.torsion_loss(
            trunk.torsion_sin_cos,
            torsions,
            features.residue_mask[..., None].expand(torsions.shape),
            trunk.torsion_norm,
        )
        + losses.distogram_loss(
            trunk.distogram_logits, coords, features.slot_mask, d.distogram_min, d.distogram_max
        )
        + losses.contact_loss(trunk.contact_logits, contacts, features.pair_mask)
        + losses.plddt_loss(judged.plddt_logits, *truth)
        + losses.pae_loss(judged.pae_logits, *truth, d.error_max)
        + losses.pde_loss(judged.pde_logits, *truth, d.error_max)
        + losses.resolved_loss(judged.resolved_logits, features.slot_mask, features.slot_mask)
    )


def train(network, loss, steps):
    """Take a few steps, and leave the gradient of one more."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for step in range(steps + 1):
        optimizer.zero_grad()
        loss().backward()
        if step < steps:
            optimizer.step()


def without_gradient(network):
    return [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or not parameter.grad.abs().sum() > 0
    ]


def test_gradient_reaches_every_tensor_after_three_steps(batch):
    torch.manual_seed(0)
    network = RnaNetwork(Dimensions())
    generator = torch.Generator().manual_seed(0)
    train(network, lambda: full_loss(network, batch, generator), steps=3)
    assert without_gradient(network) == []
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


def test_the_diffusion_loss_alone_reaches_every_structure_part(batch):
    torch.manual_seed(0)
    network = RnaNetwork(Dimensions())
    generator = torch.Generator().manual_seed(0)

    def loss():
        return diffusion_loss(network, network.trunk(batch[0], 1), batch, generator)

    train(network, loss, steps=3)
    idle = without_gradient(network)
    assert [name for name in idle if name.split(".")[0] in STRUCTURE_PARTS] == []
    assert {name.split(".")[0] for name in idle} == {
        "distogram_head",
        "contact_head",
        "confidence_head",
    }


def test_the_diffusion_loss_reaches_the_torsion_net_through_stage_c_alone(network_maker, batch):
    network = network_maker()
    generator = torch.Generator().manual_seed(0)
    trunk = network.trunk(batch[0], 0)
    trunk.start_coords.retain_grad()
    diffusion_loss(network, trunk, batch, generator).backward()
    mask = batch[0].slot_mask
    assert (trunk.start_coords.grad[mask].abs().sum(-1) > 0).float().mean() > 0.9
    assert trunk.start_coords.grad.isfinite().all()


def test_padding_changes_nothing(network, feature_maker):
    """The second chain alone, and padded in a batch with a longer one."""
    both, alone = feature_maker((9, 6)), feature_maker((9, 6))
    alone = type(alone)(
        sequence=both.sequence[1:, :6],
        residue_mask=both.residue_mask[1:, :6],
        residue_index=both.residue_index[1:, :6],
        pair_probability=both.pair_probability[1:, :6, :6],
    )
    generator = torch.Generator().manual_seed(0)
    noisy = 10 * torch.randn(2, 3, 9, 23, 3, generator=generator)
    sigma = torch.tensor([[1.0, 10.0, 100.0]] * 2)
    results = []
    with torch.no_grad():
        for features, x in ((both, noisy), (alone, noisy[1:, :, :6])):
            trunk = network.trunk(features, 1)
            denoised = network.denoise(trunk, features, x, sigma[: len(x)])
            judged = network.confidence(trunk, features, x)
            results.append((trunk, denoised, judged))
    for part in fields(Trunk):
        padded, plain = (getattr(result[0], part.name)[-1] for result in results)
        cut = padded[:6, :6] if "pair" in part.name or "logits" in part.name else padded[:6]
        torch.testing.assert_close(cut, plain, atol=1e-4, rtol=1e-4, msg=part.name)
    mask = alone.slot_mask[0].expand(3, 6, 23)
    torch.testing.assert_close(
        results[0][1][1, :, :6][mask], results[1][1][0][mask], atol=1e-4, rtol=1e-4
    )
    for measure in ("plddt", "pae", "pde", "ptm"):
        padded, plain = (getattr(result[2], measure)()[-1] for result in results)
        cut = padded[(slice(None), *(slice(0, 6),) * (padded.dim() - 1))]
        torch.testing.assert_close(cut, plain, atol=1e-3, rtol=1e-4, msg=measure)


def test_pair_outputs_are_symmetric(network, features):
    trunk = network.trunk(features, 0)
    torch.testing.assert_close(trunk.contact_logits, trunk.contact_logits.mT)
    torch.testing.assert_close(trunk.distogram_logits, trunk.distogram_logits.transpose(1, 2))


def test_a_seed_gives_the_same_network_and_the_same_samples(network_maker, features):
    drawn = []
    for seed in (0, 0, 1):
        network = network_maker(seed=seed)
        trunk = network.trunk(features, 1)
        generator = torch.Generator().manual_seed(0)
        settings = SamplerSettings(steps=3, gamma0=0.8)
        drawn.append(network.sample(trunk, features, 2, settings, generator))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_a_letter_that_is_not_known_has_a_backbone(network, features):
    features.sequence[0, 3] = 4
    trunk = network.trunk(features, 0)
    generator = torch.Generator().manual_seed(0)
    samples = network.sample(trunk, features, 1, SamplerSettings(steps=2), generator)
    assert samples.isfinite().all()
    assert (samples[0, 0, 3, :12] != 0).all() and (samples[0, 0, 3, 12:] == 0).all()


def test_one_residue_is_a_chain(network, feature_maker):
    features = feature_maker((1,))
    trunk = network.trunk(features)
    generator = torch.Generator().manual_seed(0)
    samples = network.sample(trunk, features, 2, SamplerSettings(steps=2), generator)
    assert samples.isfinite().all()
    assert network.confidence(trunk, features, samples).ptm().isfinite().all()
