"""Confidence: expectations, pTM, gradients, samples judged one by one."""

import pytest
import torch

from rna_predict.evaluate.tm_score import tm_d0
from rna_predict.model.confidence import Confidence, expected, tm_scale


def certain(bins, chosen, *shape):
    """Logits that are sure of one bin."""
    logits = torch.zeros(*shape, bins)
    logits[..., chosen] = 100.0
    return logits


def judged(pae_bin, lengths=(40, 30), n=40, bins=64):
    return Confidence(
        plddt_logits=certain(50, 49, 2, 1, n),
        pae_logits=certain(bins, pae_bin, 2, 1, n, n),
        pde_logits=certain(bins, 0, 2, 1, n, n),
        resolved_logits=torch.zeros(2, 1, n, 23),
        residue_mask=torch.arange(n) < torch.tensor(lengths)[:, None],
        error_max=32.0,
    )


@pytest.fixture
def samples():
    return 10 * torch.randn(2, 3, 9, 23, 3, generator=torch.Generator().manual_seed(0))


def test_scale_is_that_of_the_tm_score():
    assert [tm_scale(n) for n in range(1, 400)] == [tm_d0(n) for n in range(1, 400)]


def test_expectations_are_bin_centres():
    confidence = judged(pae_bin=10)
    torch.testing.assert_close(confidence.plddt(), torch.full((2, 1, 40), 99.0))
    torch.testing.assert_close(confidence.pae(), torch.full((2, 1, 40, 40), 5.25))
    torch.testing.assert_close(confidence.pde(), torch.full((2, 1, 40, 40), 0.25))
    half = torch.zeros(1, 2)
    torch.testing.assert_close(expected(half, 100.0), torch.tensor([50.0]))


@pytest.mark.parametrize("pae_bin", [0, 3, 20])
def test_ptm_of_a_known_error_uses_the_length_of_each_chain(pae_bin):
    error = (pae_bin + 0.5) / 2
    ptm = judged(pae_bin).ptm()
    for chain, length in enumerate((40, 30)):
        d0 = 0.6 * (length - 0.5) ** 0.5 - 2.5
        assert ptm[chain, 0].item() == pytest.approx(1 / (1 + (error / d0) ** 2), rel=1e-4)


def test_ptm_is_that_of_the_best_residue():
    confidence = judged(pae_bin=63)
    confidence.pae_logits[0, 0, 7] = certain(64, 0, 40)
    d0 = tm_scale(40)
    assert confidence.ptm()[0, 0].item() == pytest.approx(1 / (1 + (0.25 / d0) ** 2), rel=1e-4)
    assert confidence.ptm()[1, 0] < 0.1


def test_samples_are_judged_one_by_one(network, features, samples):
    with torch.no_grad():
        trunk = network.trunk(features, 0)
        together = network.confidence(trunk, features, samples)
        alone = network.confidence(trunk, features, samples[:, 2:])
    for name in ("plddt_logits", "pae_logits", "pde_logits", "resolved_logits"):
        first, second = getattr(together, name), getattr(alone, name)
        torch.testing.assert_close(first[0, 2:], second[0], atol=1e-4, rtol=1e-4)
        assert (first[0, 0] - first[0, 1]).abs().max() > 1e-4


def test_confidence_ignores_rigid_motion_and_sees_handedness(network, features, samples):
    turn = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    with torch.no_grad():
        trunk = network.trunk(features, 0)
        first = network.confidence(trunk, features, samples).pae()
        moved = network.confidence(trunk, features, samples @ turn.T + 7).pae()
        mirror = network.confidence(trunk, features, samples * torch.tensor([-1.0, 1, 1])).pae()
    torch.testing.assert_close(first[0], moved[0], atol=1e-3, rtol=1e-3)
    assert (first[0] - mirror[0]).abs().max() > 1e-2


@pytest.mark.parametrize("detach", [True, False])
def test_gradient_reaches_the_trunk_only_when_asked(network_maker, features, samples, detach):
    network = network_maker()
    samples.requires_grad_()
    confidence = network.confidence(network.trunk(features, 0), features, samples, detach=detach)
    (confidence.plddt().sum() + confidence.pae().sum()).backward()
    reached = {
        name.split(".")[0]
        for name, parameter in network.named_parameters()
        if parameter.grad is not None
    }
    assert reached == ({"confidence_head"} if detach else {"confidence_head", "pairformer"})
    assert samples.grad is None


def test_pde_is_symmetric(network, features, samples):
    with torch.no_grad():
        pde = network.confidence(network.trunk(features, 0), features, samples).pde()
    torch.testing.assert_close(pde, pde.transpose(2, 3))
