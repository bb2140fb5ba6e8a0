"""An E(3)-equivariant graph neural network that regresses coordinates.

Nodes are residues: scalars, a position (C4') and vector channels. Edges join neighbours of the
sequence, likely base pairs and the nearest residues in the coordinates of the layer; a chain of
at most ``regressor_neighbours + 1`` residues has all of them. Messages see distances and scalar
products alone (EGNN: Satorras et al. 2021, arXiv:2102.09844; vector channels as in PaiNN: Schuett
et al. 2021, arXiv:2102.03150), so rotation, translation and reflection of the start move positions
and vectors alike. Atoms stand on right-handed frames made of two vectors each: a mirrored start
mirrors the trace, but never a residue, so the whole is SE(3)-equivariant and chiral.
"""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from rna_predict.constants import BACKBONE_ATOMS, N_BACKBONE, N_SLOTS
from rna_predict.model.baselines.regressor import Regressor
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.inputs import Features
from rna_predict.model.kinematics import reference_conformers, residue_frames
from rna_predict.model.layers import MASKED, Transition, linear, radial_basis, safe_norm

DISTANCE_MAX = 40.0
DISTANCE_FEATURES = 16
START_VECTORS = (
    BACKBONE_ATOMS.index("C3'"), BACKBONE_ATOMS.index("C1'"), BACKBONE_ATOMS.index("P"), N_BACKBONE,
)  # fmt: skip
"""Atoms whose offsets from C4' are the first vectors; the first two span the residue's frame."""
KEPT = 1e4
"""Angstrom by which edges of the sequence and of base pairs are nearer than others when the
nearest are chosen."""


class GnnRegressor(Regressor):
    """Message passing over residues, then atoms on frames."""

    def __init__(self, dimensions: Dimensions) -> None:
        super().__init__(dimensions, GraphStructure(dimensions))


class GraphStructure(nn.Module):
    """Start and tracks to coordinates."""

    def __init__(self, d: Dimensions) -> None:
        super().__init__()
        self.neighbours = d.regressor_neighbours
        self.pair_norm = nn.LayerNorm(d.pair)
        self.vectors = linear(len(START_VECTORS), d.regressor_vectors)
        self.layers = nn.ModuleList(
            GraphLayer(
                d.single, d.pair, d.regressor_vectors, d.regressor_heads, d.transition_factor
            )
            for _ in range(d.regressor_blocks)
        )
        self.frame = linear(d.regressor_vectors, 2, zero=True)
        self.norm = nn.LayerNorm(d.single)
        self.offsets = linear(d.single, 3 * N_SLOTS, zero=True)

    def forward(
        self,
        features: Features,
        single: Float[Tensor, "B N single"],
        pair: Float[Tensor, "B N N pair"],
        start: Float[Tensor, "B S N 23 3"],
    ) -> Float[Tensor, "B S N 23 3"]:
        """Move the residues of the start and turn them; equivariant to its motion.

        Returns
        -------
        (B, S, N, 23, 3) float, angstrom
            Atoms outside ``features.slot_mask`` have no meaning.
        """
        pair = self.pair_norm(pair)
        x, vectors = start_nodes(start)
        spanning = vectors[..., :2, :]
        channels = self.vectors(vectors.mT).mT
        h = single[:, None].expand(*start.shape[:3], -1)
        for layer in self.layers:
            neighbours, mask = choose_edges(x, features, self.neighbours)
            h, x, channels = layer(h, x, channels, pair, neighbours, mask)
        first, second = (spanning + self.frame(scale(channels).mT).mT).unbind(-2)
        axes = frame(first, second)
        ideal = torch.tensor(reference_conformers(), device=x.device)[features.sequence]
        local = ideal[:, None] + self.offsets(self.norm(h)).unflatten(-1, (N_SLOTS, 3))
        return local @ axes.mT + x[..., None, :]


