"""A structure module of invariant point attention that regresses coordinates.

Jumper et al. (2021) Nature 596:583, supplement: residues are frames (here of the sugar), which
attend to each other with points placed in them (algorithm 22), are moved and turned in their own
axes (algorithm 23), and get their atoms from torsions with ideal geometry. Unlike there, the blocks
do not share weights, and the frames start on the strand of the regressors instead of at one point.
"""

from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from rna_predict.constants import TORSIONS
from rna_predict.geometry.nerf import build_atoms
from rna_predict.model.baselines.regressor import Regressor, a_form
from rna_predict.model.dimensions import Dimensions
from rna_predict.model.inputs import Features
from rna_predict.model.kinematics import residue_frames
from rna_predict.model.layers import Transition, linear, mask_bias, safe_norm, split_heads

UNIT = 10.0
"""Angstrom; lengths inside the attention and of updates are multiples of it."""
BUILT = ("alpha", "beta", "gamma", "delta", "chi", "nu2", "nu3")
"""Torsions that place the atoms of a residue on its frame."""


class IpaRegressor(Regressor):
    """Pairformer blocks, then frames updated by invariant point attention."""

    def __init__(self, dimensions: Dimensions) -> None:
        super().__init__(dimensions, FrameStructure(dimensions))


class FrameStructure(nn.Module):
    """Start and tracks to coordinates."""

    def __init__(self, d: Dimensions) -> None:
        super().__init__()
        self.pair_norm = nn.LayerNorm(d.pair)
        self.single_norm = nn.LayerNorm(d.single)
        self.single = linear(d.single, d.single)
        self.blocks = nn.ModuleList(
            FrameBlock(d.single, d.pair, d.regressor_heads, d.regressor_points, d.transition_factor)
            for _ in range(d.regressor_blocks)
        )
        self.norm = nn.LayerNorm(d.single)
        self.torsions = linear(d.single, 2 * len(BUILT), bias=True, zero=True)

    def forward(
        self,
        features: Features,
        single: Float[Tensor, "B N single"],
        pair: Float[Tensor, "B N N pair"],
        start: Float[Tensor, "B S N 23 3"],
    ) -> Float[Tensor, "B S N 23 3"]:
        """Move and turn the frames of the start; equivariant to its motion.

        Returns
        -------
        (B, S, N, 23, 3) float, angstrom
            Atoms outside ``features.slot_mask`` have no meaning.
        """
        pair = self.pair_norm(pair)
        x = self.single(self.single_norm(single))[:, None].expand(*start.shape[:3], -1)
        axes, origin = residue_frames(start)
        for block in self.blocks:
            x, axes, origin = block(x, pair, axes.detach(), origin, features)
        local = self.atoms(self.norm(x), features)
        return local @ axes.mT + origin[..., None, :]

    def atoms(
        self, x: Float[Tensor, "B S N single"], features: Features
    ) -> Float[Tensor, "B S N 23 3"]:
        """Build each residue from its torsions, in its own frame (angstrom)."""
        angles = a_form(x).expand(*x.shape[:-1], -1).clone()
        built = [TORSIONS.index(name) for name in BUILT]
        usual = torch.stack([angles[..., built].sin(), angles[..., built].cos()], dim=-1)
        sine, cosine = (usual + self.torsions(x).unflatten(-1, (-1, 2))).unbind(-1)
        angles[..., built] = torch.atan2(sine, cosine)
        # Each residue is a chain of its own: the frame says where it is.
        sequence = features.sequence[:, None, :, None].expand(*x.shape[:-1], 1)
        coords = build_atoms(angles[..., None, :], sequence)[..., 0, :, :]
        axes, origin = residue_frames(coords)
        return (coords - origin[..., None, :]) @ axes


