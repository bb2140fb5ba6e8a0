"""Heads of the pair track: distances and base pairs."""

from jaxtyping import Float
from torch import Tensor, nn

from rna_predict.model.layers import linear


class DistogramHead(nn.Module):
    """Distribution of the C1'-C1' distance of two residues."""

    def __init__(self, pair: int, bins: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(pair)
        self.out = linear(pair, bins, bias=True)

    def forward(self, pair: Float[Tensor, "B N N pair"]) -> Float[Tensor, "B N N bins"]:
        """Give symmetric logits."""
        x = self.norm(pair)
        return self.out(x + x.transpose(1, 2))


class ContactHead(nn.Module):
    """Probability that two residues form a base pair."""

    def __init__(self, pair: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(pair)
        self.out = linear(pair, 1, bias=True)

    def forward(self, pair: Float[Tensor, "B N N pair"]) -> Float[Tensor, "B N N"]:
        """Give symmetric logits."""
        x = self.norm(pair)
        return self.out(x + x.transpose(1, 2))[..., 0]
