"""Confidence of sampled structures: pLDDT, PAE, PDE, resolved atoms, and pTM of a single chain.

The sample enters through the distances of its C1' atoms and of its sugar frames; a small Pairformer
joins them with the trunk (AlphaFold 3, algorithm 31). Samples carry no gradient.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from rna_predict.constants import BACKBONE_ATOMS, N_SLOTS
from rna_predict.model.chunks import by_rows
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.inputs import Features
from rna_predict.model.kinematics import residue_frames
from rna_predict.model.layers import linear, radial_basis, safe_norm
from rna_predict.model.pairformer import PairformerBlock

DISTANCE_MAX = 40.0
DISTANCE_FEATURES = 32
SHORT_D0 = ((11, 0.3), (15, 0.4), (19, 0.5), (23, 0.6), (29, 0.7))
"""(length up to, d0 in angstrom) of short RNA; twin of the TM-score's own table."""


def tm_scale(length: int) -> float:
    """Give d0 (angstrom) of the RNA TM-score: Gong et al. (2019) Bioinformatics 35:4459."""
    for longest, d0 in SHORT_D0:
        if length <= longest:
            return d0
    return 0.6 * (length - 0.5) ** 0.5 - 2.5


@dataclass(frozen=True, eq=False)
class Confidence:
    """Logits of the confidence heads; bins are equally wide."""

    plddt_logits: Float[Tensor, "B S N plddt_bins"]
    pae_logits: Float[Tensor, "B S N N error_bins"]
    pde_logits: Float[Tensor, "B S N N error_bins"]
    resolved_logits: Float[Tensor, "B S N 23"]
    residue_mask: Bool[Tensor, "B N"]
    error_max: float
    """Upper end of the error bins (angstrom)."""

    def plddt(self) -> Float[Tensor, "B S N"]:
        """(B, S, N) expected lDDT of each residue, 0 to 100."""
        return expected(self.plddt_logits, 100.0)

    def pae(self) -> Float[Tensor, "B S N N"]:
        """(B, S, N, N) expected error (angstrom) of residue j with residue i superposed."""
        return expected(self.pae_logits, self.error_max)

    def pde(self) -> Float[Tensor, "B S N N"]:
        """(B, S, N, N) expected error (angstrom) of the C1'-C1' distance."""
        return expected(self.pde_logits, self.error_max)

    def ptm(self) -> Float[Tensor, "B S"]:
        """(B, S) predicted TM-score of the chain, with the RNA d0 of its length.

        Jumper et al. (2021) Nature 596:583, supplement 1.9.7: the best residue to superpose.
        """
        lengths = self.residue_mask.sum(-1)
        d0 = torch.tensor([tm_scale(int(n)) for n in lengths], device=lengths.device)
        centres = bin_centres(self.pae_logits, self.error_max)
        score = 1 / (1 + (centres / d0[:, None]) ** 2)
        expected_score = (self.pae_logits.softmax(-1) * score[:, None, None, None]).sum(-1)
        mask = self.residue_mask[:, None, None, :]
        mean = (expected_score * mask).sum(-1) / lengths[:, None, None].clamp_min(1)
        return mean.masked_fill(~self.residue_mask[:, None], 0.0).amax(-1)


def bin_centres(logits: Float[Tensor, "*batch bins"], last: float) -> Float[Tensor, " bins"]:
    """Give the centres of equal bins from 0 to ``last``."""
    bins = logits.shape[-1]
    return (torch.arange(bins, device=logits.device) + 0.5) * (last / bins)


def expected(logits: Float[Tensor, "*batch bins"], last: float) -> Float[Tensor, "*batch"]:
    """Give the mean of the bin centres under the predicted distribution."""
    return logits.softmax(-1) @ bin_centres(logits, last)


