"""The smallest size learns one real RNA: its samples from pure noise are that structure.

About a minute on one core: the proof that torsion net, Pairformer, merger, diffusion, losses and
sampler work together.
"""

import numpy as np
import pytest
import torch

from rna_predict.angles.torsions import measure_torsions
from rna_predict.evaluate.rmsd import rmsd
from rna_predict.geometry.torch_superpose import random_rotations
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.inputs import Features
from rna_predict.model.kinematics import centre
from rna_predict.model.network import RnaNetwork
from rna_predict.model.sampler import SamplerSettings
from rna_predict.structure.links import linked_to_previous
from rna_predict.training import losses

STEPS = 200
COPIES = 16
RATE = 2e-3


@pytest.fixture(scope="module")
def chain(example_chains):
    """Give a pseudoknot of 26 residues."""
    return next(chain for chain in example_chains if chain.entry == "2a43")


def train(network, features, coords, mask, torsions):
    """Fit one chain: the plain losses, Adam with warm-up and a linear descent of its rate."""
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE, betas=(0.9, 0.95))
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 20) * max(0.05, 1 - step / STEPS)
        trunk = network.trunk(features, recycles=0)
        sigma = losses.sample_sigma((1, COPIES), generator)
        turned = coords[:, None] @ random_rotations((1, COPIES), generator)[:, :, None].mT
        noise = torch.randn(turned.shape, generator=generator)
        noisy = turned + sigma[..., None, None, None] * noise
        denoised = network.denoise(trunk, features, noisy, sigma, mask)
        loss = (
            4 * losses.aligned_mse(denoised, coords, mask, losses.edm_weight(sigma))
            + losses.smooth_lddt_loss(denoised, coords, mask)
            + losses.torsion_loss(
                trunk.torsion_sin_cos,
                torsions.nan_to_num(),
                torsions.isfinite(),
                trunk.torsion_norm,
            )
            + 0.03 * losses.distogram_loss(trunk.distogram_logits, coords, mask, 2.0, 40.0)
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimizer.step()


def test_tiny_learns_one_rna_to_below_three_angstrom_from_noise(chain):
    n = len(chain)
    features = Features(
        sequence=torch.tensor(chain.kinds)[None],
        residue_mask=torch.ones(1, n, dtype=torch.bool),
        residue_index=torch.arange(n)[None],
        pair_probability=torch.zeros(1, n, n),
    )
    mask = torch.tensor(chain.atom_mask)[None]
    coords = centre(torch.tensor(np.nan_to_num(chain.coords))[None], mask)
    torch.manual_seed(0)
    network = RnaNetwork(Dimensions())
    linked = linked_to_previous(chain.coords, chain.auth_numbers)
    torsions = torch.tensor(measure_torsions(chain.coords, chain.kinds, linked))[None]
    train(network, features, coords, mask, torsions)

    with torch.no_grad():
        samples = network.sample(
            network.trunk(features),
            features,
            4,
            SamplerSettings(),
            torch.Generator().manual_seed(1),
        )[0]
    native = coords[0].numpy()[chain.atom_mask]
    for sample in samples.numpy():
        model = sample[chain.atom_mask]
        assert rmsd(model, native) < 3.0
        assert rmsd(model * [-1.0, 1.0, 1.0], native) > 6.0
