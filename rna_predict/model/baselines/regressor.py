"""What the regressors share: inputs, start, heads, and the interface of the network.

A regressor maps a start to a structure in one pass. The start is a strand of A-form RNA, drawn
together to the size of a folded chain, with noise on its residues; models of a chain differ by that
noise alone. The strand is right-handed, so the start already tells left from right.
"""

from dataclasses import dataclass
from math import radians

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rna_predict.constants import TORSIONS
from rna_predict.geometry.nerf import build_atoms
from rna_predict.model.confidence import Confidence, ConfidenceHead
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.embedding import InputEmbedder
from rna_predict.model.heads import ContactHead, DistogramHead
from rna_predict.model.inputs import Features
from rna_predict.model.kinematics import centre, residue_frames
from rna_predict.model.pairformer import PairformerBlock
from rna_predict.model.sampler import SamplerSettings
from rna_predict.model.torsion_net import A_FORM


@dataclass(frozen=True, eq=False)
class RegressorTrunk:
    """What a regressor knows of a chain before it has coordinates."""

    single: Float[Tensor, "B N single"]
    """Of each residue."""
    pair: Float[Tensor, "B N N pair"]
    """Of each pair of residues."""
    distogram_logits: Float[Tensor, "B N N bins"]
    """Of the C1'-C1' distance; symmetric."""
    contact_logits: Float[Tensor, "B N N"]
    """Of two residues forming a base pair; symmetric."""


class InputTracks(nn.Module):
    """The embedded inputs, and Pairformer blocks (if any) that refine them; no recycling."""

    def __init__(self, d: Dimensions) -> None:
        super().__init__()
        self.embed = InputEmbedder(d.single, d.pair, d.relative_positions)
        self.blocks = nn.ModuleList(
            PairformerBlock(
                d.single,
                d.pair,
                d.pairformer_heads,
                d.triangle,
                d.triangle_heads,
                d.transition_factor,
            )
            for _ in range(d.pairformer_blocks)
        )

    def forward(
        self, features: Features
    ) -> tuple[Float[Tensor, "B N single"], Float[Tensor, "B N N pair"]]:
        """Give single and pair representation."""
        single, pair = self.embed(features)
        for block in self.blocks:
            single, pair = block(single, pair, features)
        return single, pair


class Regressor(nn.Module):
    """A baseline with the interface of ``RnaNetwork``, but for the denoiser.

    Parameters
    ----------
    dimensions : Dimensions
        Every size.
    structure : module
        Maps (features, single, pair, start) to coordinates; start and coordinates are
        (B, S, N, 23, 3) in angstrom.
    """

    def __init__(self, dimensions: Dimensions, structure: nn.Module) -> None:
        super().__init__()
        d = self.dimensions = dimensions
        self.tracks = InputTracks(d)
        self.distogram_head = DistogramHead(d.pair, d.distogram_bins)
        self.contact_head = ContactHead(d.pair)
        self.structure = structure
        self.confidence_head = ConfidenceHead(d)

    def trunk(self, features: Features, recycles: int = 0) -> RegressorTrunk:
        """Run everything that needs no coordinates.

        Parameters
        ----------
        features : Features
            Inputs of the chains.
        recycles : int
            Must be 0: a regressor has one pass.

        Raises
        ------
        ValueError
            If recycling is asked for.
        """
        if recycles:
            raise ValueError(f"a regressor does not recycle: expected 0 recycles, got {recycles}")
        single, pair = self.tracks(features)
        return RegressorTrunk(single, pair, self.distogram_head(pair), self.contact_head(pair))

    def regress(
        self, trunk: RegressorTrunk, features: Features, noise: Float[Tensor, "B S N 3"]
    ) -> Float[Tensor, "B S N 23 3"]:
        """Predict S structures of each chain, with gradient.

        Parameters
        ----------
        trunk : RegressorTrunk
            Of the same chains.
        features : Features
            Inputs of the chains.
        noise : (B, S, N, 3) float
            Standard normal numbers; what the structures of a chain differ by.

        Returns
        -------
        (B, S, N, 23, 3) float, angstrom
            Centred; 0 outside ``features.slot_mask``.
        """
        noisy = start_coords(features, self.dimensions.start_noise * noise)
        coords = self.structure(features, trunk.single, trunk.pair, noisy)
        return centre(coords, features.slot_mask[:, None])

    @torch.no_grad()
    def sample(
        self,
        trunk: RegressorTrunk,
        features: Features,
        n_samples: int,
        settings: SamplerSettings,
        generator: torch.Generator,
    ) -> Float[Tensor, "B S N 23 3"]:
        """Predict structures from drawn noise; as ``RnaNetwork.sample``.

        ``settings`` has no bearing: there is one step, from the one start.
        """
        shape = (features.batch, n_samples, features.length, 3)
        noise = torch.randn(shape, generator=generator, device=generator.device)
        return self.regress(trunk, features, noise.to(trunk.single))

    def confidence(
        self,
        trunk: RegressorTrunk,
        features: Features,
        coords: Float[Tensor, "B S N 23 3"],
        detach: bool = True,
    ) -> Confidence:
        """Judge structures; as ``RnaNetwork.confidence``."""
        single, pair = trunk.single, trunk.pair
        if detach:
            single, pair = single.detach(), pair.detach()
        return self.confidence_head(features, single, pair, coords)


def a_form(like: Tensor) -> Float[Tensor, " torsions"]:
    """Give the torsions of A-form RNA (radians), with type and device of a tensor."""
    return like.new_tensor([radians(A_FORM[name]) for name in TORSIONS])


def start_coords(
    features: Features, shift: Float[Tensor, "B S N 3"]
) -> Float[Tensor, "B S N 23 3"]:
    """Build an A-form strand, draw it together, and shift its residues.

    The residues move rigidly towards the centre until their C4' have the radius of gyration of
    a folded chain, 5.5 N^0.33 angstrom (Hyeon et al. 2006, J Chem Phys 125:194905).

    Parameters
    ----------
    features : Features
        Sequence and masks.
    shift : (B, S, N, 3) float, angstrom
        Of each residue.

    Returns
    -------
    (B, S, N, 23, 3) float, angstrom
        Padding has coordinates too.
    """
    strand = build_atoms(
        a_form(shift).expand(features.batch, features.length, -1), features.sequence
    )
    _, origin = residue_frames(strand)
    weight = features.residue_mask[..., None].to(shift)
    count = weight.sum(1, keepdim=True).clamp_min(1.0)
    centred = origin - (origin * weight).sum(1, keepdim=True) / count
    square = (centred.square() * weight).sum((1, 2), keepdim=True) / count
    scale = (5.5 * count**0.33 / square.clamp_min(1e-6).sqrt()).clamp_max(1.0)
    moved = strand + (scale * centred - origin)[:, :, None]
    return moved[:, None] + shift[..., None, :]
