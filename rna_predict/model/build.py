"""The one place where a network is made from its dimensions."""

from rna_predict.model.baselines.gnn import GnnRegressor
from rna_predict.model.baselines.ipa import IpaRegressor
from rna_predict.model.baselines.regressor import Regressor
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.network import RnaNetwork

AnyNetwork = RnaNetwork | Regressor
"""What is trained, validated and sampled by one interface."""
ARCHITECTURES = {"network": RnaNetwork, "gnn": GnnRegressor, "ipa": IpaRegressor}


def build_network(dimensions: Dimensions) -> AnyNetwork:
    """Build what ``dimensions.architecture`` names; weights are drawn from torch's global state."""
    return ARCHITECTURES[dimensions.architecture](dimensions)
