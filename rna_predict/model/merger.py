"""The latent merger: node and edge data of both branches in one latent.

A small transformer over residues. Nodes come from the torsion net (state, sines and cosines), from
the Pairformer (single) and from the adjacency; edges from the Pairformer (pair), the adjacency, the
distances of stage C's coordinates and, where there are some, those of partial coordinates such as
templates give. The diffusion sees nothing else of the trunk but stage C's coordinates, so neither
branch can be bypassed. Coordinates enter as distances: their place and orientation mean nothing.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from rna_predict.constants import BACKBONE_ATOMS, TORSIONS
from rna_predict.model.chunks import by_rows
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
        return by_rows(
            lambda rows: self.out(rows[:, :, None] * second[:, None]), first, width=first.shape[-1]
        )


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
        self.nodes = linear(torsion + 2 * len(TORSIONS) + single + 2, latent_single, bias=True)
        distances = len(DISTANCE_ATOMS) * DISTANCE_FEATURES
        self.edges = linear(pair + 2 + distances, latent_pair, bias=True)
        self.partial = linear(DISTANCE_FEATURES + 1, latent_pair)
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
        partial: tuple[Float[Tensor, "B P N 3"], Bool[Tensor, "B P N"]] | None = None,
    ) -> tuple[Float[Tensor, "B N latent"], Float[Tensor, "B N N edge"]]:
        """Unite nodes and edges.

        Parameters
        ----------
        features : Features
            Inputs of the chains.
        torsion_hidden : (B, N, c) float
            State of the torsion net.
        torsion_sin_cos : (B, N, 14, 2) float
            Its torsions as unit vectors.
        single, pair : (B, N, c), (B, N, N, c) float
            Of the Pairformer.
        start_coords : (B, N, 23, 3) float, angstrom
            Stage C's coordinates.
        partial : ((B, P, N, 3) float, (B, P, N) bool), optional
            P sets of known points (angstrom), one a residue, and which are known. Each set has its
            own place and orientation; distances are averaged over the sets that know both ends.

        Returns
        -------
        nodes, edges : (B, N, c), (B, N, N, c)
        """
        paired = features.pairings.sum(2)
        torsion = [self.torsion_norm(torsion_hidden), torsion_sin_cos.flatten(-2)]
        nodes = self.nodes(torch.cat([*torsion, self.single_norm(single), paired], dim=-1))
        edges = self._edges(features, pair, start_coords)
        if partial is not None and partial[0].shape[1]:
            edges = edges + self._partial_edges(*(part.transpose(1, 2) for part in partial))
        for block in self.blocks:
            nodes, edges = block(nodes, edges, features)
        return nodes, edges

    def _edges(self, features: Features, pair: Tensor, start_coords: Tensor) -> Tensor:
        """Join pair representation, adjacency and distances of stage C."""
        points = start_coords[:, :, [BACKBONE_ATOMS.index(name) for name in DISTANCE_ATOMS]]

        def join(pair: Tensor, pairings: Tensor, rows: Tensor) -> Tensor:
            distances = distance_features(rows, points).flatten(-2)
            return self.edges(torch.cat([self.pair_norm(pair), pairings, distances], dim=-1))

        return by_rows(join, pair, features.pairings, points, width=self.edges.in_features)

    def _partial_edges(self, points: Tensor, mask: Tensor) -> Tensor:
        """Embed the distances of known points, (B, N, P, 3)."""
        return by_rows(
            lambda *rows: self.partial(partial_distances(*rows, points, mask)),
            points,
            mask,
            width=points.shape[2] * DISTANCE_FEATURES,
        )


def distance_features(
    rows: Float[Tensor, "B R K 3"], points: Float[Tensor, "B N K 3"]
) -> Float[Tensor, "B R N K features"]:
    """Give radial-basis features of the distances between the K-th points of two residues."""
    distance = safe_norm(rows[:, :, None] - points[:, None])
    return radial_basis(distance, DISTANCE_MAX, DISTANCE_FEATURES)


def partial_distances(
    rows: Float[Tensor, "B R P 3"],
    row_mask: Bool[Tensor, "B R P"],
    points: Float[Tensor, "B N P 3"],
    mask: Bool[Tensor, "B N P"],
) -> Float[Tensor, "B R N features"]:
    """Average the distance features of P sets of points where both ends are known.

    The last feature is 1 where any set knows both ends; all are 0 elsewhere.
    """
    both = row_mask[:, :, None] & mask[:, None]
    seen = distance_features(rows, points).masked_fill(~both[..., None], 0.0)
    count = both.sum(-1, keepdim=True)
    return torch.cat([seen.sum(-2) / count.clamp_min(1), (count > 0).to(seen)], dim=-1)
