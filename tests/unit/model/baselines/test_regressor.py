"""What both regressors promise: motion, handedness, padding, seeds, and gradient everywhere."""

import numpy as np
import pytest
import torch

from rna_predict.constants import BACKBONE_ATOMS
from rna_predict.evaluate.chirality import chirality_errors
from rna_predict.geometry.torch_superpose import random_rotations
from rna_predict.model.baselines.regressor import start_coords
from rna_predict.model.kinematics import residue_frames
from rna_predict.model.sampler import SamplerSettings
from rna_predict.structure.chain import model_chain
from rna_predict.training.losses.alignment import aligned_mse


def noise_of(features, copies=2, seed=0):
    shape = (features.batch, copies, features.length, 3)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def fold(regressor, features, start):
    with torch.no_grad():
        trunk = regressor.trunk(features)
        return regressor.structure(features, trunk.single, trunk.pair, start)


def test_a_moved_start_moves_the_structure(regressor, features):
    start = start_coords(features, noise_of(features))
    turn = random_rotations((), torch.Generator().manual_seed(1))
    shift = torch.tensor([30.0, -20.0, 10.0])
    plain = fold(regressor, features, start)
    moved = fold(regressor, features, start @ turn.T + shift)
    mask = features.slot_mask[:, None].expand(plain.shape[:-1])
    expected = plain @ turn.T + shift
    torch.testing.assert_close(moved[mask], expected[mask], atol=1e-4, rtol=1e-5)


def test_a_mirrored_start_gives_no_mirrored_structure(regressor, features):
    """Residues stay right-handed, so the mirror image of the structure is another one."""
    mirror = torch.tensor([-1.0, 1.0, 1.0])
    start = start_coords(features, noise_of(features))
    plain, mirrored = fold(regressor, features, start), fold(regressor, features, start * mirror)
    same = aligned_mse(plain, (mirrored * mirror)[:, 0], features.slot_mask)
    assert same > 0.05
    axes, _ = residue_frames(mirrored)
    torch.testing.assert_close(torch.linalg.det(axes), torch.ones(axes.shape[:-2]))


def test_untrained_residues_have_the_chirality_of_rna(regressor_maker, features):
    for architecture in ("gnn", "ipa"):
        network = regressor_maker(architecture)
        for name, parameter in network.structure.named_parameters():
            if name.startswith(("offsets", "torsions")):
                torch.nn.init.zeros_(parameter)
        coords = fold(network, features, start_coords(features, noise_of(features)))[0, 0].numpy()
        letters = "".join("ACGUN"[kind] for kind in features.sequence[0])
        coords = np.where(features.slot_mask[0, :, :, None].numpy(), coords, np.nan)
        assert chirality_errors(model_chain("x", letters, coords)) == 0


def test_padding_changes_nothing(regressor, feature_maker, feature_cutter):
    both = feature_maker((9, 6), rows=3)
    alone = feature_cutter(both, 1, 6)
    noise = noise_of(both)
    with torch.no_grad():
        padded = regressor.regress(regressor.trunk(both), both, noise)
        plain = regressor.regress(regressor.trunk(alone), alone, noise[1:, :, :6])
    torch.testing.assert_close(padded[1:, :, :6], plain, atol=1e-4, rtol=1e-4)
    assert (padded[1, :, 6:] == 0).all()


def test_a_seed_gives_the_same_structures_and_models_differ(regressor, features):
    trunk, settings = regressor.trunk(features), SamplerSettings()
    drawn = [
        regressor.sample(trunk, features, 3, settings, torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    ]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert (drawn[0][:, 0] - drawn[0][:, 1]).abs().max() > 0.1
    assert drawn[0].shape == (2, 3, 9, 23, 3)
    assert not drawn[0].requires_grad


def test_gradient_reaches_every_tensor_after_three_steps(regressor, feature_maker):
    features = feature_maker((9, 6), rows=3)
    target = 10 * torch.randn(2, 9, 23, 3, generator=torch.Generator().manual_seed(2))
    optimizer = torch.optim.Adam(regressor.parameters(), lr=1e-3)
    for step in range(4):
        trunk = regressor.trunk(features)
        coords = regressor.regress(trunk, features, noise_of(features, seed=step))
        judged = regressor.confidence(trunk, features, coords, detach=False)
        loss = aligned_mse(coords, target, features.slot_mask)
        loss = loss + trunk.distogram_logits.square().mean() + trunk.contact_logits.square().mean()
        for logits in (
            judged.plddt_logits, judged.pae_logits, judged.pde_logits, judged.resolved_logits,
        ):  # fmt: skip
            loss = loss + logits.square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    idle = [
        name
        for name, parameter in regressor.named_parameters()
        if parameter.grad is None or not parameter.grad.abs().sum() > 0
    ]
    assert idle == []
    assert all(parameter.grad.isfinite().all() for parameter in regressor.parameters())


def test_confidence_is_that_of_the_network(regressor, features):
    trunk = regressor.trunk(features)
    samples = regressor.sample(trunk, features, 2, SamplerSettings(), torch.Generator())
    judged = regressor.confidence(trunk, features, samples)
    assert judged.plddt().shape == (2, 2, 9)
    assert judged.ptm().isfinite().all()


def test_one_residue_is_a_chain(regressor, feature_maker):
    features = feature_maker((1,))
    coords = regressor.regress(regressor.trunk(features), features, noise_of(features))
    assert coords.isfinite().all()


def test_recycling_is_refused(regressor, features):
    with pytest.raises(ValueError, match="expected 0 recycles, got 1"):
        regressor.trunk(features, 1)


def test_the_start_is_as_compact_as_a_fold(feature_maker):
    """5.5 N^0.33 angstrom, where the strand itself would have 62 for 76 residues."""
    features = feature_maker((76, 40))
    start = start_coords(features, torch.zeros(2, 1, 76, 3))
    for chain, length in enumerate((76, 40)):
        points = start[chain, 0, :length, BACKBONE_ATOMS.index("C4'")]
        radius = (points - points.mean(0)).square().sum(-1).mean().sqrt()
        assert float(radius) == pytest.approx(5.5 * length**0.33, rel=1e-4)
