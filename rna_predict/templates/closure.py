"""Open residues closed through the kinematics: a chain without a gap.

Residues between two known ones start as strands of loop conformers on the first. Gradient descent
on their backbone torsions brings the end of each strand onto the second residue and away from what
is there already; all gaps of all models, with several draws each, take each step together. Bonds,
angles and puckers stay ideal. Ends of chains are strands laid over the one residue that they join.

What is so wide that its residues cannot span it is opened further first, residue by residue on the
less certain side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import cos, pi, radians
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from rna_predict.constants import BACKBONE_ATOMS, LINK_MAX, TORSIONS, slot_mask
from rna_predict.geometry.nerf import build_atoms
from rna_predict.geometry.superpose import superpose
from rna_predict.templates.contacts import BEAD_ATOMS, C4, beads, clashing
from rna_predict.templates.loop_conformers import sample_conformers
from rna_predict.templates.placement import RIGID, draw_strands

STEM: Final = [BACKBONE_ATOMS.index(name) for name in ("C4'", "C3'", "O3'")]
"""Atoms of the residue before a gap that its strand begins on."""
TARGET: Final = [BACKBONE_ATOMS.index(name) for name in ("P", "O5'", "C5'", "C4'", "C3'")]
"""Atoms of the residue after a gap that its strand must meet."""
O3, P = BACKBONE_ATOMS.index("O3'"), BACKBONE_ATOMS.index("P")
FREE: Final = [TORSIONS.index(name) for name in ("alpha", "beta", "gamma", "epsilon", "zeta")]
SPAN: Final = 5.6
"""C4'-C4' distance per residue that strands reach with ease (angstrom)."""
WIDEST: Final = 12
"""Residues that one gap may be widened by."""
BROKEN: Final = LINK_MAX + 0.5
"""O3'-P distance above which neighbours are opened; forces close what is below (angstrom)."""
WIDTH: Final = radians(90.0)
"""Deviation from a conformer that costs 0.1."""
CONTACT: Final = 4.5
NEAR: Final = 48
"""Known residues that a strand keeps away from."""
STEPS, RATE = 120, 0.07
WARM_UP: Final = 0.3
"""Share of the steps over which the rate rises."""
DRAWS, KEPT = 8, 3
"""Strands that a gap starts with, and those that go on after ``SCREENED`` of the steps."""
SCREENED: Final = 0.25
MOMENTS: Final = (0.9, 0.999)
"""Of the descent: Kingma & Ba 2015 (Adam)."""
ROUNDS: Final = 3
TOLERANCE: Final = 0.7
"""Error of the end of a strand (angstrom) from which its gap is opened further and closed anew."""
END_DRAWS: Final = 40
ERROR_COST: Final = 3.0
"""Clashing residues that an angstrom of closing error counts as."""


@dataclass(frozen=True)
class Gap:
    """Open residues ``first + 1`` to ``last - 1`` of a model.

    Attributes
    ----------
    model : int
    first, last : int
        Known residues; -1 and n where the chain ends.
    """

    model: int
    first: int
    last: int


def widen_gaps(
    coords: Float[np.ndarray, "n 23 3"],
    value: Float[np.ndarray, " n"],
) -> Bool[np.ndarray, " n"]:
    """Choose the residues that stay, so that all gaps can be closed.

    Parameters
    ----------
    coords : (n, 23, 3) float, angstrom
        NaN in open residues.
    value : (n,) float
        What each residue is worth: the end of a gap with the lesser value is opened first.

    Returns
    -------
    (n,) bool
    """
    kept = np.isfinite(coords[:, C4]).all(-1)
    placed = np.flatnonzero(kept).tolist()
    for before, after in zip(placed, placed[1:], strict=False):
        a, b, opened = before, after, 0
        while not kept[a] and a > 0:  # the gap before took it
            a -= 1
        while kept[a] and kept[b] and not _spans(coords, a, b) and opened < WIDEST:
            if a > 0 and kept[a - 1] and (value[a] <= value[b] or not _next(kept, b)):
                kept[a] = False
                a -= 1
            elif _next(kept, b):
                kept[b] = False
                b += 1
            else:
                break
            opened += 1
    return kept


