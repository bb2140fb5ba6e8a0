"""Templates to pairs: a small form of the template module of AlphaFold 3 (algorithm 16).

Of the frames of a template only invariants enter: the C1'-C1' distance, and direction and turn of
residue j in the frame of residue i; to move a template as a whole changes nothing. Transitions take
the place of the triangle updates, so that a pair of residues that no template has gets no update.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rna_predict.model.chunks import by_rows
from rna_predict.model.inputs import Features
from rna_predict.model.layers import Transition, linear, radial_basis, safe_norm

DISTANCE_MAX = 40.0
DISTANCE_FEATURES = 32
PAIR_FEATURES = DISTANCE_FEATURES + 3 + 9


class TemplateEmbedder(nn.Module):
    """Update of the pair representation from templates.

    Parameters
    ----------
    pair : int
        Width of the pair representation.
    width : int
        Of the pairs of one template.
    blocks, factor : int
        Transitions, and their hidden width over their width.
    """

    def __init__(self, pair: int, width: int, blocks: int, factor: int) -> None:
        super().__init__()
        self.features = linear(PAIR_FEATURES, width)
        self.pair = nn.Sequential(nn.LayerNorm(pair), linear(pair, width))
        self.blocks = nn.ModuleList(Transition(width, factor) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.out = linear(width, pair, zero=True)

    def forward(
        self, features: Features, pair: Float[Tensor, "B N N pair"]
    ) -> Float[Tensor, "B N N pair"]:
        """Give the pair representation, updated; itself where there are no templates."""
        if not features.template_mask.shape[1]:
            return pair
        frames = (
            features.template_origin.transpose(1, 2),
            features.template_rotation.transpose(1, 2),
            features.template_mask.transpose(1, 2),
        )
        return by_rows(
            lambda pair, *rows: pair + self._update(pair, rows, frames),
            pair,
            *frames,
            width=2 * PAIR_FEATURES,
        )

    def _update(
        self, pair: Tensor, rows: tuple[Tensor, ...], frames: tuple[Tensor, ...]
    ) -> Float[Tensor, "B rows N pair"]:
        """Give the update of some rows of the pair track."""
        query = self.pair(pair)
        total, count = torch.zeros_like(query), torch.zeros_like(query[..., :1])
        # One template after the other, at most four: each is as large as the pair track.
        for number in range(frames[0].shape[2]):
            (origin_i, axes_i, mask_i), (origin_j, axes_j, mask_j) = (
                (part[:, :, number] for part in side) for side in (rows, frames)
            )
            present = (mask_i[:, :, None] & mask_j[:, None])[..., None]
            geometry = frame_geometry(origin_i, axes_i, origin_j, axes_j)
            x = query + self.features(geometry * present)
            for block in self.blocks:
                x = x + block(x)
            total = total + self.norm(x) * present
            count = count + present
        return self.out(torch.relu(total / count.clamp_min(1)))


def frame_geometry(
    origin_i: Float[Tensor, "B M 3"],
    axes_i: Float[Tensor, "B M 3 3"],
    origin_j: Float[Tensor, "B N 3"],
    axes_j: Float[Tensor, "B N 3 3"],
) -> Float[Tensor, "B M N features"]:
    """Describe residues j as residues i see them.

    Parameters
    ----------
    origin_i, origin_j : (B, M, 3), (B, N, 3) float, angstrom
        C1' of each residue.
    axes_i, axes_j : (B, M, 3, 3), (B, N, 3, 3) float
        Columns are the axes of its frame.

    Returns
    -------
    (B, M, N, 44)
        Radial basis of the distance, unit vector, and the axes of j, both in the frame of i.
    """
    offset = origin_j[:, None] - origin_i[:, :, None]
    distance = safe_norm(offset)
    back = axes_i.mT[:, :, None]
    direction = (back @ (offset / distance[..., None])[..., None]).squeeze(-1)
    turn = (back @ axes_j[:, None]).flatten(-2)
    basis = radial_basis(distance, DISTANCE_MAX, DISTANCE_FEATURES)
    return torch.cat([basis, direction, turn], dim=-1)
