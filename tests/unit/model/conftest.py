"""A small network, features and coordinates for the tests of the model."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from rna_predict.geometry.torch_superpose import random_rotations
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.inputs import Features
from rna_predict.model.network import RnaNetwork

SMALL = Dimensions(
    single=16, pair=16, torsion=16, torsion_blocks=1, torsion_heads=2, pairformer_blocks=1,
    pairformer_heads=2, triangle=8, triangle_heads=2, merger_heads=2, latent_single=16,
    latent_pair=16, noise_features=8, atom=8, atom_pair=8, token=16, token_blocks=2, token_heads=2,
    distogram_bins=8, plddt_bins=10, error_bins=8,
)  # fmt: skip


def make_features(
    lengths: tuple[int, ...], seed: int = 0, rows: int = 0, templates: int = 0
) -> Features:
    """Draw sequences, pair probabilities, homologs and templates, padded to the longest chain.

    The first half of the residues of each template is missing, and the last row of homologs.
    """
    generator = torch.Generator().manual_seed(seed)
    n = max(lengths)
    mask = torch.arange(n) < torch.tensor(lengths)[:, None]
    sequence = torch.randint(0, 4, (len(lengths), n), generator=generator)
    probability = torch.rand(len(lengths), n, n, generator=generator) ** 8
    probability = (probability + probability.mT) / 2
    features = Features(
        sequence=sequence.masked_fill(~mask, 4),
        residue_mask=mask,
        residue_index=torch.arange(n).expand(len(lengths), n).clone(),
        pair_probability=probability * (mask[:, :, None] & mask[:, None, :]),
    )
    if not (rows or templates):
        return features
    b, both = len(lengths), mask[:, :, None] & mask[:, None, :]
    row_mask = mask[:, None].expand(b, rows, n) & (torch.arange(rows) < rows - 1)[:, None]
    known = mask[:, None].expand(b, templates, n) & (torch.arange(n) >= n // 2)
    origin = 10 * torch.randn(b, templates, n, 3, generator=generator)
    turns = random_rotations((b, templates, n), generator)
    return replace(
        features,
        consensus_probability=probability.flip(0) * both,
        msa=torch.randint(0, 6, (b, rows, n), generator=generator).masked_fill(~row_mask, 0),
        msa_mask=row_mask,
        template_origin=origin * known[..., None],
        template_rotation=turns * known[..., None, None],
        template_mask=known,
    )


def cut_features(features: Features, chain: int, length: int) -> Features:
    """Give one chain alone, without its padding."""
    pairs = {"pair_probability", "consensus_probability"}
    after = {"msa", "msa_mask", "template_origin", "template_rotation", "template_mask"}
    parts = {}
    for name, tensor in vars(features).items():
        kept = tensor[chain : chain + 1]
        kept = kept[:, :, :length] if name in after else kept[:, :length]
        parts[name] = kept[:, :, :length] if name in pairs else kept
    return Features(**parts)


def make_network(seed: int = 0, **changes: object) -> RnaNetwork:
    """Build a network in which no weight is zero, so that every path carries a signal."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    network = RnaNetwork(replace(SMALL, **changes))
    with torch.no_grad():
        for parameter in network.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter += 0.2 * noise * max(parameter.shape[-1], 1) ** -0.5
    return network


@pytest.fixture
def features() -> Features:
    """Two chains of 9 and 6 residues, padded to 9."""
    return make_features((9, 6))


@pytest.fixture(scope="session")
def network() -> RnaNetwork:
    """Give the small network, all paths open."""
    return make_network()


@pytest.fixture(scope="session")
def feature_maker() -> Callable[..., Features]:
    """Give :func:`make_features`."""
    return make_features


@pytest.fixture(scope="session")
def feature_cutter() -> Callable[[Features, int, int], Features]:
    """Give :func:`cut_features`."""
    return cut_features


@pytest.fixture(scope="session")
def network_maker() -> Callable[..., RnaNetwork]:
    """Give :func:`make_network`."""
    return make_network
