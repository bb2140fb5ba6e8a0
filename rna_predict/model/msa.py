"""Alignment to pairs: a small form of the MSA module of AlphaFold 3 (algorithm 8).

Rows are homologs, the chain itself is in the single representation that is added to each. A block
first mixes the columns of each row along the pair representation, then writes what columns share
into it; in this order no update is without effect, however few blocks there are. Triangle updates
are left to the Pairformer. Without rows nothing is computed, and chains without rows that share
a batch with others get no update.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from rna_predict.model.chunks import by_rows
from rna_predict.model.inputs import MSA_LETTERS, Features
from rna_predict.model.layers import Transition, gate, linear, mask_bias, split_heads


class PairWeightedAveraging(nn.Module):
    """Mix the columns of each row with weights from the pair track (algorithm 10)."""

    def __init__(self, width: int, pair: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.value = linear(width, width)
        self.pair_norm = nn.LayerNorm(pair)
        self.bias = linear(pair, heads)
        self.gate = gate(width, width)
        self.out = linear(width, width, zero=True)

    def forward(
        self,
        rows: Float[Tensor, "B R N width"],
        pair: Float[Tensor, "B N N pair"],
        features: Features,
    ) -> Float[Tensor, "B R N width"]:
        """Give the update of the rows."""
        x = self.norm(rows)
        value = split_heads(self.value(x) * features.msa_mask[..., None], self.heads)
        bias = self.bias(self.pair_norm(pair)).permute(0, 3, 1, 2)
        weight = (bias + mask_bias(features.residue_mask)[:, None, None]).softmax(-1)
        mixed = torch.einsum("bhij,brhjd->brihd", weight.to(value), value).flatten(-2)
        return self.out(self.gate(x).sigmoid() * mixed)


class OuterProductMean(nn.Module):
    """Mean over the rows of the outer product of two columns (algorithm 9)."""

    def __init__(self, width: int, hidden: int, pair: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.sides = linear(width, 2 * hidden)
        self.out = linear(hidden**2, pair, zero=True)

    def forward(
        self, rows: Float[Tensor, "B R N width"], mask: Bool[Tensor, "B R N"]
    ) -> Float[Tensor, "B N N pair"]:
        """Give the update of the pair track; 0 where no row has both residues."""
        left, right = (self.sides(self.norm(rows)) * mask[..., None]).chunk(2, -1)
        update = by_rows(
            lambda left: self.out(torch.einsum("birc,brjd->bijcd", left, right).flatten(-2)),
            left.transpose(1, 2),
            width=self.out.in_features,
        )
        present = mask.to(update)
        return update / torch.einsum("bri,brj->bij", present, present).clamp_min(1)[..., None]


class MsaBlock(nn.Module):
    """One round: rows, then pairs."""

    def __init__(self, width: int, hidden: int, pair: int, heads: int, factor: int) -> None:
        super().__init__()
        self.averaging = PairWeightedAveraging(width, pair, heads)
        self.transition = Transition(width, factor)
        self.outer = OuterProductMean(width, hidden, pair)

    def forward(self, rows: Tensor, pair: Tensor, features: Features) -> tuple[Tensor, Tensor]:
        """Give rows and pairs, updated."""
        rows = rows + self.averaging(rows, pair, features)
        rows = rows + self.transition(rows)
        return rows, pair + self.outer(rows, features.msa_mask)


class MsaModule(nn.Module):
    """Update of the pair representation from an alignment.

    Parameters
    ----------
    single, pair : int
        Widths of the representations.
    width : int
        Of a letter of the alignment.
    hidden : int
        Of either side of the outer product.
    blocks, heads, factor : int
        Rounds, heads of the averaging, and hidden width of the transitions over their width.
    """

    def __init__(
        self, single: int, pair: int, width: int, hidden: int, blocks: int, heads: int, factor: int
    ) -> None:
        super().__init__()
        self.letter = nn.Embedding(MSA_LETTERS, width)
        self.single = linear(single, width)
        self.blocks = nn.ModuleList(
            MsaBlock(width, hidden, pair, heads, factor) for _ in range(blocks)
        )

    def forward(
        self,
        features: Features,
        single: Float[Tensor, "B N single"],
        pair: Float[Tensor, "B N N pair"],
    ) -> Float[Tensor, "B N N pair"]:
        """Give the pair representation, updated; itself where there are no rows."""
        if not features.msa.shape[1]:
            return pair
        rows = self.letter(features.msa) + self.single(single)[:, None]
        for block in self.blocks:
            rows, pair = block(rows, pair, features)
        return pair
