"""The latent merger: neither branch can be bypassed."""

from dataclasses import fields, replace

import pytest
import torch

from rna_predict.model.merger import start_distances

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


def test_distances_ignore_rigid_motion(features):
    coords = torch.randn(2, 9, 23, 3, generator=torch.Generator().manual_seed(0)) * 10
    torch.testing.assert_close(
        start_distances(coords + 5), start_distances(coords), atol=1e-4, rtol=0
    )