class FrameBlock(nn.Module):
    """Attention, transition and update of the frames."""

    def __init__(self, single: int, pair: int, heads: int, points: int, factor: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(single)
        self.attention = InvariantPointAttention(single, pair, heads, points)
        self.transition = Transition(single, factor)
        self.update_norm = nn.LayerNorm(single)
        self.update = linear(single, 6, bias=True, zero=True)

    def forward(
        self,
        x: Float[Tensor, "B S N single"],
        pair: Float[Tensor, "B N N pair"],
        axes: Float[Tensor, "B S N 3 3"],
        origin: Float[Tensor, "B S N 3"],
        features: Features,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Give state, axes and origins (angstrom), updated."""
        x = x + self.attention(self.norm(x), pair, axes, origin, features)
        x = x + self.transition(x)
        turn, step = self.update(self.update_norm(x)).chunk(2, -1)
        origin = origin + UNIT * (axes @ step[..., None])[..., 0]
        return x, axes @ small_rotation(turn), origin


class InvariantPointAttention(nn.Module):
    """Attention by scalars, pairs and points in the frames (algorithm 22)."""

    def __init__(self, single: int, pair: int, heads: int, points: int) -> None:
        super().__init__()
        self.heads, self.points = heads, points
        self.query_key_value = linear(single, 3 * single)
        self.query_key_points = linear(single, 2 * heads * points * 3, bias=True)
        self.value_points = linear(single, 2 * heads * points * 3, bias=True)
        self.bias = linear(pair, heads)
        # softplus of it is 1
        self.sharpness = nn.Parameter(torch.full((heads,), 0.5413))
        self.out = linear(single + heads * (pair + 8 * points), single, bias=True, zero=True)

    def forward(
        self,
        x: Float[Tensor, "B S N single"],
        pair: Float[Tensor, "B N N pair"],
        axes: Float[Tensor, "B S N 3 3"],
        origin: Float[Tensor, "B S N 3"],
        features: Features,
    ) -> Float[Tensor, "B S N single"]:
        """Give the update of the state."""
        query, key, value = (
            split_heads(part, self.heads) for part in self.query_key_value(x).chunk(3, -1)
        )
        weight = features.residue_mask[:, None, :, None].to(x)
        middle = (origin * weight).sum(2, keepdim=True) / weight.sum(2, keepdim=True).clamp_min(1)
        place = (origin - middle) / UNIT
        query_points, key_points = (
            self._placed(part, axes, place).flatten(-2)
            for part in self.query_key_points(x).chunk(2, -1)
        )
        value_points = self._placed(self.value_points(x), axes, place)

        square = (
            query_points.square().sum(-1)[..., :, None]
            + key_points.square().sum(-1)[..., None, :]
            - 2 * query_points @ key_points.mT
        )
        scores = (query * query.shape[-1] ** -0.5) @ key.mT
        scores = scores + self.bias(pair).permute(0, 3, 1, 2)[:, None]
        sharp = F.softplus(self.sharpness)[:, None, None] * sqrt(2 / (9 * self.points)) / 2
        scores = (scores - sharp * square) * sqrt(1 / 3)
        attention = (scores + mask_bias(features.residue_mask)[:, None, None, None]).softmax(-1)

        points = (attention @ value_points.flatten(-2)).unflatten(-1, (-1, 3)).transpose(2, 3)
        local = (points - place[..., None, None, :]) @ axes[..., None, :, :]
        pairs = torch.einsum("bshij,bijc->bsihc", attention, pair)
        parts = [
            (attention @ value).transpose(2, 3).flatten(-2),
            local.flatten(-3),
            safe_norm(local).flatten(-2),
            pairs.flatten(-2),
        ]
        return self.out(torch.cat(parts, dim=-1))

    def _placed(self, points: Tensor, axes: Tensor, place: Tensor) -> Tensor:
        """Put points of each head into the common frame, (B, S, heads, N, points, 3)."""
        local = points.unflatten(-1, (self.heads, -1, 3))
        moved = local @ axes.mT[..., None, :, :] + place[..., None, None, :]
        return moved.transpose(2, 3)


def small_rotation(turn: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """Give the rotation of the quaternion (1, b, c, d), normalised (algorithm 23)."""
    whole = torch.cat([torch.ones_like(turn[..., :1]), turn], dim=-1)
    w, x, y, z = (whole / whole.norm(dim=-1, keepdim=True)).unbind(-1)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)
