"""Templates and helices united: one model of the parts that are known, the rest left open.

A model begins with a core, the residues copied from one template (or the longest helix, where there
is none). Other templates are laid over what is there and add what it lacks; helices that are in it
in part are completed in A-form; helices that are in no template are put at the end of the shortest
strand that leads to them. What comes later gives way: no residue is moved once it is placed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int

from rna_predict.constants import BACKBONE_ATOMS, N_BACKBONE, N_SLOTS
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.templates.contacts import beads, clashing, overstretched
from rna_predict.templates.helices import Stack, place_stack
from rna_predict.templates.placement import nearest_link, place_by_link

OPEN, HELIX = -2, -1
"""Sources of residues that are in no template: not placed, and from A-form geometry."""
ANCHORS: Final = [BACKBONE_ATOMS.index(name) for name in ("P", "C4'", "C1'")]
C1: Final = BACKBONE_ATOMS.index("C1'")
NEIGHBOURHOOD: Final = 15.0
"""Angstrom about the residues that a part adds, within which it is fitted."""
LEAST_OVERLAP: Final = 3
"""Residues that a template must share with what is there."""
FIT: Final = 3.0
"""Greatest root-mean-square deviation of the fit of a part (angstrom)."""
LEAST_GAIN: Final = 1.0
"""Expected right residues that a part must add."""
CLASHING_SHARE: Final = 0.25
"""Of the residues that a part adds."""
LEVELS_AROUND: Final = 3
"""Base pairs on each side of a gap in a helix that it is fitted to."""
PAIR_REACH: Final = (7.5, 13.5)
"""C1'-C1' distance of a base pair (angstrom), wide enough for a bad one."""
STACKED_CONFIDENCE: Final = 0.4
"""Share of the confidence of what a helix is linked to that the helix has."""


@dataclass(frozen=True, eq=False)
class Part:
    """Residues of the query with the places that one template gives them.

    Attributes
    ----------
    residue : (m,) int
        Rising.
    coords : (m, 23, 3) float, angstrom
        In any position as a whole.
    confidence : (m,) float
        Probability of each to be right, 0 to 1.
    source : int
        Number of the hit.
    """

    residue: Int[np.ndarray, " m"]
    coords: Float[np.ndarray, "m 23 3"]
    confidence: Float[np.ndarray, " m"]
    source: int


@dataclass(frozen=True, eq=False)
class Assembly:
    """A model of n residues, some of them open.

    Attributes
    ----------
    coords : (n, 23, 3) float, angstrom
        NaN in open residues.
    confidence : (n,) float
        0 to 1; 0 in open residues.
    source : (n,) int
        Number of a hit, ``HELIX`` or ``OPEN``.
    """

    coords: Float[np.ndarray, "n 23 3"]
    confidence: Float[np.ndarray, " n"]
    source: Int[np.ndarray, " n"]

    @property
    def placed(self) -> Bool[np.ndarray, " n"]:
        """Residues that have coordinates."""
        return self.source != OPEN


def assemble(
    kinds: Int[np.ndarray, " n"],
    core: Part | None,
    parts: Sequence[Part],
    stacks: Sequence[Stack],
    probability: Float[np.ndarray, "n n"],
    generator: np.random.Generator,
) -> Assembly:
    """Unite parts and helices.

    Parameters
    ----------
    kinds : (n,) int
        Position of each letter of the query in ``constants.ALPHABET``.
    core : Part, optional
        What stays where it is; the longest stack where there is none.
    parts : sequence of Part
        Others, best first.
    stacks : sequence of Stack
        Of :func:`~rna_predict.templates.helices.stack_helices`.
    probability : (n, n) float
        Of base pairs.
    generator : numpy Generator
        Of links between helices.

    Returns
    -------
    Assembly
        Nothing is placed where there is neither core nor stack.
    """
    builder = _Builder(kinds, probability, generator)
    if core is not None:
        builder.add(core.residue, core.coords, core.confidence, core.source)
        builder.free_open_helices(stacks)
    elif stacks:
        longest = max(stacks, key=lambda stack: int(stack.paired.sum()))
        ideal = place_stack(kinds[longest.residue], longest.level, longest.strand)
        builder.add(longest.residue, ideal, builder.pair_confidence(longest), HELIX)
    while True:
        if builder.extend(parts):
            continue
        if any([builder.complete(stack) for stack in stacks]):
            continue
        if not builder.link(stacks):
            break
    return Assembly(builder.coords, builder.confidence, builder.source)


class _Builder:
    """A model while parts are added to it."""

    def __init__(
        self, kinds: np.ndarray, probability: np.ndarray, generator: np.random.Generator
    ) -> None:
        self.kinds, self.probability, self.generator = kinds, probability, generator
        self.coords = np.full((len(kinds), N_SLOTS, 3), np.nan)
        self.confidence = np.zeros(len(kinds))
        self.source = np.full(len(kinds), OPEN)
        self.refused: set[int] = set()

    @property
    def placed(self) -> np.ndarray:
        return self.source != OPEN

    def add(self, residue: np.ndarray, coords: np.ndarray, confidence: np.ndarray, source: int):
        """Place residues that are open."""
        new = ~self.placed[residue]
        self.coords[residue[new]] = coords[new]
        self.confidence[residue[new]] = np.broadcast_to(confidence, residue.shape)[new]
        self.source[residue[new]] = source

    def pair_confidence(self, stack: Stack) -> np.ndarray:
        """Give the likelihood of each residue of a stack to be in this helix."""
        likely = np.zeros(len(stack.residue))
        half = len(likely) // 2
        pairs = self.probability[stack.residue[:half], stack.residue[half:]]
        likely[:] = np.tile(np.minimum(pairs, 1.0), 2)
        return np.where(stack.paired, likely, 0.5 * likely[stack.paired].mean())

    def free_open_helices(self, stacks: Sequence[Stack]) -> None:
        """Take away the less certain strand of likely helices that the core does not form."""
        for stack in stacks:
            half = len(stack.residue) // 2
            first, second = stack.residue[:half], stack.residue[half:]
            known = stack.paired[:half] & self.placed[first] & self.placed[second]
            if not known.any():
                continue
            reach = np.linalg.norm(self.coords[first, C1] - self.coords[second, C1], axis=-1)
            closed = (reach > PAIR_REACH[0]) & (reach < PAIR_REACH[1])
            likely = self.probability[first, second]
            trusted = np.minimum(self.confidence[first], self.confidence[second])
            if closed[known].mean() < 0.5 and likely[known].mean() > trusted[known].mean():
                strands = (first[known], second[known])
                lost = min(strands, key=lambda rows: float(self.confidence[rows].mean()))
                self.coords[lost], self.confidence[lost], self.source[lost] = np.nan, 0.0, OPEN

    def extend(self, parts: Sequence[Part]) -> bool:
        """Add the template that promises most; tell whether there was one."""
        best, gain = None, LEAST_GAIN
        for part in parts:
            if part.source in self.refused:
                continue
            new = ~self.placed[part.residue]
            if part.confidence[new].sum() <= gain:
                continue
            fitted = self._fit(part, new)
            if fitted is not None and fitted[1] > gain:
                best, gain = (part, fitted[0]), fitted[1]
        if best is None:
            return False
        part, moved = best
        self.refused.add(part.source)
        self.add(part.residue, moved, part.confidence, part.source)
        return True

    def _fit(self, part: Part, new: np.ndarray) -> tuple[np.ndarray, float] | None:
        """Lay a part over what is there; give its coordinates and what it adds."""
        shared = np.flatnonzero(~new)
        if len(shared) < LEAST_OVERLAP:
            return None
        points = part.coords[:, C1]
        reach = np.linalg.norm(points[shared, None] - points[new], axis=-1).min(1)
        near = shared[(reach < NEIGHBOURHOOD) | (reach <= np.sort(reach)[LEAST_OVERLAP - 1])]
        moved, deviation = self._superposed(part.coords, near, part.residue[near], ANCHORS)
        if deviation > FIT:
            return None
        lost = self._clashes(part.residue[new], moved[new])
        if lost > CLASHING_SHARE * new.sum() or self._stretches(part.residue, moved):
            return None
        return moved, float(part.confidence[new].sum() * np.exp(-((deviation / FIT) ** 2)) - lost)

    def complete(self, stack: Stack) -> bool:
        """Fill the gaps of a helix that is there in part; tell whether there were any."""
        filled = False
        new = ~self.placed[stack.residue]
        if not new.any() or new.all():
            return False
        levels = np.unique(stack.level[new & stack.paired])
        confidence = self.pair_confidence(stack)
        ideal = place_stack(self.kinds[stack.residue], stack.level, stack.strand)
        for run in np.split(levels, np.flatnonzero(np.diff(levels) > 1) + 1) if len(levels) else ():
            low, high = run[0] - LEVELS_AROUND, run[-1] + LEVELS_AROUND
            held = ~new & (stack.level >= low) & (stack.level <= high)
            if not held.any():
                continue
            gap = new & (stack.level >= run[0]) & (stack.level <= run[-1])
            filled |= self._fill(stack, ideal, gap, np.flatnonzero(held), confidence)
        return filled

    def _fill(
        self,
        stack: Stack,
        ideal: np.ndarray,
        gap: np.ndarray,
        held: np.ndarray,
        confidence: np.ndarray,
    ) -> bool:
        """Fit a helix to its known residues, or to the surest of them, and take the others."""
        surest = held[[self.confidence[stack.residue[held]].argmax()]]
        for rows in (held, surest):
            slots = ANCHORS if len(rows) >= LEAST_OVERLAP else list(range(N_BACKBONE))
            moved, deviation = self._superposed(ideal, rows, stack.residue[rows], slots)
            lost = self._clashes(stack.residue[gap], moved[gap])
            if (
                deviation <= FIT
                and lost <= CLASHING_SHARE * gap.sum()
                and not self._stretches(stack.residue[gap], moved[gap])
            ):
                trust = self.confidence[stack.residue[rows]].mean()
                trust = trust * confidence[gap] * np.exp(-((deviation / FIT) ** 2))
                self.add(stack.residue[gap], moved[gap], trust, HELIX)
                return True
        return False

    def link(self, stacks: Sequence[Stack]) -> bool:
        """Put the nearest helix at the end of the strand that leads to it."""
        waiting = []
        for number, stack in enumerate(stacks):
            if self.placed[stack.residue].any() or -1 - number in self.refused:
                continue
            if (found := nearest_link(self.placed, stack)) is not None:
                waiting.append((found[0], -len(stack.residue), number, found[1]))
        if not waiting:
            return False
        _, _, number, ends = min(waiting)
        stack = stacks[number]
        self.refused.add(-1 - number)
        coords, cost = place_by_link(self.coords, self.kinds, stack, ends, self.generator)
        if cost <= CLASHING_SHARE * len(stack.residue):
            trust = STACKED_CONFIDENCE * self.confidence[ends[0]] * self.pair_confidence(stack)
            self.add(stack.residue, coords, trust, HELIX)
        return True

    def _superposed(
        self, coords: np.ndarray, rows: np.ndarray, onto: np.ndarray, slots: list[int]
    ) -> tuple[np.ndarray, float]:
        """Lay coordinates over those of placed residues; give the deviation too."""
        mobile, fixed = coords[rows][:, slots].reshape(-1, 3), self.coords[onto][:, slots]
        fixed = fixed.reshape(-1, 3)
        rotation, translation = superpose(mobile, fixed)
        error = apply_motion(mobile, rotation, translation) - fixed
        deviation = float(np.sqrt((error**2).sum(-1).mean()))
        return coords @ rotation.T + translation, deviation

    def _clashes(self, residue: np.ndarray, coords: np.ndarray) -> int:
        """Count residues that would clash with what is there."""
        there = np.flatnonzero(self.placed)
        return int(clashing(beads(coords[None]), residue, beads(self.coords[there]), there).sum())

    def _stretches(self, residue: np.ndarray, coords: np.ndarray) -> bool:
        """Tell whether residues would leave more gaps that cannot be closed."""
        both = np.stack([self.coords, self.coords])
        new = ~self.placed[residue]
        both[1, residue[new]] = coords[new]
        before, after = overstretched(both[:1])[0], overstretched(both[1:])[0]
        return bool(after > before)