def _next(kept: np.ndarray, b: int) -> bool:
    return b + 1 < len(kept) and bool(kept[b + 1])


def _spans(coords: np.ndarray, a: int, b: int) -> bool:
    """Tell whether the residues between two can join them."""
    if b == a + 1:
        return float(np.linalg.norm(coords[a, O3] - coords[b, P])) <= BROKEN
    return float(np.linalg.norm(coords[a, C4] - coords[b, C4])) <= SPAN * (b - a)


def find_gaps(model: int, kept: Bool[np.ndarray, " n"]) -> list[Gap]:
    """List the gaps of a model, the ends of the chain among them."""
    ends = np.concatenate([[-1], np.flatnonzero(kept), [len(kept)]])
    wide = np.flatnonzero(np.diff(ends) > 1)
    return [Gap(model, int(ends[k]), int(ends[k + 1])) for k in wide]


def close_models(
    kinds: Int[np.ndarray, " n"],
    models: Sequence[Float[np.ndarray, "n 23 3"]],
    values: Sequence[Float[np.ndarray, " n"]],
    generator: np.random.Generator,
    steps: int = STEPS,
) -> list[Float[np.ndarray, "n 23 3"]]:
    """Build the open residues of models.

    Parameters
    ----------
    kinds : (n,) int
        Position of each letter in ``constants.ALPHABET``.
    models : sequence of (n, 23, 3) float, angstrom
        NaN in open residues; others are complete.
    values : sequence of (n,) float
        As of :func:`widen_gaps`.
    generator : numpy Generator
        Of the strands.
    steps : int
        Of the descent.

    Returns
    -------
    list of (n, 23, 3) float, angstrom
        Complete. Residues that were known are where they were, but for those that had to be opened.
    """
    closed = []
    for coords, value in zip(models, values, strict=True):
        kept = widen_gaps(coords, value)
        if not kept.any():  # nothing is known: a strand
            built = draw_strands(kinds, 1, generator)[0]
            built[~slot_mask()[kinds]] = np.nan
            closed.append(built)
            continue
        closed.append(np.where(kept[:, None, None], coords, np.nan))
    for turn in range(ROUNDS):
        gaps = [gap for gap in _all_gaps(closed) if gap.first >= 0 and gap.last < len(kinds)]
        if not gaps:
            break
        for gap, (atoms, error) in _strands(kinds, closed, gaps, generator, steps):
            wider = _wider(gap, closed[gap.model]) if error.min() > TOLERANCE else []
            if wider and turn < ROUNDS - 1:
                closed[gap.model][wider] = np.nan
            else:
                _take(kinds, closed[gap.model], gap, atoms, ERROR_COST * error)
    for gap in _all_gaps(closed):
        atoms = _end_strands(kinds, closed[gap.model], gap, generator)
        _take(kinds, closed[gap.model], gap, atoms, np.zeros(len(atoms)))
    return closed


def _strands(
    kinds: np.ndarray,
    models: Sequence[np.ndarray],
    gaps: list[Gap],
    generator: np.random.Generator,
    steps: int,
) -> list[tuple[Gap, tuple[np.ndarray, np.ndarray]]]:
    """Close gaps, those of like lengths together; give each, the shortest first, with its draws."""
    gaps = sorted(gaps, key=lambda gap: gap.last - gap.first)
    found = []
    for _, group in groupby(gaps, key=lambda gap: (gap.last - gap.first).bit_length()):
        alike = list(group)
        found += zip(alike, _descend(kinds, models, alike, generator, steps), strict=True)
    return found


def _all_gaps(models: Sequence[np.ndarray]) -> list[Gap]:
    """List the gaps of several models."""
    return [
        gap
        for number, coords in enumerate(models)
        for gap in find_gaps(number, np.isfinite(coords[:, C4]).all(-1))
    ]


