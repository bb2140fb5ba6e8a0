"""The whole network: symmetry, determinism, odd chains."""

import torch

from rna_predict.model.sampler import SamplerSettings


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
