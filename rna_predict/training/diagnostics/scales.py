"""How far apart residues are: of predictions, and of known structures of the same length."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from rna_predict.constants import BACKBONE_ATOMS
from rna_predict.data.dataset import Example

MEASURES = ("spread", "distance", "nearest")
"""Of C1': root of the coordinate variance (summed over x, y, z), mean distance of two, and mean
distance to the nearest other. The least distance of all is not judged: one bad contact is no
collapse."""
LENGTHS = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
"""Residues of the stretches of known structures that are measured; between them, interpolated."""
C1 = BACKBONE_ATOMS.index("C1'")


def measure_scales(
    points: Float[Tensor, "*batch N 3"], mask: Bool[Tensor, "*#batch N"]
) -> Float[Tensor, "*batch 3"]:
    """Measure ``MEASURES`` of sets of points.

    Parameters
    ----------
    points : (..., N, 3) float, angstrom
        Finite.
    mask : (..., N) bool
        Points that count; NaN is given where there are fewer than two.

    Returns
    -------
    (..., 3) float, angstrom
    """
    mask = mask.expand(points.shape[:-1])
    weight = mask[..., None].to(points)
    count = weight.sum(-2)
    few = count < 2
    centred = points - (points * weight).sum(-2, keepdim=True) / count[..., None].clamp_min(1)
    spread = ((centred.square() * weight).sum((-2, -1), keepdim=True)[..., 0] / count).sqrt()
    distances = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    both = mask[..., :, None] & mask[..., None, :]
    both = both & ~torch.eye(points.shape[-2], dtype=torch.bool, device=points.device)
    mean = (distances * both).sum((-2, -1))[..., None] / (count * (count - 1)).clamp_min(1)
    nearest = distances.masked_fill(~both, torch.inf).amin(-1)
    nearest = torch.where(mask, nearest, 0.0).sum(-1, keepdim=True) / count
    return torch.cat([spread, mean, nearest], dim=-1).masked_fill(few, torch.nan)


@dataclass(frozen=True, eq=False)
class ScaleReference:
    """Scales of known structures by length."""

    lengths: Int[np.ndarray, " k"]
    """Residues, rising."""
    low: Float[np.ndarray, "k 3"]
    """Angstrom: a low quantile of each of ``MEASURES``."""
    median: Float[np.ndarray, "k 3"]
    """Angstrom."""

    def at(
        self, count: Int[Tensor, "*batch"]
    ) -> tuple[Float[Tensor, "*batch 3"], Float[Tensor, "*batch 3"]]:
        """Give low quantile and median of structures of ``count`` residues (angstrom).

        Interpolated in the logarithm of the length; beyond the ends, the ends count.
        """
        place = np.log(np.maximum(count.cpu().numpy(), 1))
        known = np.log(self.lengths)
        tables = (
            np.stack([np.interp(place, known, column) for column in table.T], axis=-1)
            for table in (self.low, self.median)
        )
        low, median = (torch.as_tensor(t, dtype=torch.float32) for t in tables)
        return low.to(count.device), median.to(count.device)


def scale_reference(
    examples: Sequence[Example], quantile: float, generator: np.random.Generator, most: int
) -> ScaleReference:
    """Measure the scales of stretches of known structures.

    Parameters
    ----------
    examples : sequence of Example
        The training set.
    quantile : float
        In [0, 1]: which low quantile.
    generator : numpy.random.Generator
        Draws the chains, and one stretch of each length from each of them.
    most : int
        Most chains.

    Returns
    -------
    ScaleReference
        For the lengths of ``LENGTHS`` that any chain has, or for the longest chain if all are
        shorter.

    Raises
    ------
    ValueError
        If no chain has two C1'.
    """
    drawn = generator.permutation(len(examples))[:most]
    chains = [examples[k].chain for k in drawn]
    longest = max(len(chain) for chain in chains)
    rows: dict[int, list[np.ndarray]] = {}
    for length in [n for n in LENGTHS if n <= longest] or [longest]:
        for chain in chains:
            if len(chain) < length:
                continue
            start = int(generator.integers(len(chain) - length + 1))
            window = slice(start, start + length)
            mask = torch.from_numpy(chain.atom_mask[window, C1].copy())
            points = torch.from_numpy(chain.coords[window, C1].astype(np.float64))
            points = torch.where(mask[:, None], points, 0.0)
            scales = measure_scales(points, mask).numpy()
            # a stretch that is half missing says little about structures of its length
            if 2 * int(mask.sum()) >= length and np.isfinite(scales).all():
                rows.setdefault(length, []).append(scales)
    if not rows:
        raise ValueError("no training chain has two C1' to measure scales of")
    lengths = np.array(sorted(rows))
    tables = [np.stack(rows[length]) for length in lengths.tolist()]
    return ScaleReference(
        lengths=lengths,
        low=np.stack([np.quantile(table, quantile, axis=0) for table in tables]),
        median=np.stack([np.median(table, axis=0) for table in tables]),
    )