class ConfidenceHead(nn.Module):
    """Judge samples of a chain."""

    def __init__(self, dimensions: Dimensions) -> None:
        super().__init__()
        d = dimensions
        self.error_max = d.error_max
        self.single = nn.Sequential(nn.LayerNorm(d.single), linear(d.single, d.single))
        self.pair = nn.Sequential(nn.LayerNorm(d.pair), linear(d.pair, d.pair))
        self.geometry = linear(DISTANCE_FEATURES + 3, d.pair)
        self.blocks = nn.ModuleList(
            PairformerBlock(
                d.single,
                d.pair,
                d.pairformer_heads,
                d.triangle,
                d.triangle_heads,
                d.transition_factor,
            )
            for _ in range(d.confidence_blocks)
        )
        self.single_norm = nn.LayerNorm(d.single)
        self.pair_norm = nn.LayerNorm(d.pair)
        self.from_pair = linear(d.pair, d.single)
        self.plddt = linear(d.single, d.plddt_bins)
        self.resolved = linear(d.single, N_SLOTS)
        self.pae = linear(d.pair, d.error_bins)
        self.pde = linear(d.pair, d.error_bins)

    def forward(
        self,
        features: Features,
        single: Float[Tensor, "B N single"],
        pair: Float[Tensor, "B N N pair"],
        coords: Float[Tensor, "B S N 23 3"],
    ) -> Confidence:
        """Give the logits.

        Parameters
        ----------
        features : Features
            Inputs of the chains.
        single, pair : (B, N, c), (B, N, N, c) float
            Of the Pairformer; detached by the caller where the trunk must not learn from this.
        coords : (B, S, N, 23, 3) float, angstrom
            Samples.

        Returns
        -------
        Confidence
        """
        if torch.is_grad_enabled():
            parts = [self._judge(features, single, pair, coords)]
        else:  # one sample at a time: each has a pair track of its own
            parts = [
                self._judge(features, single, pair, sample) for sample in coords.split(1, dim=1)
            ]
        plddt, pae, pde, resolved = (
            torch.cat(logits, dim=1) if len(parts) > 1 else logits[0]
            for logits in zip(*parts, strict=True)
        )
        return Confidence(plddt, pae, pde, resolved, features.residue_mask, self.error_max)

    def _judge(
        self, features: Features, single: Tensor, pair: Tensor, coords: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Give the logits of all heads for some samples."""
        shape = coords.shape[:2]
        folded = features.repeat(shape[1])
        x = self.single(single).repeat_interleave(shape[1], dim=0)
        z = self.pair(pair).repeat_interleave(shape[1], dim=0)
        z = z + self._embed_geometry(coords.detach().flatten(0, 1))
        for block in self.blocks:
            x, z = block(x, z, folded)
        z = self.pair_norm(z)
        weight = folded.residue_mask / folded.residue_mask.sum(-1, keepdim=True).clamp_min(1)
        x = self.single_norm(x + self.from_pair(torch.einsum("bijc,bj->bic", z, weight.to(z))))
        logits = self.plddt(x), self.pae(z), self.pde(z + z.transpose(1, 2)), self.resolved(x)
        return tuple(part.unflatten(0, shape) for part in logits)

    def _embed_geometry(self, coords: Tensor) -> Tensor:
        """Embed distances and directions within samples, (K, N, N, pair)."""
        points = coords[:, :, BACKBONE_ATOMS.index("C1'")]
        axes, origin = residue_frames(coords)
        return by_rows(
            lambda *rows: self.geometry(sample_geometry(*rows, points)),
            points,
            axes,
            origin,
            width=self.geometry.in_features,
        )


def sample_geometry(
    row_points: Float[Tensor, "K R 3"],
    row_axes: Float[Tensor, "K R 3 3"],
    row_origin: Float[Tensor, "K R 3"],
    points: Float[Tensor, "K N 3"],
) -> Float[Tensor, "K R N features"]:
    """Give distances as radial basis, and the direction of each point in the frame of a row."""
    distance = safe_norm(row_points[:, :, None] - points[:, None])
    local = (points[:, None] - row_origin[:, :, None]) @ row_axes
    direction = local / (1.0 + safe_norm(local)[..., None])
    return torch.cat([radial_basis(distance, DISTANCE_MAX, DISTANCE_FEATURES), direction], dim=-1)
