"""Alignment of two structures that knows nothing of numbers and sequences.

The course of TM-align (Zhang & Skolnick 2005, Nucleic Acids Res 33:2302), as US-align follows it
for RNA (Zhang et al. 2022, Nat Methods 19:1109): several first alignments, each refined by turns of
superposition and dynamic programming, the best one kept. US-align's search by fragments of the
middle of a chain is left out: with it the scores of 120 pairs were no closer to US-align's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import biotite.sequence as biotite_sequence
import biotite.sequence.align as biotite_align
import numpy as np
from jaxtyping import Bool, Float, Int

from rna_predict.evaluate.search import search_superpositions
from rna_predict.geometry.superpose import apply_motion, superpose

GAPS = (0.6, 0.0)
"""Costs of opening a gap in the turns of dynamic programming; staying in it is free."""
STRUCTURE_GAP = 1.0
"""Cost of opening a gap where secondary structures are aligned, which match at 1."""
STRUCTURE_WEIGHT = 0.5
"""Worth of equal secondary structure beside closeness in space."""
TURNS = 30
STRIDE = 40
"""Steps between the fragments that seed a superposition while aligning."""
SEARCH_RANGE = (4.5, 8.0)
LOOSER = 1.5
"""Angstrom added to d0 where a short fragment has been superposed."""
LOCAL_STEPS = ((150, 15), (200, 25), (250, 35), (2000, 45))
"""(Length up to, residues) between fragments; past it a fortieth of the length."""
SMALLEST_FREE = 5
"""Residues that each structure needs."""
UNIT = 10_000
"""Integers that a score of 1 becomes in the dynamic programming."""
SHIFTS_TIMES_PAIRS = 1_000_000


@dataclass(frozen=True, eq=False)
class Points:
    """Both structures and the scales of their comparison.

    Attributes
    ----------
    model, native : (n, 3) and (m, 3) float64, angstrom
    alike : (n, m) float
        1 where the secondary structure is the same.
    d0 : float, angstrom
        Distance scale of the search.
    """

    model: Float[np.ndarray, "n 3"]
    native: Float[np.ndarray, "m 3"]
    alike: Float[np.ndarray, "n m"]
    d0: float


Alignment = tuple[Int[np.ndarray, " _"], Int[np.ndarray, " _"]]


def align_structures(
    model: Float[np.ndarray, "n 3"],
    native: Float[np.ndarray, "m 3"],
    model_structure: Int[np.ndarray, " n"],
    native_structure: Int[np.ndarray, " m"],
) -> Alignment:
    """Pair the residues of two structures by their shape alone.

    Parameters
    ----------
    model, native : (n, 3) and (m, 3) float, angstrom
        One atom a residue (C3'), all finite, in the order of the chain; at least five each.
    model_structure, native_structure : (n,) and (m,) int
        A code of secondary structure for each residue, for instance 0 unpaired, 1 paired with a
        later residue, 2 paired with an earlier one.

    Returns
    -------
    i, j : (k,) int
        Rows of ``model`` and ``native``, both rising; pairs that stay far apart are left out.

    Raises
    ------
    ValueError
        If a structure has fewer than five residues.
    """
    shorter = min(len(model), len(native))
    if shorter < SMALLEST_FREE:
        raise ValueError(f"a free alignment needs {SMALLEST_FREE} residues, got {shorter}")
    alike = (model_structure[:, None] == native_structure[None]).astype(np.float64)
    scale = 0.168 if shorter <= 19 else 1.24 * np.cbrt(shorter - 15.0) - 1.8
    points = Points(model.astype(np.float64), native.astype(np.float64), alike, scale + 0.8)
    best = 0.0, (np.arange(3), np.arange(3))
    for start in (_threaded(points), align_scores(alike, STRUCTURE_GAP), _local(points)):
        best = max(best, _refine(points, start), key=lambda found: found[0])
    mixed = _closeness(points, _fit(points, best[1])[1]) + STRUCTURE_WEIGHT * alike
    start = align_scores(mixed, STRUCTURE_GAP)
    best = max(best, _refine(points, start), key=lambda found: found[0])
    i, j = best[1]
    moved = apply_motion(points.model[i], *_fit(points, best[1], stride=1)[1])
    near = ((moved - points.native[j]) ** 2).sum(-1) <= (1.5 * shorter**0.3 + 3.5) ** 2
    return (i[near], j[near]) if near.sum() >= 3 else (i, j)


def _refine(points: Points, start: Alignment) -> tuple[float, Alignment]:
    """Take turns of superposition and dynamic programming; give the best score on the way."""
    if len(start[0]) < 3:
        return 0.0, start
    score, first = _fit(points, start)
    best = score, start
    for gap in GAPS:
        motion, before = first, None
        for _ in range(TURNS):
            pairs = align_scores(_closeness(points, motion), gap)
            if len(pairs[0]) < 3:
                break
            score, motion = _fit(points, pairs)
            best = max(best, (score, pairs), key=lambda found: found[0])
            if before is not None and abs(score - before) < 1e-6:
                break
            before = score
    return best


def _fit(
    points: Points, pairs: Alignment, stride: int = STRIDE
) -> tuple[float, tuple[np.ndarray, np.ndarray]]:
    """Search the superposition of aligned residues with the highest sum of TM terms."""
    x, y = points.model[pairs[0]], points.native[pairs[1]]
    reach = min(max(points.d0, SEARCH_RANGE[0]), SEARCH_RANGE[1])
    best, chosen = -1.0, np.ones(len(x), dtype=bool)
    for fitted, squares in search_superpositions(x, y, reach - 1.0, reach + 1.0, stride):
        sums = (1.0 / (1.0 + squares / points.d0**2)).sum(1)
        row = int(sums.argmax())
        if sums[row] > best:
            best, chosen = float(sums[row]), fitted[row].copy()
    return best, superpose(x, y, chosen)


def _closeness(
    points: Points, motion: tuple[np.ndarray, np.ndarray], looser: float = 0.0
) -> Float[np.ndarray, "n m"]:
    """Give the TM term of every residue of the model with every one of the native."""
    moved = apply_motion(points.model, *motion)
    squares = ((moved[:, None] - points.native[None]) ** 2).sum(-1)
    return 1.0 / (1.0 + squares / (points.d0 + looser) ** 2)


def align_scores(scores: Float[np.ndarray, "n m"], gap: float) -> Alignment:
    """Align two chains globally over the scores of all their pairs of residues.

    Parameters
    ----------
    scores : (n, m) float
        At most about 1; told apart to 1e-4.
    gap : float
        Cost of opening a gap. Gaps at the ends, and staying in a gap, cost nothing.

    Returns
    -------
    i, j : (k,) int
        Paired rows and columns, both rising.
    """
    rows, columns = (_alphabet(size) for size in scores.shape)
    sequences = []
    for alphabet in (rows, columns):
        sequence = biotite_sequence.GeneralSequence(alphabet)
        sequence.code = np.arange(len(alphabet))
        sequences.append(sequence)
    matrix = biotite_align.SubstitutionMatrix(
        rows, columns, np.rint(scores * UNIT).astype(np.int32)
    )
    (alignment,) = biotite_align.align_optimal(
        *sequences,
        matrix,
        gap_penalty=(-round(gap * UNIT), 0) if gap else 0,
        terminal_penalty=False,
        max_number=1,
    )
    i, j = alignment.trace[(alignment.trace >= 0).all(axis=1)].T
    return i, j


@cache
def _alphabet(size: int) -> biotite_sequence.Alphabet:
    """Give an alphabet whose letters are the residues of a chain."""
    return biotite_sequence.Alphabet(range(size))


def _threaded(points: Points) -> Alignment:
    """Slide one chain along the other without gaps; give the best overlap."""
    n, m = len(points.model), len(points.native)
    least = max(min(n, m) // 2, 5)
    shifts = np.arange(least - m, n - least + 1)
    parts = np.array_split(shifts, max(1, len(shifts) * n // SHIFTS_TIMES_PAIRS))
    sums = np.concatenate([_quick_score(points, *_shifted(n, m, part)) for part in parts])
    best = shifts[[int(sums.argmax())]]
    overlap, partner = _shifted(n, m, best)
    return np.flatnonzero(overlap[0]), partner[0][overlap[0]]


def _shifted(n: int, m: int, shifts: Int[np.ndarray, " s"]) -> tuple[np.ndarray, np.ndarray]:
    """Give, by shift, which residues of the model have a partner and which one; (s, n) each."""
    partner = np.arange(n)[None] - shifts[:, None]
    return (partner >= 0) & (partner < m), partner.clip(0, m - 1)


def _quick_score(
    points: Points, paired: Bool[np.ndarray, "s n"], partner: Int[np.ndarray, "s n"]
) -> Float[np.ndarray, " s"]:
    """Score alignments by three fits: of all pairs, and twice of those that were close."""
    mobile = np.broadcast_to(points.model, (*paired.shape, 3))
    fixed = points.native[partner]
    limit = min(max(points.d0, SEARCH_RANGE[0]), SEARCH_RANGE[1]) ** 2
    best, used = np.zeros(len(paired)), paired
    for _ in range(3):
        moved = apply_motion(mobile, *superpose(mobile, fixed, used))
        squares = np.where(paired, ((moved - fixed) ** 2).sum(-1), np.inf)
        best = np.maximum(best, (1.0 / (1.0 + squares / points.d0**2)).sum(-1))
        third = np.partition(squares, 2, axis=1)[:, 2]
        used = squares <= np.maximum(limit, third)[:, None]
    return best


def _local(points: Points) -> Alignment:
    """Superpose short and long fragments of both; give the best alignment that follows."""
    best: tuple[float, Alignment] = 0.0, (np.arange(0), np.arange(0))
    for motion in _fragment_fits(points):
        i, j = align_scores(_closeness(points, motion, LOOSER), 0.0)
        if len(i) < 3:
            continue
        paired = np.zeros((1, len(points.model)), dtype=bool)
        partner = np.zeros((1, len(points.model)), dtype=np.int64)
        paired[0, i], partner[0, i] = True, j
        best = max(
            best, (float(_quick_score(points, paired, partner)[0]), (i, j)), key=lambda f: f[0]
        )
    return best[1]


def _fragment_fits(points: Points) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Superpose fragments of the model on fragments of the native, in steps along both."""
    n, m = len(points.model), len(points.native)
    shorter = min(n, m)
    for size in (min(20, shorter // 3), min(100, shorter // 2)):
        if size < 3:
            continue
        for a in range(0, n - size + 1, min(_step(n), n // 3)):
            for b in range(0, m - size + 1, min(_step(m), m // 3)):
                yield superpose(points.model[a : a + size], points.native[b : b + size])


def _step(length: int) -> int:
    """Give the steps between fragments of a chain."""
    return next((step for upto, step in LOCAL_STEPS if length <= upto), length // 40)
