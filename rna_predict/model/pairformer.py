"""Stage B2, the Pairformer: a single and a pair track (AlphaFold 3, algorithm 17).

The base-pair probabilities enter twice: through one linear layer into the initial pair
representation, and as a bias of the attention over residues. Recycled representations are added
after a norm. Everything works on (B, N, c) and (B, N, N, c).
"""

from collections.abc import Iterable
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from rna_predict.model import kernels
from rna_predict.model.chunks import by_rows
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.embedding import InputEmbedder
from rna_predict.model.inputs import Features
from rna_predict.model.layers import (
    Attention,
    Transition,
    attend,
    for_products,
    gate,
    linear,
    mask_bias,
    split_heads,
)
from rna_predict.model.msa import MsaModule
from rna_predict.model.template_embedding import TemplateEmbedder


class TriangleMultiplication(nn.Module):
    """Update of edge ij from edges ik and jk (outgoing) or ki and kj (algorithms 12 and 13).

    Incoming edges are the outgoing edges of the transposed track.
    """

    def __init__(self, width: int, hidden: int, outgoing: bool) -> None:
        super().__init__()
        self.hidden = hidden
        self.outgoing = outgoing
        self.norm = nn.LayerNorm(width)
        self.sides = linear(width, 2 * hidden)
        self.side_gates = gate(width, 2 * hidden)
        self.hidden_norm = nn.LayerNorm(hidden)
        self.gate = gate(width, width)
        self.out = linear(hidden, width, zero=True)

    def forward(
        self, pair: Float[Tensor, "B N N width"], pair_mask: Bool[Tensor, "B N N"]
    ) -> Float[Tensor, "B N N width"]:
        """Give the update of the pair track."""
        parts = (self.sides, self.side_gates, self.gate, self.out)
        if kernels.can_multiply_triangles(pair, self.sides, parts):
            return kernels.multiply_triangles(
                pair, pair_mask, self.outgoing, self.norm, self.sides, self.side_gates,
                self.hidden_norm, self.gate, self.out,
            )  # fmt: skip
        edges, mask = pair, pair_mask
        if not self.outgoing:
            edges, mask = edges.transpose(1, 2), mask.transpose(1, 2)
        sides = by_rows(self._sides, edges, mask, width=4 * self.hidden)
        left, right = sides.chunk(2, 2)
        right = right.permute(0, 2, 3, 1)

        def update(left: Tensor, edges: Tensor) -> Tensor:
            product = (left.transpose(1, 2) @ right).permute(0, 2, 3, 1)
            x = for_products(self.norm(edges))
            return self.gate(x).sigmoid() * self.out(self.hidden_norm(product))

        return by_rows(update, left, pair, width=2 * self.hidden)

    def _sides(self, edges: Tensor, mask: Tensor) -> Float[Tensor, "B rows two_hidden N"]:
        """Give both operands of the product, with the summed axis last."""
        x = for_products(self.norm(edges))
        sides = self.sides(x) * self.side_gates(x).sigmoid() * mask[..., None]
        return sides.transpose(-1, -2)


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

    def forward(
        self, pair: Float[Tensor, "B N N width"], residue_mask: Bool[Tensor, "B N"]
    ) -> Float[Tensor, "B N N width"]:
        """Give the update of the pair track."""
        x = for_products(self.norm(pair if self.starting else pair.transpose(1, 2)))
        bias = self.bias(x).permute(0, 3, 1, 2).contiguous()
        fused = kernels.can_attend_triangles(x, self.heads)
        masked = bias if fused else bias + mask_bias(residue_mask)[:, None, None, :]

        def update(rows: Tensor) -> Tensor:
            query, key, value = (
                split_heads(part, self.heads) for part in self.query_key_value(rows).chunk(3, -1)
            )
            attended = (
                kernels.attend_triangles(query, key, value, bias, residue_mask)
                if fused
                else attend(query, key, value, masked[:, None])
            )
            return self.out(self.gate(rows).sigmoid() * attended)

        update = by_rows(update, x, width=6 * x.shape[-1])
        return update if self.starting else update.transpose(1, 2)


