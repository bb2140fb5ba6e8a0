"""Both regressors learn one real RNA, each in about half a minute on one core."""

import numpy as np
import pytest
import torch

from rna_predict.evaluate.rmsd import rmsd
from rna_predict.model.build import build_network
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.inputs import Features
from rna_predict.model.kinematics import centre
from rna_predict.model.sampler import SamplerSettings
from rna_predict.training.losses.alignment import aligned_mse
from rna_predict.training.losses.local import smooth_lddt_loss

SIZES = {
    "gnn": {"pair": 32, "pairformer_blocks": 0, "regressor_blocks": 6},
    "ipa": {"pair": 64, "pairformer_blocks": 2, "regressor_blocks": 4, "regressor_heads": 8},
}
STEPS, RATE = 200, 2e-3


@pytest.mark.slow
@pytest.mark.parametrize("architecture", SIZES)
def test_a_regressor_learns_one_rna_to_below_three_angstrom(architecture, example_chains):
    chain = next(chain for chain in example_chains if chain.entry == "2a43")
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
    network = build_network(Dimensions(architecture, single=128, **SIZES[architecture]))
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE, betas=(0.9, 0.95))
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 20) * max(0.05, 1 - step / STEPS)
        noise = torch.randn(1, 2, n, 3, generator=generator)
        predicted = network.regress(network.trunk(features), features, noise)
        loss = 4 * aligned_mse(predicted, coords, mask) / 16**2
        loss = loss + 4 * smooth_lddt_loss(predicted, coords, mask)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimizer.step()

    samples = network.sample(
        network.trunk(features), features, 4, SamplerSettings(), torch.Generator().manual_seed(1)
    )[0]
    native = coords[0].numpy()[chain.atom_mask]
    for sample in samples.numpy():
        model = sample[chain.atom_mask]
        assert rmsd(model, native) < 3.0
        assert rmsd(model * [-1.0, 1.0, 1.0], native) > 6.0
