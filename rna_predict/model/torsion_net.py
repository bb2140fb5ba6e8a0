"""Stage B1, the torsion net: sequence and base pairs to torsions.

An encoder over residues in the manner of TorsionBERT (Bernard et al. 2024, bioRxiv
2024.06.06.597803), with what language models have settled on since, and with the base pairs that a
sequence model lacks:

- norms come before every branch, feed-forward is SwiGLU, queries and keys are normed and turned by
  rotary positions;
- each block first mixes neighbours along the chain (a depthwise convolution that never crosses a
  gap or the padding), since torsions are mostly local;
- attention is biased by the separation and, head by head, by the base-pair probability and the
  family's consensus pairs, so that a residue can look at its partner.

It predicts sine and cosine of all 14 torsions as a correction to those of A-form RNA, and how
sharply it knows each: the concentration of a von Mises distribution.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from rna_predict.constants import ALPHABET, TORSIONS
from rna_predict.model.inputs import Features
from rna_predict.model.layers import Transition, attend, gate, linear, mask_bias, split_heads
from rna_predict.model.rotary import rotary_turn, rotate

A_FORM = {
    "alpha": -68.0, "beta": 178.0, "gamma": 54.0, "delta": 82.0, "epsilon": -153.0, "zeta": -71.0,
    "chi": -158.0, "nu0": 3.0, "nu1": -25.0, "nu2": 37.0, "nu3": -36.0, "nu4": 21.0, "eta": 169.0,
    "theta": -146.0,
}  # fmt: skip
"""Torsions of A-form RNA (degrees): Arnott et al. (1973) J Mol Biol 81:107; nu, eta and theta as
the kinematics builds it."""
LOG_KAPPA = (-3.0, 7.0)
"""Range of the logarithm of the concentration: from nearly uniform to a spread of 1.7 degrees."""
START_LOG_KAPPA = 2.0
"""Of an untrained net: a spread of 21 degrees."""
REACH = 2
"""Neighbours on either side that the convolution sees."""
LAST_SEPARATION = 16
"""Separations beyond this share one bias."""


@dataclass(frozen=True, eq=False)
class TorsionPrediction:
    """What the torsion net says of each residue."""

    hidden: Float[Tensor, "B N width"]
    """The encoder's state."""
    sin_cos: Float[Tensor, "B N 14 2"]
    """Unit vectors (sin, cos) in the order of ``constants.TORSIONS``."""
    norm: Float[Tensor, "B N 14"]
    """Length of those vectors before they were normalised."""
    log_kappa: Float[Tensor, "B N 14"]
    """Logarithm of the von Mises concentration of each torsion, within ``LOG_KAPPA``."""


class TorsionHeads(nn.Module):
    """States of residues to torsions and their concentrations."""

    def __init__(self, width: int) -> None:
        super().__init__()
        low, high = LOG_KAPPA
        share = (START_LOG_KAPPA - low) / (high - low)
        self.hidden = linear(width, width, bias=True)
        self.vectors = linear(width, 2 * len(TORSIONS), bias=True, zero=True)
        self.concentration = gate(width, len(TORSIONS), bias=math.log(share / (1 - share)))
        angles = torch.tensor([math.radians(A_FORM[name]) for name in TORSIONS])
        with torch.no_grad():
            self.vectors.bias.copy_(torch.stack([angles.sin(), angles.cos()], dim=-1).flatten())

    def forward(
        self, hidden: Float[Tensor, "B N width"]
    ) -> tuple[Float[Tensor, "B N 14 2"], Float[Tensor, "B N 14"]]:
        """Give vectors (sin, cos) that are not normalised yet, and the log concentrations."""
        x = F.gelu(self.hidden(hidden))
        low, high = LOG_KAPPA
        log_kappa = low + (high - low) * self.concentration(x).sigmoid()
        return self.vectors(x).unflatten(-1, (-1, 2)), log_kappa


def normalised(
    hidden: Tensor, vectors: Float[Tensor, "B N 14 2"], log_kappa: Tensor
) -> TorsionPrediction:
    """Bring vectors to length 1, with a finite gradient at length 0."""
    norm = (vectors.square().sum(-1) + 1e-8).sqrt()
    return TorsionPrediction(hidden, vectors / norm[..., None], norm, log_kappa)


def neighbour_mask(features: Features) -> Bool[Tensor, "B N window"]:
    """Tell which residues -REACH..REACH places further on are as far along the same strand."""

    def window(x: Tensor) -> Tensor:
        return F.pad(x, (REACH, REACH)).unfold(1, 2 * REACH + 1, 1)

    index, strand = features.residue_index, features.chain_break.cumsum(-1)
    offset = torch.arange(-REACH, REACH + 1, device=index.device)
    along = window(index) - index[..., None] == offset
    return window(features.residue_mask) & along & (window(strand) == strand[..., None])


