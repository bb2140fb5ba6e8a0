"""Covalent geometry: bond lengths, bond angles and handedness, of each residue and of its links.

Each term is its mean plus the mean of its worst 1 % in every sample.
"""

from dataclasses import dataclass
from functools import cache
from math import radians
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Int64
from torch import Tensor
from torch.nn import functional as F

from rna_predict.constants import (
    ALPHABET,
    BASE_BONDS,
    BASE_FRAME,
    BASES,
    IDEAL_BOND,
    PURINES,
    SLOT_INDEX,
    UNKNOWN,
)
from rna_predict.evaluate.chirality import CENTRES
from rna_predict.evaluate.reference import (
    ALL,
    PUCKERS,
    backbone_angles,
    base_angles,
    reference_table,
)
from rna_predict.training.losses.reductions import lengths, mean_and_worst

GLYCOSIDIC = "N9|N1"
LONG = 1.0
"""Angstrom: the cost of a bond is the square of its error up to here, and linear beyond, where
coordinates are a blur rather than a bad bond."""
WIDE = 0.2
"""Radians: the same of an angle."""
SHORT = 0.1
"""Angstrom: bonds shorter than this count as this long where a gradient is divided by them."""
HANDED: Final = {
    "P": ("O5'", "OP2", "OP1"),
    **{
        centre: tuple(GLYCOSIDIC if name == "N" else name for name in names)
        for centre, names in CENTRES.items()
    },
}
"""Chiral centres and three neighbours of each, and P, whose two free oxygens have names of their
own, OP1 (pro-S) and OP2 (pro-R)."""
HANDEDNESS: Final = {"P": 0.68, "C1'": 0.76, "C2'": 0.81, "C3'": 0.80, "C4'": 0.76}
"""Triple product of the unit vectors to them: medians of the example chains, which a test holds
against these."""


@dataclass(frozen=True, eq=False)
class Measures:
    """What is measured in a residue of each kind, and the values that are right.

    Attributes
    ----------
    offset : (m, k) int
        Residue of each atom, from the one it is counted to.
    slot : (5, m, k) int
        Slot of each atom by residue kind; -1 where that kind has no such measure.
    low, high : (5, m) float
        Least and greatest ideal value.
    """

    offset: Int[np.ndarray, "m k"]
    slot: Int[np.ndarray, "5 m k"]
    low: Float[np.ndarray, "5 m"]
    high: Float[np.ndarray, "5 m"]


def bond_loss(
    coords: Float[Tensor, "B S N 23 3"],
    sequence: Int64[Tensor, "B N"],
    residue_index: Int64[Tensor, "B N"],
    mask: Bool[Tensor, "B N 23"],
    copies: Bool[Tensor, "B S"] | None = None,
) -> Float[Tensor, ""]:
    """Squared deviation from ideal length of the bonds within residues and of O3'-P.

    Linear beyond ``LONG``.

    Parameters
    ----------
    coords : (B, S, N, 23, 3) float, angstrom
        Samples.
    sequence, residue_index : (B, N) int64
        As in ``Features``; residues whose indices follow each other are linked.
    mask : (B, N, 23) bool
        Atoms whose bonds count.
    copies : (B, S) bool, optional
        Samples that count. Default all.

    Returns
    -------
    scalar, square angstrom
        Mean over bonds, plus that of the worst.
    """
    points, kept, ideal, _ = _measured(_bonds(), coords, sequence, residue_index, mask, copies)
    error = lengths(points[..., 1, :] - points[..., 0, :]) - ideal
    cost = F.huber_loss(error, torch.zeros_like(error), reduction="none", delta=LONG)
    return mean_and_worst(2 * cost.flatten(2), kept.flatten(2))