class PairBiasAttention(nn.Module):
    """Attention over residues, biased by the pair track and by the base-pair probabilities."""

    def __init__(self, single: int, pair: int, heads: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(single)
        self.pair_norm = nn.LayerNorm(pair)
        self.bias = linear(pair, heads)
        self.pairing = linear(2, heads)
        self.attention = Attention(single, heads)

    def forward(
        self,
        single: Float[Tensor, "B N single"],
        pair: Float[Tensor, "B N N pair"],
        features: Features,
    ) -> Float[Tensor, "B N single"]:
        """Give the update of the single track."""
        bias = by_rows(
            lambda pair, pairings: self.bias(self.pair_norm(pair)) + self.pairing(pairings),
            pair, features.pairings, width=pair.shape[-1],
        )  # fmt: skip
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


def run_blocks(
    blocks: Iterable[PairformerBlock],
    single: Float[Tensor, "B N single"],
    pair: Float[Tensor, "B N N pair"],
    features: Features,
    precision: Literal["fp32", "bf16"] = "fp32",
    checkpointed: bool = False,
) -> tuple[Float[Tensor, "B N single"], Float[Tensor, "B N N pair"]]:
    """Run Pairformer blocks one after the other.

    Parameters
    ----------
    blocks : modules
        In their order.
    single, pair : (B, N, single), (B, N, N, pair) float32
        Both tracks.
    features : Features
        Inputs of the chains.
    precision : {"fp32", "bf16"}
        With "bf16" linear maps, products and attention compute in bfloat16. The tracks themselves,
        which add up the updates of all blocks, the norms and the sums within products stay float32.
    checkpointed : bool
        Where gradients are kept: hold only the tracks between blocks, and compute each block once
        more on the way back. The gradient is the same.

    Returns
    -------
    single, pair : (B, N, single), (B, N, N, pair) float32
    """
    # No cache: weights cast by a round without gradient must not serve the one that has it.
    with torch.autocast(
        pair.device.type, torch.bfloat16, enabled=precision == "bf16", cache_enabled=False
    ):
        for block in blocks:
            if checkpointed and torch.is_grad_enabled():
                single, pair = checkpoint(block, single, pair, features, use_reentrant=False)
            else:
                single, pair = block(single, pair, features)
    return single, pair


class Pairformer(nn.Module):
    """Embedding of the inputs, then rounds of templates, alignment and blocks (algorithm 1)."""

    def __init__(self, dimensions: Dimensions) -> None:
        super().__init__()
        d = dimensions
        self.embedder = InputEmbedder(d.single, d.pair, d.relative_positions)
        self.recycle_single = nn.Sequential(
            nn.LayerNorm(d.single), linear(d.single, d.single, zero=True)
        )
        self.recycle_pair = nn.Sequential(nn.LayerNorm(d.pair), linear(d.pair, d.pair, zero=True))
        self.templates = TemplateEmbedder(
            d.pair, d.template, d.template_blocks, d.transition_factor
        )
        self.msa = MsaModule(
            d.single, d.pair, d.msa, d.msa_outer, d.msa_blocks, d.msa_heads, d.transition_factor
        )
        self.precision, self.checkpointed = d.trunk_precision, d.checkpoint_blocks
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
        self, features: Features, recycles: int
    ) -> tuple[Float[Tensor, "B N single"], Float[Tensor, "B N N pair"]]:
        """Run all rounds, ``recycles + 1`` of them; only the last one keeps its gradient."""
        first, initial = self.embedder(features)
        single, pair = first, initial
        for cycle in range(recycles + 1):
            with torch.set_grad_enabled(torch.is_grad_enabled() and cycle == recycles):
                if cycle:
                    single = first + self.recycle_single(single)
                    pair = initial + self.recycle_pair(pair)
                pair = self.templates(features, pair)
                pair = self.msa(features, first, pair)
                single, pair = run_blocks(
                    self.blocks, single, pair, features, self.precision, self.checkpointed
                )
        return single, pair
