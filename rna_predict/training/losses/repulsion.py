"""Atoms that are too close: van der Waals overlaps, and residues on top of each other."""

from functools import cache

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from rna_predict.constants import ALPHABET, BACKBONE_ATOMS, N_SLOTS
from rna_predict.evaluate.clashes import (
    BONDS_APART,
    HYDROGEN_BOND,
    OVERLAP,
    atom_tables,
    bond_distances,
)
from rna_predict.training.losses.reductions import distances, lengths, masked_mean, mean_and_worst

C1 = BACKBONE_ATOMS.index("C1'")
NEAREST = 32
"""Residues about each one whose atoms are looked at: those whose spheres come nearest. No residue
of the example chains touches more than 20 others."""
ROWS = 256
"""Residues whose neighbours are looked at together; bounds the memory at 17 MB a tensor."""
CLOSEST_C1 = 3.5
"""Angstrom: only C1' of two different residues that are wrong come nearer than this."""
CROWD = 4
"""Nearest C1' of each residue that count."""


def clash_loss(
    coords: Float[Tensor, "B S N 23 3"],
    sequence: Int64[Tensor, "B N"],
    residue_index: Int64[Tensor, "B N"],
    mask: Bool[Tensor, "B N 23"],
    copies: Bool[Tensor, "B S"] | None = None,
) -> Float[Tensor, ""]:
    """Penalise each atom by how far others reach into it, ``log(1 + sum of overlaps)``.

    The logarithm is the sum itself where clashes are few, and keeps a crowd, where everything
    overlaps with everything, from drowning all other terms; it never becomes flat.

    Radii and exemptions are those of :func:`rna_predict.evaluate.clashes.clash_pairs`: an overlap
    counts from 0.4 angstrom on (0.6 between hydrogen-bond donor and acceptor), between atoms more
    than three bonds apart. Atoms that overlap are found without gradient, residue by residue among
    neighbours; only those then take part, so memory grows with the clashes and not with the pairs.

    Parameters
    ----------
    coords : (B, S, N, 23, 3) float, angstrom
        Samples.
    sequence, residue_index : (B, N) int64
        As in ``Features``; residues whose indices follow each other are linked.
    mask : (B, N, 23) bool
        Atoms that count.
    copies : (B, S) bool, optional
        Samples that count. Default all.

    Returns
    -------
    scalar
        Angstrom where it is small. Mean over atoms, plus that of the worst 1 % of each sample.
    """
    kept = mask[:, None].expand(coords.shape[:-1])
    if copies is not None:
        kept = kept & copies[..., None, None]
    first, second, least = _overlapping(coords.detach(), sequence, residue_index, kept)
    points = coords.reshape(-1, 3)
    overlap = (least - lengths(points[first] - points[second])).clamp_min(0)
    each = coords.new_zeros(len(points)).index_add(0, first, overlap)
    return mean_and_worst(each.log1p().view(*coords.shape[:2], -1), kept.flatten(2))


def minimum_distance_loss(
    coords: Float[Tensor, "B S N 23 3"],
    mask: Bool[Tensor, "B N 23"],
    copies: Bool[Tensor, "B S"] | None = None,
    minimum: float = CLOSEST_C1,
) -> Float[Tensor, ""]:
    """Add up, for each C1', by how much its nearest ``CROWD`` others are too near.

    Against collapse, when all residues move to one place.

    Parameters
    ----------
    coords : (B, S, N, 23, 3) float, angstrom
        Samples.
    mask : (B, N, 23) bool
        Atoms that count.
    copies : (B, S) bool, optional
        Samples that count. Default all.
    minimum : float, angstrom
        Least distance that is right.

    Returns
    -------
    scalar, angstrom
        Mean over residues.
    """
    points, present = coords[..., C1, :], mask[:, :, C1]
    n = present.shape[1]
    apart = torch.eye(n, dtype=torch.bool, device=mask.device) | ~present[:, None, None]
    distance = distances(points, points).masked_fill(apart, minimum)
    nearest = distance.topk(min(CROWD, n), dim=-1, largest=False).values
    each = (minimum - nearest).clamp_min(0).sum(-1)
    kept = present[:, None].expand(each.shape)
    return masked_mean(each, kept if copies is None else kept & copies[..., None])


