"""The whole network."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rna_predict.model.confidence import Confidence
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.inputs import Features
from rna_predict.model.sampler import SamplerSettings


@dataclass(frozen=True, eq=False)
class Trunk:
    """What the network knows of a chain before any coordinates are sampled."""

    single: Float[Tensor, "B N cs"]
    pair: Float[Tensor, "B N N cz"]
    torsion_sin_cos: Float[Tensor, "B N 14 2"]
    """Unit vectors (sin, cos) in the order of ``constants.TORSIONS``."""
    torsion_norm: Float[Tensor, "B N 14"]
    """Length of those vectors before they were normalised, for the unit-norm loss."""
    torsion_hidden: Float[Tensor, "B N ct"]
    distogram_logits: Float[Tensor, "B N N bins"]
    contact_logits: Float[Tensor, "B N N"]
    start_coords: Float[Tensor, "B N 23 3"]
    """Stage C's coordinates (angstrom), centred; 0 outside ``slot_mask``."""
    latent_single: Float[Tensor, "B N cls"]
    latent_pair: Float[Tensor, "B N N clz"]


class RnaNetwork(nn.Module):
    """Torsion net, Pairformer, kinematics, merger, diffusion and confidence."""

    def __init__(self, dimensions: Dimensions) -> None:
        super().__init__()
        self.dimensions = dimensions

    def trunk(self, features: Features, recycles: int = 1) -> Trunk:
        """Run everything that does not depend on sampled coordinates."""
        raise NotImplementedError

    def denoise(
        self,
        trunk: Trunk,
        features: Features,
        noisy: Float[Tensor, "B S N 23 3"],
        sigma: Float[Tensor, "B S"],
        atom_mask: Float[Tensor, "B N 23"] | None = None,
    ) -> Float[Tensor, "B S N 23 3"]:
        """Estimate the clean coordinates of S noised copies that share a trunk.

        atom_mask: (B, N, 23) bool, atoms whose noisy coordinates mean something (training: the
        observed ones); default ``features.slot_mask``.
        """
        raise NotImplementedError

    def sample(
        self,
        trunk: Trunk,
        features: Features,
        n_samples: int,
        settings: SamplerSettings,
        generator: torch.Generator,
        start: Literal["noise", "kinematics"] = "noise",
    ) -> Float[Tensor, "B S N 23 3"]:
        """Draw structures."""
        raise NotImplementedError

    def confidence(
        self,
        trunk: Trunk,
        features: Features,
        coords: Float[Tensor, "B S N 23 3"],
        detach: bool = True,
    ) -> Confidence:
        """Judge structures; ``detach`` keeps its gradient out of the trunk."""
        raise NotImplementedError
