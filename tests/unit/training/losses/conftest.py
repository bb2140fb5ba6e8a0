"""An ideal chain of ten residues, and copies of it."""

from math import radians

import pytest
import torch

from rna_predict.constants import TORSIONS, slot_mask
from rna_predict.geometry.nerf import build_atoms
from rna_predict.geometry.torch_superpose import random_rotations
from rna_predict.model.torsion_net import A_FORM

VARIED = ("alpha", "beta", "gamma", "epsilon", "zeta", "chi")


@pytest.fixture
def kinds():
    return torch.tensor([[2, 1, 0, 3, 2, 1, 0, 3, 4, 2]])


@pytest.fixture
def index():
    return torch.arange(10)[None]


@pytest.fixture
def truth(kinds):
    """Build a helix with ideal sugars whose other torsions vary."""
    form = torch.tensor([radians(A_FORM[name]) for name in TORSIONS])
    noise = torch.randn(1, 10, len(TORSIONS), generator=torch.Generator().manual_seed(0))
    varied = torch.tensor([name in VARIED for name in TORSIONS])
    return build_atoms(form + 0.2 * noise * varied, kinds)


@pytest.fixture
def mask(kinds):
    return torch.tensor(slot_mask())[kinds]


@pytest.fixture
def moved(truth):
    """Three copies in other orientations and places."""
    rotations = random_rotations((1, 3), torch.Generator().manual_seed(1))
    return truth[:, None] @ rotations[:, :, None].mT + torch.tensor([30.0, -5.0, 2.0])


@pytest.fixture
def mirror(truth):
    return (truth * torch.tensor([-1.0, 1.0, 1.0]))[:, None]


@pytest.fixture
def jittered():
    """Give a function that adds normal noise."""

    def add(coords, scale, seed=2):
        noise = torch.randn(coords.shape, generator=torch.Generator().manual_seed(seed))
        return coords + scale * noise

    return add


@pytest.fixture
def natives(example_chains):
    """Give coordinates, mask, kinds and indices of the longer example chains."""
    rows = []
    for chain in example_chains:
        if len(chain) >= 24:
            rows.append(
                (
                    torch.tensor(chain.coords).nan_to_num()[None],
                    torch.tensor(chain.atom_mask)[None],
                    torch.tensor(chain.kinds, dtype=torch.long)[None],
                    torch.arange(len(chain))[None],
                )
            )
    return rows
