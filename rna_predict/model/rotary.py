"""Rotary positions (Su et al. 2021, arXiv:2104.09864): scores see differences of position only."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

SLOWEST = 10_000.0
"""Residues (over 2 pi) in which the slowest pair of channels turns once."""


def rotary_turn(
    index: Int64[Tensor, "B N"], width: int
) -> tuple[Float[Tensor, "B 1 N half"], Float[Tensor, "B 1 N half"]]:
    """Give cosine and sine of the turns of each residue.

    Parameters
    ----------
    index : (B, N) int
        Positions.
    width : int
        Channels of a head; even.

    Returns
    -------
    cosine, sine : (B, 1, N, width / 2) float32
        For :func:`rotate`; one turn serves all heads.

    Raises
    ------
    ValueError
        If the width is odd.
    """
    if width % 2:
        raise ValueError(f"rotary positions need an even number of channels a head, got {width}")
    frequency = SLOWEST ** -(torch.arange(0, width, 2, device=index.device) / width)
    turn = (index[..., None] * frequency)[:, None]
    return turn.cos(), turn.sin()


def rotate(
    x: Float[Tensor, "B heads N width"], turn: tuple[Tensor, Tensor]
) -> Float[Tensor, "B heads N width"]:
    """Turn the halves of ``x`` as if they were the two coordinates of a plane; keeps its dtype."""
    a, b = x.chunk(2, -1)
    cosine, sine = turn
    return torch.cat([a * cosine - b * sine, a * sine + b * cosine], dim=-1).to(x.dtype)