def angle_loss(
    coords: Float[Tensor, "B S N 23 3"],
    sequence: Int64[Tensor, "B N"],
    residue_index: Int64[Tensor, "B N"],
    mask: Bool[Tensor, "B N 23"],
    copies: Bool[Tensor, "B S"] | None = None,
) -> Float[Tensor, ""]:
    """Huber loss of bond angles outside the range that the sugar puckers give them.

    Of the angle itself: the gradient of its cosine vanishes at 0 and 180 degrees. Ideal angles are
    the medians of C3'-endo and C2'-endo residues, those of the base the planar base's; anything
    between the two is right.

    Parameters
    ----------
    coords, sequence, residue_index, mask, copies
        See :func:`bond_loss`.

    Returns
    -------
    scalar
        Radians where errors are large. Mean over angles, plus that of the worst.
    """
    points, kept, low, high = _measured(_angles(), coords, sequence, residue_index, mask, copies)
    angle = bond_angles(points)
    excess = (angle - high).clamp_min(0) + (low - angle).clamp_min(0)
    cost = F.smooth_l1_loss(excess, torch.zeros_like(excess), reduction="none", beta=WIDE)
    return mean_and_worst(cost.flatten(2), kept.flatten(2))


def chirality_loss(
    coords: Float[Tensor, "B S N 23 3"],
    sequence: Int64[Tensor, "B N"],
    residue_index: Int64[Tensor, "B N"],
    mask: Bool[Tensor, "B N 23"],
    copies: Bool[Tensor, "B S"] | None = None,
) -> Float[Tensor, ""]:
    """Squared error of the signed volumes at C1', C2', C3', C4' and P.

    The volume of unit vectors, so that bonds of any length are judged alike; it is positive in
    D-ribose with a beta base and the names of the phosphate's oxygens as IUPAC has them, its
    negative in the mirror image, and 0 where a centre is flat.

    Parameters
    ----------
    coords, sequence, residue_index, mask, copies
        See :func:`bond_loss`.

    Returns
    -------
    scalar
        Mean over centres, plus that of the worst; 5.0 if all are mirrored.
    """
    points, kept, ideal, _ = _measured(_centres(), coords, sequence, residue_index, mask, copies)
    arms = F.normalize(points[..., 1:, :] - points[..., :1, :], dim=-1, eps=SHORT)
    first, second, third = arms.unbind(-2)
    volume = (first * torch.linalg.cross(second, third)).sum(-1)
    return mean_and_worst((volume - ideal).square().flatten(2), kept.flatten(2))