def _wider(gap: Gap, coords: np.ndarray) -> list[int]:
    """Give the ends of a gap that can be opened: those with a known residue beyond."""
    known = np.isfinite(coords[:, C4]).all(-1)
    ends = ((gap.first, gap.first - 1), (gap.last, gap.last + 1))
    return [end for end, beyond in ends if 0 <= beyond < len(known) and known[beyond]]


def _take(
    kinds: np.ndarray,
    coords: np.ndarray,
    gap: Gap,
    atoms: Float[np.ndarray, "draws k 23 3"],
    cost: Float[np.ndarray, " draws"],
) -> None:
    """Put in the strand that costs least, clashing residues counted."""
    residue = np.arange(gap.first + 1, gap.last)
    atoms = np.where(slot_mask()[kinds[residue]][..., None], atoms, np.nan)
    there = np.flatnonzero(np.isfinite(coords[:, C4]).all(-1))
    close = clashing(beads(atoms), residue, beads(coords[there]), there).sum(1)
    coords[residue] = atoms[int((cost + close).argmin())]


def _end_strands(
    kinds: np.ndarray, coords: np.ndarray, gap: Gap, generator: np.random.Generator
) -> Float[np.ndarray, "draws k 23 3"]:
    """Draw strands for an end of the chain."""
    known = gap.last if gap.first < 0 else gap.first
    first, last = max(gap.first, 0), min(gap.last, len(kinds) - 1)
    strands = draw_strands(kinds[first : last + 1], END_DRAWS, generator)
    place = known - first
    real = np.broadcast_to(coords[known, RIGID], (END_DRAWS, len(RIGID), 3))
    rotation, translation = superpose(strands[:, place, RIGID], real)
    moved = strands @ np.swapaxes(rotation, 1, 2)[:, None] + translation[:, None, None]
    return np.delete(moved, place, axis=1)


