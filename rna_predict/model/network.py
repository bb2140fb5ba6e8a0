"""The whole network: torsion net, Pairformer, kinematics, merger, diffusion and confidence.

The trunk (everything that knows no sampled coordinates) runs once a chain; the denoiser and the
confidence heads then work on any number of copies of its coordinates.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from rna_predict.model.bert import BertTorsionNet
from rna_predict.model.confidence import Confidence, ConfidenceHead
from rna_predict.model.diffusion import Diffusion
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.heads import ContactHead, DistogramHead
from rna_predict.model.inputs import Features
from rna_predict.model.kinematics import start_coords
from rna_predict.model.merger import LatentMerger
from rna_predict.model.pairformer import Pairformer
from rna_predict.model.sampler import SamplerSettings, draw_samples
from rna_predict.model.torsion_net import TorsionNet


@dataclass(frozen=True, eq=False)
class Trunk:
    """What the network knows of a chain before any coordinates are sampled."""

    single: Float[Tensor, "B N single"]
    """Of the Pairformer."""
    pair: Float[Tensor, "B N N pair"]
    """Of the Pairformer."""
    torsion_hidden: Float[Tensor, "B N torsion"]
    """State of the torsion net."""
    torsion_sin_cos: Float[Tensor, "B N 14 2"]
    """Unit vectors (sin, cos) in the order of ``constants.TORSIONS``."""
    torsion_norm: Float[Tensor, "B N 14"]
    """Length of those vectors before they were normalised, for the unit-norm loss."""
    torsion_log_kappa: Float[Tensor, "B N 14"]
    """Logarithm of the von Mises concentration of each torsion: how sharply it is known."""
    distogram_logits: Float[Tensor, "B N N bins"]
    """Of the C1'-C1' distance; symmetric."""
    contact_logits: Float[Tensor, "B N N"]
    """Of two residues forming a base pair; symmetric."""
    start_coords: Float[Tensor, "B N 23 3"]
    """Stage C's coordinates (angstrom), centred; 0 outside ``Features.slot_mask``."""
    latent_single: Float[Tensor, "B N latent"]
    """Of the merger; with ``latent_pair`` all that conditions the diffusion."""
    latent_pair: Float[Tensor, "B N N edge"]
    """Of the merger."""


class RnaNetwork(nn.Module):
    """Stages B to D and the confidence heads.

    Parameters
    ----------
    dimensions : Dimensions
        Every size.
    """

    def __init__(self, dimensions: Dimensions) -> None:
        super().__init__()
        d = self.dimensions = dimensions
        self.torsion_net = (
            TorsionNet(
                d.torsion,
                d.torsion_blocks,
                d.torsion_heads,
                d.transition_factor,
                d.torsion_dropout,
            )
            if d.bert is None
            else BertTorsionNet(d.torsion, d.bert)
        )
        self.pairformer = Pairformer(d)
        self.distogram_head = DistogramHead(d.pair, d.distogram_bins)
        self.contact_head = ContactHead(d.pair)
        self.merger = LatentMerger(
            d.torsion,
            d.single,
            d.pair,
            d.latent_single,
            d.latent_pair,
            d.merger_blocks,
            d.merger_heads,
            d.transition_factor,
        )
        self.diffusion = Diffusion(d)
        self.confidence_head = ConfidenceHead(d)

    def trunk(self, features: Features, recycles: int = 1) -> Trunk:
        """Run everything that does not depend on sampled coordinates.

        Parameters
        ----------
        features : Features
            Inputs of the chains.
        recycles : int
            Extra rounds of the Pairformer before the one that keeps its gradient.

        Returns
        -------
        Trunk
        """
        torsions = self.torsion_net(features)
        single, pair = self.pairformer(features, recycles)
        start = start_coords(torsions.sin_cos, features)
        latent_single, latent_pair = self.merger(
            features,
            torsions.hidden,
            torsions.sin_cos,
            single,
            pair,
            start,
            partial=(features.template_origin, features.template_mask),
        )
        return Trunk(
            single=single,
            pair=pair,
            torsion_hidden=torsions.hidden,
            torsion_sin_cos=torsions.sin_cos,
            torsion_norm=torsions.norm,
            torsion_log_kappa=torsions.log_kappa,
            distogram_logits=self.distogram_head(pair),
            contact_logits=self.contact_head(pair),
            start_coords=start,
            latent_single=latent_single,
            latent_pair=latent_pair,
        )

    def denoise(
        self,
        trunk: Trunk,
        features: Features,
        noisy: Float[Tensor, "B S N 23 3"],
        sigma: Float[Tensor, "B S"],
        atom_mask: Bool[Tensor, "B N 23"] | None = None,
    ) -> Float[Tensor, "B S N 23 3"]:
        """Estimate the clean coordinates of S noised copies that share a trunk.

        Parameters
        ----------
        trunk : Trunk
            Of the same chains.
        features : Features
            Inputs of the chains.
        noisy : (B, S, N, 23, 3) float, angstrom
            Clean coordinates plus ``sigma`` times normal noise.
        sigma : (B, S) float, angstrom
            Noise level of each copy.
        atom_mask : (B, N, 23) bool, optional
            Atoms whose noisy coordinates mean something; in training the observed ones. Default
            ``features.slot_mask``.

        Returns
        -------
        (B, S, N, 23, 3) float, angstrom
        """
        mask = features.slot_mask if atom_mask is None else atom_mask & features.slot_mask
        condition = self.diffusion.prepare(
            features, trunk.latent_single, trunk.latent_pair, trunk.start_coords, mask
        )
        return self.diffusion(condition, noisy, sigma)

    @torch.no_grad()
    def sample(
        self,
        trunk: Trunk,
        features: Features,
        n_samples: int,
        settings: SamplerSettings,
        generator: torch.Generator,
    ) -> Float[Tensor, "B S N 23 3"]:
        """Draw structures.

        Parameters
        ----------
        trunk : Trunk
            Of the same chains.
        features : Features
            Inputs of the chains.
        n_samples : int
            Structures of each chain, S.
        settings : SamplerSettings
            Schedule, steps, and where to begin: at ``sigma_max`` from nothing, or at
            ``sigma_start`` from stage C's coordinates.
        generator : torch.Generator
            Source of all randomness.

        Returns
        -------
        (B, S, N, 23, 3) float, angstrom
            Centred; 0 outside ``features.slot_mask``.
        """
        mask = features.slot_mask
        condition = self.diffusion.prepare(
            features, trunk.latent_single, trunk.latent_pair, trunk.start_coords, mask
        )
        mean = trunk.start_coords[:, None].expand(-1, n_samples, -1, -1, -1)
        from_noise = settings.start == "noise"
        return draw_samples(
            lambda noisy, sigma: self.diffusion(condition, noisy, sigma),
            torch.zeros_like(mean) if from_noise else mean,
            mask,
            settings,
            settings.sigma_max if from_noise else settings.sigma_start,
            generator,
        )

    def confidence(
        self,
        trunk: Trunk,
        features: Features,
        coords: Float[Tensor, "B S N 23 3"],
        detach: bool = True,
    ) -> Confidence:
        """Judge structures.

        Parameters
        ----------
        trunk : Trunk
            Of the same chains.
        features : Features
            Inputs of the chains.
        coords : (B, S, N, 23, 3) float, angstrom
            Samples; never given a gradient.
        detach : bool
            Keep the gradient of the heads out of the trunk.

        Returns
        -------
        Confidence
        """
        single, pair = trunk.single, trunk.pair
        if detach:
            single, pair = single.detach(), pair.detach()
        return self.confidence_head(features, single, pair, coords)