def bond_angles(points: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch"]:
    """Measure the angle (radians) at the second of three points, with a finite gradient anywhere.

    By the arctangent of its sine and cosine; within 0.01 of 0 and 180 degrees the sine is held up.
    """
    arms = F.normalize(points[..., ::2, :] - points[..., 1:2, :], dim=-1, eps=SHORT)
    first, second = arms.unbind(-2)
    sine = torch.linalg.cross(first, second).square().sum(-1).add(1e-4).sqrt()
    return torch.atan2(sine, (first * second).sum(-1))


def _measured(
    measures: Measures,
    coords: Tensor,
    sequence: Tensor,
    residue_index: Tensor,
    mask: Tensor,
    copies: Tensor | None,
) -> tuple[
    Float[Tensor, "B S N m k 3"],
    Bool[Tensor, "B S N m"],
    Float[Tensor, "B 1 N m"],
    Float[Tensor, "B 1 N m"],
]:
    """Gather the atoms of all measures; give also which count, and their least and greatest ideal.

    A measure across a link counts where the indices of its residues follow each other.
    """
    batch, samples, n, slots = coords.shape[:4]
    offset, slot = (
        torch.as_tensor(t, device=coords.device) for t in (measures.offset, measures.slot)
    )
    slot = slot[sequence]
    residue = torch.arange(n, device=coords.device)[:, None, None] + offset
    inside = (residue >= 0) & (residue < n)
    residue = residue.clamp(0, n - 1)
    step = residue_index[:, residue] - residue_index[..., None, None]
    flat = (residue * slots + slot.clamp_min(0)).flatten(1)
    kept = mask.flatten(1).gather(1, flat).view_as(slot) & (slot >= 0) & inside & (step == offset)
    kept = kept.all(-1)[:, None].expand(-1, samples, -1, -1)
    if copies is not None:
        kept = kept & copies[..., None, None]
    points = coords.flatten(2, 3).gather(2, flat[:, None, :, None].expand(-1, samples, -1, 3))
    low, high = (
        torch.as_tensor(t, device=coords.device).to(coords)[sequence][:, None]
        for t in (measures.low, measures.high)
    )
    return points.view(batch, samples, *slot.shape[1:], 3), kept, low, high


@cache
def _bonds() -> Measures:
    """List the bonds; those of a known base, with the glycosidic one, are as it is drawn."""
    rows = {
        tuple(_atom(name) for name in bond): dict.fromkeys(ALPHABET, (length, length))
        for bond, length in IDEAL_BOND.items()
    }
    for base in BASES:
        for bond in BASE_BONDS[base]:
            length = float(np.linalg.norm(np.subtract(*(BASE_FRAME[base][name] for name in bond))))
            key = tuple(
                (0, GLYCOSIDIC) if name in ("N9", "N1") and "C1'" in bond else (0, name)
                for name in bond
            )
            rows.setdefault(key, {})[base] = (length, length)
    return _table(rows)


@cache
def _angles() -> Measures:
    """List the bond angles: of sugar and phosphate by pucker, of the base as it is drawn."""
    table = reference_table()
    table = table[(table["kind"] == "angle") & (table["base"] == ALL)]
    medians = [table[table["pucker"] == pucker].set_index("atoms")["median"] for pucker in PUCKERS]
    rows = {}
    for atoms in backbone_angles():
        ends = sorted(radians(median[" ".join(atoms)]) for median in medians)
        rows[tuple(_atom(name) for name in atoms)] = dict.fromkeys(ALPHABET, tuple(ends))
    for base in BASES:
        frame = {name: np.array(xy) for name, xy in BASE_FRAME[base].items()}
        for atoms in base_angles(base):
            first, second = (frame[atoms[end]] - frame[atoms[1]] for end in (0, 2))
            cosine = first @ second / (np.linalg.norm(first) * np.linalg.norm(second))
            value = float(np.arccos(cosine))
            rows.setdefault(tuple((0, name) for name in atoms), {})[base] = (value, value)
    return _table(rows)


@cache
def _centres() -> Measures:
    """List the chiral centres, each before its three neighbours."""
    rows = {
        tuple((0, name) for name in (centre, *names)): dict.fromkeys(
            ALPHABET, (HANDEDNESS[centre],) * 2
        )
        for centre, names in HANDED.items()
    }
    return _table(rows)


def _atom(name: str) -> tuple[int, str]:
    """Split the name of an atom, as in ``constants.IDEAL_ANGLE``, into residue offset and name."""
    shift = {"-1": -1, "+1": 1}.get(name[-2:], 0)
    return shift, name[:-2] if shift else name


def _table(rows: dict[tuple[tuple[int, str], ...], dict[str, tuple[float, float]]]) -> Measures:
    """Lay out measures by their atoms and, for each letter that has them, their ideal range."""
    size = len(next(iter(rows)))
    slot = np.full((len(ALPHABET), len(rows), size), -1)
    low, high = np.zeros((2, len(ALPHABET), len(rows)))
    for row, (atoms, ideal) in enumerate(rows.items()):
        for kind, base in enumerate(ALPHABET):
            names = [_name(base, name) for _, name in atoms]
            if base in ideal and all(name in SLOT_INDEX[base] for name in names):
                slot[kind, row] = [SLOT_INDEX[base][name] for name in names]
                low[kind, row], high[kind, row] = ideal[base]
    return Measures(np.array([[shift for shift, _ in atoms] for atoms in rows]), slot, low, high)


def _name(base: str, name: str) -> str:
    """Choose between the atom of purines and that of pyrimidines; no atom of an unknown base."""
    purine, _, pyrimidine = name.partition("|")
    if not pyrimidine:
        return purine
    return "" if base == UNKNOWN else purine if base in PURINES else pyrimidine
