"""The best that the library could give a puzzle, and where it is lost on the way to a model.

Of each template that the guard allows: the TM-score (C3', by the native's length) of the best
alignment of its structure with the native's. Every value rests on one search more than the next:
of all templates, of those among the hits, of the first hit; then the first hit's columns copied as
they were aligned; then the models. The differences are what search, choice, alignment and assembly
lose. Of one template the best alignment known counts, also one of the search's own, so that no
alignment of it is better than the bound.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from rna_predict.evaluate.free_alignment import SMALLEST_FREE, align_structures
from rna_predict.evaluate.tm_score import tm_score
from rna_predict.families.folds import fold_similarity
from rna_predict.secondary.pairs import annotate_pairs, canonical_pairs
from rna_predict.structure.chain import Chain
from rna_predict.templates.hits import TemplateHit
from rna_predict.templates.library import C3, Library
from rna_predict.templates.search import find_templates
from tests.benchmarks.template_folds import Puzzle, make_guard, read_query
from tests.benchmarks.template_jobs import Clock

BEST_OF = 5


@dataclass(frozen=True, eq=False)
class Shape:
    """The C3' of a chain that are there, and whether each is paired with a later or earlier one."""

    points: Float[np.ndarray, "n 3"]
    codes: Int[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.points)


def shape_of(chain: Chain) -> Shape:
    """Take the shape of a chain, pairs annotated in 3D."""
    codes = np.zeros(len(chain), dtype=np.int64)
    pairs = canonical_pairs(annotate_pairs([chain]))
    codes[pairs["i"].to_numpy()] = 1
    codes[pairs["j"].to_numpy()] = 2
    return _observed(chain, codes)


def template_shape(library: Library, place: int) -> Shape:
    """Take the shape of a template, pairs as the library has them."""
    partner = library.templates[place].partner
    codes = np.where(partner < 0, 0, np.where(partner > np.arange(len(partner)), 1, 2))
    return _observed(library.chain(place), codes)


def _observed(chain: Chain, codes: Int[np.ndarray, " n"]) -> Shape:
    there = chain.atom_mask[:, C3]
    return Shape(chain.coords[there, C3].astype(np.float64), codes[there])


def structural_tm(template: Shape, native: Shape) -> float:
    """Give the TM-score of the better of two free alignments, by the native's length."""
    if min(len(template), len(native)) < SMALLEST_FREE:
        return 0.0
    i, j = align_structures(template.points, native.points, template.codes, native.codes)
    exact = tm_score(template.points[i], native.points[j], length=len(native))
    return max(exact, fold_similarity(template.points, native.points, len(native)))


def copied_tm(
    native: Float[np.ndarray, "n 3"],
    template: Float[np.ndarray, "m 3"],
    columns: Int[np.ndarray, "k 2"],
) -> float:
    """Give the TM-score of C3' copied as they are aligned, by the native's observed residues."""
    model = np.full_like(native, np.nan)
    model[columns[:, 0]] = template[columns[:, 1]]
    observed = np.isfinite(native).all(1)
    both = observed & np.isfinite(model).all(1)
    return tm_score(model, native, both, int(observed.sum())) if both.sum() >= 3 else 0.0


def bound_of(
    library: Library, native: Shape, places: Int[np.ndarray, " c"], known: dict[int, float]
) -> tuple[float, int]:
    """Give the best TM-score by structure among templates, and which has it; -1 for none.

    Those too short to exceed the best so far are skipped: no TM-score is above the share of the
    native that a template can cover.

    Parameters
    ----------
    library : Library
    native : Shape
    places : (c,) int
    known : dict of int to float
        Values already measured.
    """
    best, chosen = max(((tm, place) for place, tm in known.items()), default=(0.0, -1))
    lengths = np.array([len(library.templates[place]) for place in places])
    for place in places[np.argsort(np.abs(lengths - len(native)), kind="stable")].tolist():
        if place in known or len(library.templates[place]) <= best * len(native):
            continue
        tm = structural_tm(template_shape(library, place), native)
        if tm > best:
            best, chosen = tm, place
    return best, chosen


def ladder(
    hits: list[TemplateHit], copied: list[float], structural: dict[int, float]
) -> dict[str, float]:
    """Give the values between the bound and the models; 0 where there is no hit.

    Parameters
    ----------
    hits : list of TemplateHit
        Of the whole query, the best first.
    copied : list of float
        TM-score of each hit's columns copied.
    structural : dict of int to float
        TM-score by structure of each template among them.
    """
    by_structure = [structural[hit.template] for hit in hits]
    return {
        "hits": max(by_structure, default=0.0),
        "first_structural": by_structure[0] if hits else 0.0,
        "first_copied": copied[0] if hits else 0.0,
        "best_structural": max(by_structure[:BEST_OF], default=0.0),
        "best_copied": max(copied[:BEST_OF], default=0.0),
    }


def measure_bound(folder: Path, *, puzzle: Puzzle, library: Path, rfam: Path) -> dict[str, Any]:
    """Measure the bound of one puzzle and the steps below it."""
    clock = Clock()
    known, chain = Library.read(library), puzzle.native()
    native, points = shape_of(chain), chain.coords[:, C3].astype(np.float64)
    query = read_query(puzzle, rfam)
    guard = make_guard(puzzle, query)
    places = np.flatnonzero(guard.allowed(known, query.sequence))
    hits = find_templates(query, known, guard, parts=False)
    copied, structural = [], {}
    for hit in hits:
        place = hit.template
        template = known.chain(place).coords[:, C3].astype(np.float64)
        copied.append(copied_tm(points, template, hit.columns))
        if place not in structural:
            structural[place] = structural_tm(template_shape(known, place), native)
        structural[place] = max(structural[place], copied[-1])
    steps = ladder(hits, copied, structural)
    bound, best = bound_of(known, native, places, structural)
    clock.lap("bound")
    names = [template.name for template in known.templates]
    return {
        "puzzle": puzzle.name, "length": len(native), "allowed": len(places),
        "template": names[best] if best >= 0 else "", "bound": bound, **steps,
        "first_template": names[hits[0].template] if hits else "", **clock.laps,
    }  # fmt: skip