@torch.no_grad()
def _overlapping(
    coords: Float[Tensor, "B S N 23 3"], sequence: Tensor, residue_index: Tensor, kept: Tensor
) -> tuple[Int64[Tensor, " m"], Int64[Tensor, " m"], Float[Tensor, " m"]]:
    """List overlapping atoms as positions in the flattened coordinates, and their least distance.

    Each pair comes twice, in both orders.
    """
    batch, samples, n = coords.shape[:3]
    device = coords.device
    least_distance = torch.as_tensor(_least_distances(), device=device).to(coords)
    around = _neighbours(coords, kept).flatten(0, 2)
    residue = torch.arange(n, device=device).repeat(batch * samples)
    chain = torch.arange(batch * samples, device=device).repeat_interleave(n)
    sequence, residue_index = (
        t.repeat_interleave(samples, dim=0) for t in (sequence, residue_index)
    )
    flat_coords, flat_kept = coords.flatten(0, 2), kept.flatten(0, 2)
    found = []
    for start in range(0, len(around), ROWS):
        rows = torch.arange(start, min(start + ROWS, len(around)), device=device)
        near = around[rows]
        whose = chain[rows][:, None]
        step = residue_index[whose, near] - residue_index[whose, residue[rows][:, None]]
        relation = torch.where(step.abs() <= 1, step + 2, 0)
        least = least_distance[relation, sequence.flatten()[rows][:, None], sequence[whose, near]]
        others = whose * n + near
        distance = distances(flat_coords[rows][:, None], flat_coords[others])
        close = (distance < least) & flat_kept[rows][:, None, :, None]
        close = close & flat_kept[others][:, :, None, :]
        row, column, a, b = close.nonzero(as_tuple=True)
        first = rows[row] * N_SLOTS + a
        found.append((first, others[row, column] * N_SLOTS + b, least[row, column, a, b]))
    first, second, least = (torch.cat(parts) for parts in zip(*found, strict=True))
    return first, second, least


def _neighbours(
    coords: Float[Tensor, "B S N 23 3"], kept: Bool[Tensor, "B S N 23"]
) -> Int64[Tensor, "B S N near"]:
    """Give the residues whose bounding spheres come nearest to that of each, itself included."""
    weight = kept[..., None].to(coords)
    centre = (coords * weight).sum(-2) / weight.sum(-2).clamp_min(1)
    reach = lengths(coords - centre[..., None, :]).masked_fill(~kept, 0.0).amax(-1)
    gap = distances(centre, centre) - reach[..., :, None] - reach[..., None, :]
    gap = gap.masked_fill(~kept.any(-1)[..., None, :], torch.inf)
    return gap.topk(min(NEAREST, gap.shape[-1]), dim=-1, largest=False).indices


@cache
def _least_distances() -> np.ndarray:
    """Give the distances from which on atoms overlap, (4, 5, 5, 23, 23) float, angstrom; 0 = never.

    By the relation of their residues (0: not linked, 1: the second precedes the first, 2: the same,
    3: the second follows), kinds and slots.
    """
    radius, donor, acceptor = atom_tables()
    bonding = donor[:, None, :, None] & acceptor[None, :, None, :]
    bonding = bonding | bonding.transpose(1, 0, 3, 2)
    least = radius[:, None, :, None] + radius[None, :, None, :] - OVERLAP - HYDROGEN_BOND * bonding
    within, _ = bond_distances()
    o3, p = BACKBONE_ATOMS.index("O3'"), BACKBONE_ATOMS.index("P")
    follows = within[:, None, :, o3, None] + 1 + within[None, :, p, None, :]
    same = np.full_like(follows, N_SLOTS)
    same[np.arange(len(ALPHABET)), np.arange(len(ALPHABET))] = within
    far = np.full_like(follows, N_SLOTS)
    bonds = np.stack([far, follows.transpose(1, 0, 3, 2), same, follows])
    return np.nan_to_num(np.where(bonds > BONDS_APART, least, 0.0))
