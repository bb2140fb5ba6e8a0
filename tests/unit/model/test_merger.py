"""The latent merger: neither branch can be bypassed."""

from dataclasses import fields, replace

import pytest
import torch

from rna_predict.model.merger import distance_features, partial_distances

TORSION_BRANCH = ("torsion_hidden", "torsion_sin_cos", "start_coords")
PAIR_BRANCH = ("single", "pair")
SIGMA = torch.full((2, 2), 8.0)


def denoised(network, features, trunk):
    generator = torch.Generator().manual_seed(0)
    noisy = 8 * torch.randn(2, 2, 9, 23, 3, generator=generator)
    return network.denoise(trunk, features, noisy, SIGMA)


def remerged(network, features, trunk, **ablated):
    trunk = replace(trunk, **ablated)
    latents = network.merger(
        features,
        trunk.torsion_hidden,
        trunk.torsion_sin_cos,
        trunk.single,
        trunk.pair,
        trunk.start_coords,
    )
    return replace(trunk, latent_single=latents[0], latent_pair=latents[1])


@pytest.mark.parametrize(
    "part", ["torsion_hidden", "torsion_sin_cos", "single", "pair", "start_coords"]
)
def test_ablating_any_input_changes_the_denoised_coordinates(network, features, part):
    with torch.no_grad():
        trunk = network.trunk(features, 0)
        ablated = remerged(
            network, features, trunk, **{part: torch.zeros_like(getattr(trunk, part))}
        )
        whole = remerged(network, features, trunk)
        kept = replace(ablated, start_coords=trunk.start_coords)  # through the merger alone
        difference = denoised(network, features, kept) - denoised(network, features, whole)
    assert difference[:, :, :6].abs().amax((1, 2, 3, 4)).min() > 1e-4


def test_the_diffusion_sees_nothing_of_the_trunk_but_latents_and_stage_c(network, features):
    trunk = network.trunk(features, 0)
    seen = ("latent_single", "latent_pair", "start_coords")
    blinded = replace(
        trunk,
        **{
            part.name: torch.full_like(getattr(trunk, part.name), torch.nan)
            for part in fields(trunk)
            if part.name not in seen
        },
    )
    torch.testing.assert_close(
        denoised(network, features, blinded), denoised(network, features, trunk)
    )


@pytest.mark.parametrize("ablated", [TORSION_BRANCH, PAIR_BRANCH], ids=["torsions", "pairs"])
def test_ablating_a_branch_changes_output_and_gradient(network_maker, features, ablated):
    outputs, gradients = [], []
    for blind in (False, True):
        network = network_maker()
        trunk = network.trunk(features, 0)
        zeros = {name: torch.zeros_like(getattr(trunk, name)) for name in ablated}
        merged = remerged(network, features, trunk, **(zeros if blind else {}))
        merged = replace(merged, start_coords=trunk.start_coords.detach())
        output = denoised(network, features, merged)
        output.square().mean().backward()
        outputs.append(output.detach())
        gradients.append({name: p.grad for name, p in network.named_parameters()})
    moved = (outputs[0] - outputs[1])[features.slot_mask[:, None].expand(2, 2, 9, 23)]
    assert moved.abs().max() > 1e-3
    blinded = "torsion_net" if ablated is TORSION_BRANCH else "pairformer"
    reached = {name: g for name, g in gradients[0].items() if g is not None and g.any()}
    assert {name.split(".")[0] for name in reached} == {
        "torsion_net", "pairformer", "merger", "diffusion",
    }  # fmt: skip
    for name, gradient in reached.items():
        if name.startswith(blinded):
            assert gradients[1][name] is None, name
        else:
            assert not torch.equal(gradients[1][name], gradient), name


def test_distances_ignore_rigid_motion():
    points = torch.randn(2, 9, 3, 3, generator=torch.Generator().manual_seed(0)) * 10
    torch.testing.assert_close(
        distance_features(points + 5, points + 5),
        distance_features(points, points),
        atol=1e-4,
        rtol=0,
    )


def test_partial_distances_average_the_sets_that_know_both_ends():
    points = 10 * torch.randn(1, 4, 2, 3, generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[[1, 1], [1, 0], [0, 1], [0, 0]]], dtype=torch.bool)
    points[~mask] = torch.nan
    found = partial_distances(points, mask, points, mask)
    each = distance_features(points, points)
    assert found[0, :, :, -1].tolist() == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    torch.testing.assert_close(found[0, 0, 0, :-1], each[0, 0, 0].mean(0))
    torch.testing.assert_close(found[0, 0, 1, :-1], each[0, 0, 1, 0])
    torch.testing.assert_close(found[0, 0, 2, :-1], each[0, 0, 2, 1])
    assert (found[0, 1, 2] == 0).all()


def test_templates_reach_the_diffusion_through_the_merger_alone(network, feature_maker):
    features = feature_maker((9, 6), templates=2)
    with torch.no_grad():
        trunk = network.trunk(features, 0)
        latents = [
            network.merger(
                features, trunk.torsion_hidden, trunk.torsion_sin_cos, trunk.single, trunk.pair,
                trunk.start_coords, partial,
            )
            for partial in (None, (features.template_origin, features.template_mask))
        ]  # fmt: skip
    torch.testing.assert_close(latents[1], (trunk.latent_single, trunk.latent_pair))
    changed = (latents[0][1] - latents[1][1]).abs().amax(-1) > 1e-4
    assert changed[0, 4:, 4:].all()
