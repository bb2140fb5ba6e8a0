"""Seconds of a training step and of five samples, by chain length, for the default sizes."""

import torch

from rna_predict.model.dimensions import Dimensions
from rna_predict.model.inputs import Features
from rna_predict.model.network import RnaNetwork
from rna_predict.model.sampler import SamplerSettings
from tests.benchmarks.clock import seconds

COPIES = 16


def run(lengths: tuple[int, ...] = (32, 64, 128)) -> None:
    """Print a row a length."""
    torch.manual_seed(0)
    network = RnaNetwork(Dimensions())
    print(f"{sum(p.numel() for p in network.parameters()):,} parameters")
    for n in lengths:
        features = Features(
            sequence=torch.randint(0, 4, (1, n)),
            residue_mask=torch.ones(1, n, dtype=torch.bool),
            residue_index=torch.arange(n)[None],
            pair_probability=torch.zeros(1, n, n),
        )
        noisy = 16 * torch.randn(1, COPIES, n, 23, 3)

        def step(features: Features = features, noisy: torch.Tensor = noisy) -> None:
            trunk = network.trunk(features, recycles=0)
            sigma = torch.full((1, COPIES), 8.0)
            network.denoise(trunk, features, noisy, sigma).square().mean().backward()

        def sample(features: Features = features) -> None:
            with torch.no_grad():
                trunk = network.trunk(features, recycles=0)
            generator = torch.Generator().manual_seed(0)
            network.sample(trunk, features, 5, SamplerSettings(), generator)

        step()
        times = min(seconds(step) for _ in range(3)), seconds(sample)
        print(f"{n} nt: step of {COPIES} copies {times[0]:.2f} s, 5 samples {times[1]:.2f} s")
