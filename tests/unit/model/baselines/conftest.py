"""Small regressors for the tests of the baselines."""

from collections.abc import Callable

import pytest
import torch

from rna_predict.model.baselines.regressor import Regressor
from rna_predict.model.build import build_network
from rna_predict.model.dimensions import Dimensions


def make_regressor(architecture: str, **changes: object) -> Regressor:
    """Build a regressor in which no weight is zero, so that every path carries a signal."""
    sizes = {
        "single": 16, "pair": 8, "pairformer_blocks": 1, "pairformer_heads": 2, "triangle": 8,
        "triangle_heads": 1, "regressor_blocks": 2, "regressor_heads": 2, "regressor_points": 2,
        "regressor_vectors": 4, "distogram_bins": 8, "plddt_bins": 10, "error_bins": 8,
    }  # fmt: skip
    torch.manual_seed(0)
    network = build_network(Dimensions(architecture=architecture, **(sizes | changes)))
    with torch.no_grad():
        for parameter in network.parameters():
            noise = torch.randn(parameter.shape)
            parameter += 0.1 * noise * max(parameter.shape[-1], 1) ** -0.5
    return network


@pytest.fixture
def regressor_maker() -> Callable[..., Regressor]:
    """Give :func:`make_regressor`."""
    return make_regressor


@pytest.fixture(params=["gnn", "ipa"])
def regressor(request: pytest.FixtureRequest) -> Regressor:
    """Give a small regressor of each architecture."""
    return make_regressor(request.param)