def _descend(
    kinds: np.ndarray,
    models: Sequence[np.ndarray],
    gaps: Sequence[Gap],
    generator: np.random.Generator,
    steps: int,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Close gaps; give the draws of each, (draws, k, 23, 3), and their errors (angstrom)."""
    count, longest = len(gaps), max(gap.last - gap.first for gap in gaps) + 1
    index = np.array([gap.first for gap in gaps])[:, None] + np.arange(longest)
    last = np.array([gap.last - gap.first for gap in gaps])
    sequence = torch.from_numpy(kinds[np.minimum(index, len(kinds) - 1)])
    sequence = sequence[:, None].expand(-1, DRAWS, -1)
    start = sample_conformers(count * DRAWS * longest, generator)
    start = torch.from_numpy(start.reshape(count, DRAWS, longest, -1)).float()
    stem = _points(models, [(gap.model, gap.first) for gap in gaps], STEM)
    target = _points(models, [(gap.model, gap.last) for gap in gaps], TARGET)
    obstacles = _obstacles(models, gaps)
    inside = torch.from_numpy((np.arange(longest) > 0) & (np.arange(longest) < last[:, None]))
    turn = torch.zeros(*start.shape[:3], len(FREE), requires_grad=True)
    rows, ends = torch.arange(count), torch.from_numpy(last)

    def build() -> Tensor:
        torsions = start.clone()
        torsions[..., FREE] = torsions[..., FREE] + turn
        return _on_stem(build_atoms(torsions, sequence[:, : start.shape[1]]), stem)

    def miss(atoms: Tensor) -> Tensor:
        tips = atoms[rows, :, ends][:, :, TARGET]
        return (tips - target[:, None]).square().sum(-1)

    mean, square = torch.zeros_like(turn), torch.zeros_like(turn)
    for step in range(steps):
        atoms = build()
        cost = ((miss(atoms) + 1.0).sqrt() - 1.0).sum(-1)
        cost = cost + 0.1 * (turn / WIDTH).square().sum((-2, -1))
        cost = cost + _overlap(atoms, inside, obstacles)
        (slope,) = torch.autograd.grad(cost.sum(), turn)
        with torch.no_grad():
            mean = MOMENTS[0] * mean + (1 - MOMENTS[0]) * slope
            square = MOMENTS[1] * square + (1 - MOMENTS[1]) * slope.square()
            bias = [1 - moment ** (step + 1) for moment in MOMENTS]
            change = (mean / bias[0]) / ((square / bias[1]).sqrt() + 1e-8)
            turn = turn - _rate(step / steps) * change
            if step + 1 == round(SCREENED * steps):
                best = cost.topk(KEPT, largest=False).indices
                start, turn, mean, square = (
                    of_draw[rows[:, None], best] for of_draw in (start, turn, mean, square)
                )
        turn.requires_grad_()
    with torch.no_grad():
        atoms = build()
        error = miss(atoms).mean(-1).sqrt().numpy()
    found = atoms.double().numpy()
    return [(found[k, :, 1 : last[k]], error[k]) for k in range(count)]


def _rate(done: float) -> float:
    """Give the rate of a step after a share of them: it rises, and falls to nothing."""
    if done < WARM_UP:
        return RATE * (0.04 + 0.96 * done / WARM_UP)
    return RATE * 0.5 * (1 + cos(pi * (done - WARM_UP) / (1 - WARM_UP)))


def _points(
    models: Sequence[np.ndarray], residues: list[tuple[int, int]], slots: list[int]
) -> Float[Tensor, "gaps atoms 3"]:
    points = np.stack([models[model][residue, slots] for model, residue in residues])
    return torch.from_numpy(points).float()


def _obstacles(models: Sequence[np.ndarray], gaps: Sequence[Gap]) -> Float[Tensor, "gaps k 3"]:
    """List the beads of the known residues nearest to each gap, but for its two ends; far: none."""
    found = np.full((len(gaps), NEAR, len(BEAD_ATOMS), 3), 1e4)
    for row, gap in enumerate(gaps):
        coords = models[gap.model]
        middle = coords[[gap.first, gap.last], C4].mean(0)
        reach = np.linalg.norm(coords[:, C4] - middle, axis=-1)
        reach[[gap.first, gap.last]] = np.nan
        near = np.argsort(reach)[: min(NEAR, int(np.isfinite(reach).sum()))]
        found[row, : len(near)] = coords[near][:, BEAD_ATOMS]
    return torch.from_numpy(found.reshape(len(gaps), -1, 3)).float()


def _on_stem(
    atoms: Float[Tensor, "gaps draws k 23 3"], stem: Float[Tensor, "gaps 3 3"]
) -> Float[Tensor, "gaps draws k 23 3"]:
    """Move strands so that their first residue begins where the known one ends."""
    built, real = _frame(atoms[:, :, 0, STEM]), _frame(stem)[:, None]
    rotation = real @ built.transpose(-1, -2)
    origin = atoms[:, :, 0, O3][:, :, None, None]
    moved = (atoms - origin) @ rotation.transpose(-1, -2)[:, :, None]
    return moved + stem[:, None, None, None, -1]


def _frame(points: Float[Tensor, "*b 3 3"]) -> Float[Tensor, "*b 3 3"]:
    """Give right-handed axes of three points, in columns."""
    x = torch.nn.functional.normalize(points[..., 2, :] - points[..., 1, :], dim=-1)
    normal = torch.linalg.cross(x, points[..., 0, :] - points[..., 1, :])
    z = torch.nn.functional.normalize(normal, dim=-1)
    return torch.stack([x, torch.linalg.cross(z, x), z], dim=-1)


def _overlap(
    atoms: Float[Tensor, "gaps draws k 23 3"],
    inside: Bool[Tensor, "gaps k"],
    obstacles: Float[Tensor, "gaps o 3"],
) -> Float[Tensor, "gaps draws"]:
    """Sum what the beads of strands lack to the distance that they should keep, squared."""
    own = torch.where(inside[:, None, :, None, None], atoms[..., BEAD_ATOMS, :], -1e4)
    own = own.flatten(2, 3)
    depth = (CONTACT - torch.cdist(own, obstacles[:, None])).clamp_min(0.0)
    return 0.3 * depth.square().sum((-2, -1))
