"""The latent merger: node and edge data of both branches in one latent.

A small transformer over residues. Nodes come from the torsion net (state, sines and cosines), from
the Pairformer (single) and from the adjacency; edges from the Pairformer (pair), the adjacency and
the distances of stage C's coordinates. The diffusion sees nothing else of the trunk, so neither
branch can be bypassed.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rna_predict.constants import BACKBONE_ATOMS, TORSIONS
from rna_predict.model.inputs import Features
from rna_predict.model.layers import Transition, linear, radial_basis, safe_norm
from rna_predict.model.pairformer import PairBiasAttention

DISTANCE_ATOMS = ("P", "C4'", "C1'")
"""Atoms whose distances within stage C's coordinates enter the edges."""
DISTANCE_MAX = 40.0
DISTANCE_FEATURES = 16


class OuterProduct(nn.Module):
    """Update of the edges from pairs of nodes; starts at zero."""

    def __init__(self, single: int, pair: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(single)
        self.sides = linear(single, 2 * pair)
        self.out = linear(pair, pair, zero=True)

    def forward(self, single: Tensor) -> Tensor:
        """Give the update of the edges."""
        first, second = self.sides(self.norm(single)).chunk(2, -1)
        return self.out(first[:, :, None] * second[:, None])


class MergerBlock(nn.Module):
    """Nodes attend along edges, edges are updated from nodes."""

    def __init__(self, single: int, pair: int, heads: int, factor: int) -> None:
        super().__init__()
        self.attention = PairBiasAttention(single, pair, heads)
        self.single_transition = Transition(single, factor)
        self.outer = OuterProduct(single, pair)
        self.pair_transition = Transition(pair, factor)

    def forward(self, single: Tensor, pair: Tensor, features: Features) -> tuple[Tensor, Tensor]:
        """Give nodes and edges, updated."""
        single = single + self.attention(single, pair, features)
        single = single + self.single_transition(single)
        pair = pair + self.outer(single)
        return single, pair + self.pair_transition(pair)


class LatentMerger(nn.Module):
    """Unite both branches."""

    def __init__(
        self,
        torsion: int,
        single: int,
        pair: int,
        latent_single: int,
        latent_pair: int,
        blocks: int,
        heads: int,
        factor: int,
    ) -> None:
        super().__init__()
        self.torsion_norm = nn.LayerNorm(torsion)
        self.single_norm = nn.LayerNorm(single)
        self.pair_norm = nn.LayerNorm(pair)
        self.nodes = linear(torsion + 2 * len(TORSIONS) + single + 1, latent_single, bias=True)
        self.edges = linear(
            pair + 1 + len(DISTANCE_ATOMS) * DISTANCE_FEATURES, latent_pair, bias=True
        )
        self.blocks = nn.ModuleList(
            MergerBlock(latent_single, latent_pair, heads, factor) for _ in range(blocks)
        )

    def forward(
        self,
        features: Features,
        torsion_hidden: Float[Tensor, "B N torsion"],
        torsion_sin_cos: Float[Tensor, "B N torsions 2"],
        single: Float[Tensor, "B N single"],
        pair: Float[Tensor, "B N N pair"],
        start_coords: Float[Tensor, "B N 23 3"],
    ) -> tuple[Float[Tensor, "B N latent"], Float[Tensor, "B N N edge"]]:
        """Give the node and the edge latent."""
        paired = features.pair_probability.sum(-1, keepdim=True)
        nodes = self.nodes(
            torch.cat(
                [
                    self.torsion_norm(torsion_hidden),
                    torsion_sin_cos.flatten(-2),
                    self.single_norm(single),
                    paired,
                ],
                dim=-1,
            )
        )
        edges = self.edges(
            torch.cat(
                [
                    self.pair_norm(pair),
                    features.pair_probability[..., None],
                    start_distances(start_coords),
                ],
                dim=-1,
            )
        )
        for block in self.blocks:
            nodes, edges = block(nodes, edges, features)
        return nodes, edges


def start_distances(coords: Float[Tensor, "B N 23 3"]) -> Float[Tensor, "B N N features"]:
    """Give radial-basis features of the distances between ``DISTANCE_ATOMS`` of two residues."""
    points = coords[:, :, [BACKBONE_ATOMS.index(name) for name in DISTANCE_ATOMS]]
    distance = safe_norm(points[:, :, None] - points[:, None])
    return radial_basis(distance, DISTANCE_MAX, DISTANCE_FEATURES).flatten(-2)
