"""Stage B2, the Pairformer: a single and a pair track (AlphaFold 3, algorithm 17).

The base-pair probability enters twice: through one linear layer into the initial pair
representation, and as a bias of the attention over residues. Recycled representations are added
after a norm. Everything works on (B, N, c) and (B, N, N, c).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rna_predict.constants import ALPHABET
from rna_predict.model.inputs import Features
from rna_predict.model.layers import (
    Attention,
    Transition,
    attend,
    gate,
    linear,
    mask_bias,
    split_heads,
)

CHUNK_SCORES = 2**26
"""Triangle attention holds at most about this many scores at a time when no gradient is kept."""


class RelativePosition(nn.Module):
    """Embedding of the clipped sequence separation of two residues."""

    def __init__(self, last: int, width: int) -> None:
        super().__init__()
        self.last = last
        self.embed = nn.Embedding(2 * last + 1, width)

    def forward(self, features: Features) -> Tensor:
        """Give (B, N, N, width)."""
        return self.embed(features.relative_position.clamp(-self.last, self.last) + self.last)


class TriangleMultiplication(nn.Module):
    """Update of edge ij from edges ik and jk (outgoing) or ki and kj (algorithms 12 and 13)."""

    def __init__(self, width: int, hidden: int, outgoing: bool) -> None:
        super().__init__()
        self.equation = "bikc,bjkc->bijc" if outgoing else "bkic,bkjc->bijc"
        self.norm = nn.LayerNorm(width)
        self.sides = linear(width, 2 * hidden)
        self.side_gates = gate(width, 2 * hidden)
        self.hidden_norm = nn.LayerNorm(hidden)
        self.gate = gate(width, width)
        self.out = linear(hidden, width, zero=True)

    def forward(self, pair: Tensor, pair_mask: Tensor) -> Tensor:
        """Give the update of the pair track."""
        x = self.norm(pair)
        sides = self.sides(x) * self.side_gates(x).sigmoid() * pair_mask[..., None]
        left, right = sides.chunk(2, -1)
        product = torch.einsum(self.equation, left, right)
        return self.gate(x).sigmoid() * self.out(self.hidden_norm(product))


class TriangleAttention(nn.Module):
    """Attention of edge ij over edges ik (starting node) or kj (algorithms 14 and 15)."""

    def __init__(self, width: int, heads: int, starting: bool) -> None:
        super().__init__()
        self.heads = heads
        self.starting = starting
        self.norm = nn.LayerNorm(width)
        self.query_key_value = linear(width, 3 * width)
        self.bias = linear(width, heads)
        self.gate = gate(width, width)
        self.out = linear(width, width, zero=True)

    def forward(self, pair: Tensor, residue_mask: Tensor) -> Tensor:
        """Give the update of the pair track."""
        x = self.norm(pair if self.starting else pair.transpose(1, 2))
        bias = self.bias(x).permute(0, 3, 1, 2) + mask_bias(residue_mask)[:, None, None, :]
        rows = x.shape[1]
        if not torch.is_grad_enabled():
            rows = max(1, min(rows, CHUNK_SCORES // bias.numel()))
        parts = [
            attend(
                *(split_heads(part, self.heads) for part in self.query_key_value(row).chunk(3, -1)),
                bias[:, None],
            )
            for row in x.split(rows, dim=1)
        ]
        update = self.out(self.gate(x).sigmoid() * torch.cat(parts, dim=1))
        return update if self.starting else update.transpose(1, 2)


class PairBiasAttention(nn.Module):
    """Attention over residues, biased by the pair track and by the base-pair probability."""

    def __init__(self, single: int, pair: int, heads: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(single)
        self.pair_norm = nn.LayerNorm(pair)
        self.bias = linear(pair, heads)
        self.pairing = linear(1, heads)
        self.attention = Attention(single, heads)

    def forward(self, single: Tensor, pair: Tensor, features: Features) -> Tensor:
        """Give the update of the single track."""
        bias = self.bias(self.pair_norm(pair)) + self.pairing(features.pair_probability[..., None])
        bias = bias.permute(0, 3, 1, 2) + mask_bias(features.residue_mask)[:, None, None, :]
        return self.attention(self.norm(single), bias)


class PairformerBlock(nn.Module):
    """One round of updates of both tracks."""

    def __init__(
        self, single: int, pair: int, heads: int, triangle: int, triangle_heads: int, factor: int
    ) -> None:
        super().__init__()
        self.outgoing = TriangleMultiplication(pair, triangle, outgoing=True)
        self.incoming = TriangleMultiplication(pair, triangle, outgoing=False)
        self.starting = TriangleAttention(pair, triangle_heads, starting=True)
        self.ending = TriangleAttention(pair, triangle_heads, starting=False)
        self.pair_transition = Transition(pair, factor)
        self.attention = PairBiasAttention(single, pair, heads)
        self.single_transition = Transition(single, factor)

    def forward(self, single: Tensor, pair: Tensor, features: Features) -> tuple[Tensor, Tensor]:
        """Give both tracks, updated."""
        pair_mask = features.pair_mask
        pair = pair + self.outgoing(pair, pair_mask)
        pair = pair + self.incoming(pair, pair_mask)
        pair = pair + self.starting(pair, features.residue_mask)
        pair = pair + self.ending(pair, features.residue_mask)
        pair = pair + self.pair_transition(pair)
        single = single + self.attention(single, pair, features)
        return single + self.single_transition(single), pair


class Pairformer(nn.Module):
    """Embedding of the inputs, recycling and the blocks."""

    def __init__(
        self,
        single: int,
        pair: int,
        blocks: int,
        heads: int,
        triangle: int,
        triangle_heads: int,
        relative_positions: int,
        factor: int,
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(ALPHABET), single)
        self.first = linear(single, pair)
        self.second = linear(single, pair)
        self.position = RelativePosition(relative_positions, pair)
        self.pairing = linear(1, pair)
        self.recycle_single = nn.Sequential(nn.LayerNorm(single), linear(single, single, zero=True))
        self.recycle_pair = nn.Sequential(nn.LayerNorm(pair), linear(pair, pair, zero=True))
        self.blocks = nn.ModuleList(
            PairformerBlock(single, pair, heads, triangle, triangle_heads, factor)
            for _ in range(blocks)
        )

    def forward(
        self, features: Features, recycles: int
    ) -> tuple[Float[Tensor, "B N single"], Float[Tensor, "B N N pair"]]:
        """Run the blocks ``recycles + 1`` times; only the last round keeps its gradient."""
        first = self.embed(features.sequence)
        pair = self.first(first)[:, :, None] + self.second(first)[:, None] + self.position(features)
        pair = pair + self.pairing(features.pair_probability[..., None])
        single, initial = first, pair
        for cycle in range(recycles + 1):
            with torch.set_grad_enabled(torch.is_grad_enabled() and cycle == recycles):
                if cycle:
                    single = first + self.recycle_single(single)
                    pair = initial + self.recycle_pair(pair)
                for block in self.blocks:
                    single, pair = block(single, pair, features)
        return single, pair
