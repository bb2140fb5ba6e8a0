"""The first representations: from sequence, positions, adjacency and the alignment's columns.

Base-pair probabilities, from the sequence and from the family's consensus, enter by one linear
layer here and as a bias of every attention over residues (``Features.pairings``).
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from rna_predict.constants import ALPHABET
from rna_predict.model.chunks import by_rows
from rna_predict.model.inputs import MSA_LETTERS, Features
from rna_predict.model.layers import linear


class RelativePosition(nn.Module):
    """Embedding of the clipped sequence separation; residues of two strands share one of its own.

    AlphaFold 3, algorithm 3, without entities.
    """

    def __init__(self, last: int, width: int) -> None:
        super().__init__()
        self.last = last
        self.embed = nn.Embedding(2 * last + 2, width)

    def forward(self, features: Features) -> Float[Tensor, "B N N width"]:
        """Give the embedding of each pair."""
        return self.embed(self.place(features))

    def place(self, features: Features) -> Int64[Tensor, "B N N"]:
        """Give the row of the embedding of each pair."""
        place = features.relative_position.clamp(-self.last, self.last) + self.last
        return place.masked_fill(~features.same_strand, 2 * self.last + 1)


class InputEmbedder(nn.Module):
    """Initial single and pair representation.

    Parameters
    ----------
    single, pair : int
        Widths.
    relative_positions : int
        Sequence separations beyond it share one embedding.
    """

    def __init__(self, single: int, pair: int, relative_positions: int) -> None:
        super().__init__()
        self.sequence = nn.Embedding(len(ALPHABET), single)
        self.profile = linear(MSA_LETTERS, single)
        self.first = linear(single, pair)
        self.second = linear(single, pair)
        self.position = RelativePosition(relative_positions, pair)
        self.pairings = linear(2, pair)

    def forward(
        self, features: Features
    ) -> tuple[Float[Tensor, "B N single"], Float[Tensor, "B N N pair"]]:
        """Embed the inputs."""
        single = self.sequence(features.sequence) + self.profile(profile(features))
        second = self.second(single)

        def embed(first: Tensor, place: Tensor, pairings: Tensor) -> Tensor:
            pair = first[:, :, None] + second[:, None] + self.position.embed(place)
            return pair + self.pairings(pairings)

        pair = by_rows(
            embed,
            self.first(single),
            self.position.place(features),
            features.pairings,
            width=second.shape[-1],
        )
        return single, pair


def profile(features: Features) -> Float[Tensor, "B N letters"]:
    """Give the share of each letter in the columns of the alignment; 0 where there are no rows."""
    present = features.msa_mask[..., None]
    counts = (F.one_hot(features.msa, MSA_LETTERS) * present).sum(1, dtype=torch.float32)
    return counts / present.sum(1).clamp_min(1)
