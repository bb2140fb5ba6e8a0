"""Template features: invariants alone, nothing where a template has nothing."""

from dataclasses import replace

import pytest
import torch

from rna_predict.geometry.torch_superpose import random_rotations
from rna_predict.model import chunks
from rna_predict.model.template_embedding import TemplateEmbedder, frame_geometry


@pytest.fixture
def templates():
    torch.manual_seed(0)
    module = TemplateEmbedder(pair=8, width=12, blocks=2, factor=2)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.3 * torch.randn(parameter.shape)
    return module


@pytest.fixture
def pair():
    return torch.randn(2, 9, 9, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def with_two(feature_maker):
    return feature_maker((9, 6), templates=2)


def moved(features, number, seed=3):
    """Turn and shift one template of each chain as a whole."""
    generator = torch.Generator().manual_seed(seed)
    turn = random_rotations((features.batch,), generator)[:, None]
    origin, rotation = features.template_origin.clone(), features.template_rotation.clone()
    origin[:, number] = origin[:, number] @ turn[:, 0].mT + 50.0
    rotation[:, number] = turn @ rotation[:, number]
    return replace(features, template_origin=origin, template_rotation=rotation)


@pytest.mark.parametrize("number", [0, 1])
def test_moving_a_template_changes_nothing(templates, pair, with_two, number):
    before, after = templates(with_two, pair), templates(moved(with_two, number), pair)
    torch.testing.assert_close(after, before, atol=1e-4, rtol=1e-4)


def test_mirrored_template_is_another_one(templates, pair, with_two):
    mirror = torch.tensor([-1.0, 1.0, 1.0])
    axes = with_two.template_rotation * mirror[:, None] * mirror  # stays right-handed
    mirrored = replace(
        with_two, template_origin=with_two.template_origin * mirror, template_rotation=axes
    )
    assert (templates(mirrored, pair) - templates(with_two, pair)).abs().max() > 1e-2


def test_geometry_is_what_a_residue_sees_from_its_frame():
    generator = torch.Generator().manual_seed(0)
    origin, axes = torch.randn(1, 2, 3, generator=generator), random_rotations((1, 2), generator)
    origin[0, 1] = origin[0, 0] + 10 * axes[0, 0, :, 1]  # along the y axis of the first
    geometry = frame_geometry(origin, axes, origin, axes)[0, 0, 1]
    torch.testing.assert_close(geometry[32:35], torch.tensor([0.0, 1.0, 0.0]), atol=1e-5, rtol=0)
    assert geometry[:32].argmax() == round(10 / 40 * 31)
    torch.testing.assert_close(geometry[35:].view(3, 3), axes[0, 0].T @ axes[0, 1])


def test_without_templates_the_pair_track_is_handed_on(templates, pair, features):
    assert templates(features, pair) is pair


def test_pairs_that_no_template_has_get_no_update(templates, pair, with_two):
    mask = with_two.template_mask
    known = (mask[:, :, :, None] & mask[:, :, None]).any(1)
    updated = templates(with_two, pair)
    assert torch.equal(updated[~known], pair[~known])
    assert ((updated - pair)[known].abs().amax(-1) > 1e-4).all()


def test_template_without_residues_is_no_template(templates, pair, with_two):
    mask = with_two.template_mask.clone()
    mask[:, 1] = False
    first = [f"template_{name}" for name in ("origin", "rotation", "mask")]
    alone = replace(with_two, **{name: getattr(with_two, name)[:, :1] for name in first})
    blank = replace(with_two, template_mask=mask)
    torch.testing.assert_close(templates(blank, pair), templates(alone, pair))


def test_order_of_the_templates_does_not_matter(templates, pair, with_two):
    names = [f"template_{name}" for name in ("origin", "rotation", "mask")]
    turned = replace(with_two, **{name: getattr(with_two, name).flip(1) for name in names})
    torch.testing.assert_close(templates(turned, pair), templates(with_two, pair))


def test_padding_changes_nothing(templates, pair, with_two, feature_cutter):
    alone = templates(feature_cutter(with_two, 1, 6), pair[1:, :6, :6])
    torch.testing.assert_close(alone, templates(with_two, pair)[1:, :6, :6])


def test_chunks_change_nothing(templates, pair, with_two, monkeypatch):
    with torch.no_grad():
        whole = templates(with_two, pair)
        monkeypatch.setitem(chunks.CHUNK, "cpu", 1)
        torch.testing.assert_close(templates(with_two, pair), whole)


def test_gradient_reaches_every_tensor_after_five_steps(pair, with_two):
    torch.manual_seed(0)
    module = TemplateEmbedder(pair=8, width=12, blocks=2, factor=2)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    aim = torch.randn(pair.shape)
    for step in range(6):
        optimizer.zero_grad()
        (module(with_two, pair) - aim).square().mean().backward()
        if step < 5:
            optimizer.step()
    assert [n for n, p in module.named_parameters() if not p.grad.abs().sum() > 0] == []


def test_moving_a_template_changes_nothing_in_the_whole_trunk(network, with_two):
    with torch.no_grad():
        before, after = (network.trunk(f, 1) for f in (with_two, moved(with_two, 1)))
    for part in ("single", "pair", "distogram_logits", "latent_single", "latent_pair"):
        torch.testing.assert_close(
            getattr(after, part), getattr(before, part), atol=1e-4, rtol=1e-4, msg=part
        )