def separation_class(features: Features) -> Int64[Tensor, "B N N"]:
    """Give the clipped separation along a strand as a class, and different strands one more."""
    clipped = features.relative_position.clamp(-LAST_SEPARATION, LAST_SEPARATION) + LAST_SEPARATION
    return clipped.masked_fill(~features.same_strand, 2 * LAST_SEPARATION + 1)


def pairedness(features: Features) -> Float[Tensor, "B N 4"]:
    """Give the probability of a partner further on and of one before, by each kind of pairs."""
    after = torch.ones_like(features.pair_probability[0]).triu()
    return torch.cat(
        [(features.pairings * side[..., None]).sum(-2) for side in (after, after.T)], dim=-1
    )


class LocalMixing(nn.Module):
    """Normalised depthwise convolution along the chain; the output starts at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.kernel = nn.Parameter(torch.randn(width, 2 * REACH + 1) * (2 * REACH + 1) ** -0.5)
        self.out = linear(width, width, zero=True)

    def forward(self, x: Tensor, neighbours: Bool[Tensor, "B N window"]) -> Tensor:
        """Give the update of ``x``."""
        windows = F.pad(self.norm(x), (0, 0, REACH, REACH)).unfold(1, 2 * REACH + 1, 1)
        mixed = torch.einsum(
            "bncw,bnw,cw->bnc", windows, neighbours.to(windows), self.kernel.to(windows)
        )
        return self.out(F.silu(mixed))


class RotaryAttention(nn.Module):
    """Normalised self-attention with rotary positions, biased by separation and base pairs."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.query_key_value = linear(width, 3 * width, bias=True)
        self.query_norm = nn.RMSNorm(width // heads)
        self.key_norm = nn.RMSNorm(width // heads)
        self.separation = nn.Embedding(2 * LAST_SEPARATION + 2, heads)
        self.pairing = linear(2, heads)
        self.gate = gate(width, width)
        self.out = linear(width, width, zero=True)
        nn.init.zeros_(self.separation.weight)

    def forward(self, x: Tensor, features: Features, turn: tuple[Tensor, Tensor]) -> Tensor:
        """Give the update of ``x``; ``turn`` is of :func:`rotary_turn`."""
        x = self.norm(x)
        query, key, value = (
            split_heads(part, self.heads) for part in self.query_key_value(x).chunk(3, -1)
        )
        query = rotate(self.query_norm(query.float()), turn).to(value.dtype)
        key = rotate(self.key_norm(key.float()), turn).to(value.dtype)
        bias = self.separation(separation_class(features)) + self.pairing(features.pairings)
        bias = bias.permute(0, 3, 1, 2) + mask_bias(features.residue_mask)[:, None, None, :]
        return self.out(self.gate(x).sigmoid() * attend(query, key, value, bias))


class TorsionBlock(nn.Module):
    """Neighbours, attention, feed-forward."""

    def __init__(self, width: int, heads: int, factor: int, dropout: float) -> None:
        super().__init__()
        self.local = LocalMixing(width)
        self.attention = RotaryAttention(width, heads)
        self.transition = Transition(width, factor)
        self.drop = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, features: Features, neighbours: Tensor, turn: tuple[Tensor, Tensor]
    ) -> Tensor:
        """Give the new states."""
        x = x + self.drop(self.local(x, neighbours))
        x = x + self.drop(self.attention(x, features, turn))
        return x + self.drop(self.transition(x))


class TorsionNet(nn.Module):
    """Encoder and heads of the torsions.

    Parameters
    ----------
    width, blocks, heads : int
        Channels, blocks, attention heads; ``width / heads`` is even.
    factor : int
        Hidden width of the feed-forward layers, as a multiple of ``width``.
    dropout : float
        Of what each branch adds, in training.
    """

    def __init__(
        self, width: int, blocks: int, heads: int, factor: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.head_width = width // heads
        self.embed = nn.Embedding(len(ALPHABET), width)
        self.paired = linear(4, width)
        self.blocks = nn.ModuleList(
            TorsionBlock(width, heads, factor, dropout) for _ in range(blocks)
        )
        self.norm = nn.LayerNorm(width)
        self.heads = TorsionHeads(width)

    def forward(self, features: Features) -> TorsionPrediction:
        """Predict the torsions of every residue."""
        turn = rotary_turn(features.residue_index, self.head_width)
        neighbours = neighbour_mask(features)
        x = self.embed(features.sequence) + self.paired(pairedness(features))
        for block in self.blocks:
            x = block(x, features, neighbours, turn)
        hidden = self.norm(x)
        return normalised(hidden, *self.heads(hidden))
