"""Stage B1, the torsion net: sequence to torsions.

A BERT-style encoder over residues: rotary positions (Su et al. 2021, arXiv:2104.09864), and the
base-pair probability as a bias of each head, so that a residue can look at its partner. It predicts
sine and cosine of all 14 torsions as a correction to those of A-form RNA.
"""

from math import radians

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rna_predict.constants import ALPHABET, TORSIONS
from rna_predict.model.inputs import Features
from rna_predict.model.layers import Transition, attend, gate, linear, mask_bias, split_heads

A_FORM = {
    "alpha": -68.0, "beta": 178.0, "gamma": 54.0, "delta": 82.0, "epsilon": -153.0, "zeta": -71.0,
    "chi": -158.0, "nu0": 3.0, "nu1": -25.0, "nu2": 37.0, "nu3": -36.0, "nu4": 21.0, "eta": 169.0,
    "theta": -146.0,
}  # fmt: skip
"""Torsions of A-form RNA (degrees): Arnott et al. (1973) J Mol Biol 81:107; nu, eta and theta as
the kinematics builds it."""


class RotaryAttention(nn.Module):
    """Self-attention whose queries and keys are turned by their residue index."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = linear(width, 3 * width, bias=True)
        self.gate = gate(width, width)
        self.out = linear(width, width, zero=True)
        self.pairing = linear(1, heads)

    def forward(self, x: Tensor, features: Features) -> Tensor:
        """Give the update of ``x``."""
        query, key, value = (
            split_heads(part, self.heads) for part in self.query_key_value(x).chunk(3, -1)
        )
        turn = rotary_angles(features.residue_index, query.shape[-1])
        bias = self.pairing(features.pair_probability[..., None]).permute(0, 3, 1, 2)
        bias = bias + mask_bias(features.residue_mask)[:, None, None, :]
        return self.out(
            self.gate(x).sigmoid() * attend(rotate(query, turn), rotate(key, turn), value, bias)
        )


def rotary_angles(index: Tensor, width: int) -> Tensor:
    """Give (B, 1, N, width / 2) angles of the rotary embedding."""
    steps = torch.arange(0, width, 2, device=index.device) / width
    return (index[..., None] * 10_000.0**-steps)[:, None]


def rotate(x: Tensor, turn: Tensor) -> Tensor:
    """Turn the halves of ``x`` (..., n, d) as if they were the two coordinates of a plane."""
    a, b = x.chunk(2, -1)
    cosine, sine = turn.cos(), turn.sin()
    return torch.cat([a * cosine - b * sine, a * sine + b * cosine], dim=-1)


class TorsionNet(nn.Module):
    """Encoder and heads of the torsions."""

    def __init__(self, width: int, blocks: int, heads: int, factor: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(ALPHABET), width)
        self.attention_norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(blocks))
        self.attentions = nn.ModuleList(RotaryAttention(width, heads) for _ in range(blocks))
        self.transitions = nn.ModuleList(Transition(width, factor) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.hidden = linear(width, width, bias=True)
        self.vectors = linear(width, 2 * len(TORSIONS), bias=True, zero=True)
        angles = torch.tensor([radians(A_FORM[name]) for name in TORSIONS])
        with torch.no_grad():
            self.vectors.bias.copy_(torch.stack([angles.sin(), angles.cos()], dim=-1).flatten())

    def forward(
        self, features: Features
    ) -> tuple[
        Float[Tensor, "B N width"], Float[Tensor, "B N torsions 2"], Float[Tensor, "B N torsions"]
    ]:
        """Predict torsions.

        Returns
        -------
        hidden : (B, N, width)
            The encoder's state of each residue.
        sin_cos : (B, N, 14, 2)
            Unit vectors in the order of ``constants.TORSIONS``.
        norm : (B, N, 14)
            Their length before normalisation.
        """
        x = self.embed(features.sequence)
        for norm, attention, transition in zip(
            self.attention_norms, self.attentions, self.transitions, strict=True
        ):
            x = x + attention(norm(x), features)
            x = x + transition(x)
        hidden = self.norm(x)
        vectors = self.vectors(torch.relu(self.hidden(hidden))).unflatten(-1, (-1, 2))
        norm = (vectors.square().sum(-1) + 1e-8).sqrt()
        return hidden, vectors / norm[..., None], norm