class GraphLayer(nn.Module):
    """One round of messages: updates of scalars, positions and vectors."""

    def __init__(self, single: int, pair: int, vectors: int, heads: int, factor: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(single)
        self.receiver = linear(single, single, bias=True)
        self.sender = linear(single, single)
        self.edge = linear(pair, single)
        self.geometry = linear(DISTANCE_FEATURES + 1 + 3 * vectors, single)
        self.message = linear(single, single, bias=True)
        self.scores = linear(single, heads)
        self.out = linear(single, single, zero=True)
        self.approach = linear(single, 1, zero=True)
        self.along = linear(single, vectors)
        self.carried = linear(single, vectors)
        self.products = linear(2 * vectors, single, zero=True)
        self.transition = Transition(single, factor)
        self.mix = linear(vectors, 2 * vectors)
        self.gates = linear(single, vectors, bias=True)
        self.step = linear(single, vectors, zero=True)

    def forward(
        self,
        h: Float[Tensor, "B S N single"],
        x: Float[Tensor, "B S N 3"],
        vectors: Float[Tensor, "B S N vectors 3"],
        pair: Float[Tensor, "B N N pair"],
        neighbours: Int64[Tensor, "B S N K"],
        mask: Bool[Tensor, "B S N K"],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Give scalars, positions (angstrom) and vectors, updated."""
        unit, y = scale(vectors), self.norm(h)
        reach = gather(x, neighbours) - x[..., None, :]
        distance = safe_norm(reach)
        direction = reach / distance[..., None]
        theirs = gather(unit.flatten(-2), neighbours).unflatten(-1, (-1, 3))
        toward = direction[..., None, :]
        geometry = [
            radial_basis(distance, DISTANCE_MAX, DISTANCE_FEATURES),
            distance.log1p()[..., None],
            (unit[..., None, :, :] * toward).sum(-1),
            (theirs * toward).sum(-1),
            (unit[..., None, :, :] * theirs).sum(-1),
        ]
        hidden = (
            self.receiver(y)[..., None, :]
            + gather(self.sender(y), neighbours)
            + gather_edges(self.edge(pair), neighbours)
            + self.geometry(torch.cat(geometry, dim=-1))
        )
        message = F.silu(self.message(F.silu(hidden)))
        scores = self.scores(message).masked_fill(~mask[..., None], MASKED)
        # A residue without any neighbour gets no message.
        weight = scores.softmax(-2) * mask[..., None]
        heads = weight.shape[-1]
        h = h + self.out(
            (weight[..., None] * message.unflatten(-1, (heads, -1))).sum(-3).flatten(-2)
        )
        share = weight.mean(-1, keepdim=True)
        x = x + (share * self.approach(message) * reach).sum(-2)
        along = (share * self.along(message)).mT @ direction
        carried = ((share * self.carried(message))[..., None] * theirs).sum(-3)
        vectors = vectors + along + carried

        first, second = self.mix(scale(vectors).mT).mT.chunk(2, -2)
        products = torch.cat([(first * second).sum(-1), safe_norm(first)], dim=-1)
        h = h + self.products(products)
        h = h + self.transition(h)
        vectors = vectors + self.gates(h)[..., None] * first
        return h, x + (self.step(h)[..., None, :] @ scale(vectors))[..., 0, :], vectors


def start_nodes(start: Float[Tensor, "*batch 23 3"]) -> tuple[Tensor, Tensor]:
    """Give position (..., 3) and first vectors (..., 4, 3) of residues, angstrom."""
    x = start[..., BACKBONE_ATOMS.index("C4'"), :]
    return x, start[..., list(START_VECTORS), :] - x[..., None, :]


def scale(vectors: Float[Tensor, "*batch vectors 3"]) -> Float[Tensor, "*batch vectors 3"]:
    """Divide the vectors of a residue by their root-mean-square length."""
    return vectors / (vectors.square().sum(-1).mean(-1) + 1e-4).sqrt()[..., None, None]


def frame(
    first: Float[Tensor, "*batch 3"], second: Float[Tensor, "*batch 3"]
) -> Float[Tensor, "*batch 3 3"]:
    """Give right-handed axes (columns): x along the first vector, the second at positive y."""
    residue = first.new_zeros(*first.shape[:-1], N_SLOTS, 3)
    residue[..., START_VECTORS[0], :] = first
    residue[..., START_VECTORS[1], :] = second
    return residue_frames(residue)[0]


@torch.no_grad()
def choose_edges(
    x: Float[Tensor, "B S N 3"], features: Features, count: int
) -> tuple[Int64[Tensor, "B S N K"], Bool[Tensor, "B S N K"]]:
    """Choose the neighbours that send each residue a message.

    Residues at most two apart in the chain come first, then likely base pairs, then the nearest.

    Parameters
    ----------
    x : (B, S, N, 3) float, angstrom
        Positions.
    features : Features
        Chain and pair probabilities.
    count : int
        Most neighbours, K; a shorter chain has all pairs.

    Returns
    -------
    neighbours : (B, S, N, K) int64
        Sending residues.
    mask : (B, S, N, K) bool
        False for padding.
    """
    far = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
    chain = features.relative_position.abs() <= 2
    far = far - KEPT * (features.pair_probability + 2.0 * chain)[:, None]
    itself = torch.eye(features.length, dtype=torch.bool, device=x.device)
    real = (features.pair_mask & ~itself)[:, None].expand_as(far)
    far = far.masked_fill(~real, torch.inf)
    neighbours = far.topk(min(count, features.length), largest=False).indices
    return neighbours, real.gather(-1, neighbours)


def gather(
    nodes: Float[Tensor, "B S N c"], neighbours: Int64[Tensor, "B S N K"]
) -> Float[Tensor, "B S N K c"]:
    """Take what the neighbours of each residue hold."""
    index = neighbours.flatten(2)[..., None].expand(-1, -1, -1, nodes.shape[-1])
    return nodes.gather(2, index).unflatten(2, neighbours.shape[2:])


def gather_edges(
    edges: Float[Tensor, "B N N c"], neighbours: Int64[Tensor, "B S N K"]
) -> Float[Tensor, "B S N K c"]:
    """Take the edges from each residue to its neighbours."""
    batch, residue = (
        torch.arange(size, device=edges.device) for size in (edges.shape[0], edges.shape[1])
    )
    return edges[batch[:, None, None, None], residue[:, None], neighbours]
