"""Templates of a query: what the searches find, aligned in one way and judged by one score."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Int

from rna_predict.templates.family_search import family_anchors
from rna_predict.templates.fragment_search import find_fragments
from rna_predict.templates.guards import Guard
from rna_predict.templates.hits import TemplateHit
from rna_predict.templates.library import Library
from rna_predict.templates.profile_search import profile_anchors
from rna_predict.templates.query import Query
from rna_predict.templates.scoring import (
    Features,
    agreements,
    copied_points,
    describe,
    order_different,
    similarities,
)
from rna_predict.templates.structure_search import (
    Aligned,
    Anchors,
    Scoring,
    align_templates,
    scan,
)

SEARCHES: Final = {"family": family_anchors, "profile": profile_anchors}
"""Where both find a template, the alignment starts from that of the family, the first by name."""
CANDIDATES: Final = 60
"""Templates aligned in full from each search: the best of the scan, of the families, of the
profile."""
COMPARED: Final = 60
"""Alignments compared with each other in 3D, the best; others are no hits."""
LEAST_COLUMNS: Final = 8
"""Alignments of fewer columns are no hits (nt)."""
ALIKE: Final = 0.7
"""Similarity above which two hits are one answer, see :func:`~.scoring.order_different`."""
SURE: Final = 0.3
"""Least confidence of a column that covers a residue."""
LEAST_PART: Final = 12
"""Shortest uncovered part that is searched for on its own (nt); shorter ones are loops' matter."""
PART_HITS: Final = 5
"""Hits kept of each part, and of each loop."""


def find_templates(
    query: Query,
    library: Library,
    guard: Guard | None = None,
    limit: int = 20,
    scoring: Scoring | None = None,
    parts: bool = True,
) -> list[TemplateHit]:
    """Search a library.

    Parameters
    ----------
    query : Query
    library : Library
    guard : Guard, optional
        What must not be used; by default everything may.
    limit : int
        Greatest number of hits of the query as a whole.
    scoring : Scoring, optional
    parts : bool
        Also search for the parts that the first hit leaves uncovered, and for loops.

    Returns
    -------
    list of TemplateHit
        At most ``limit`` hits of the whole query, different ones first (the best of each kind by
        score, then near copies of them); then hits of its parts and of its loops by score, of
        which no residue pair is certain to be worth copying: they fill what the first leave open.
    """
    scoring = scoring or Scoring()
    places = np.flatnonzero((guard or Guard()).allowed(library, query.sequence))
    hits = search_whole(query, library, places, scoring)
    columns, templates = [hit.columns for hit in hits], [hit.template for hit in hits]
    similarity = similarities(copied_points(library, columns, templates, len(query)))
    found = [hits[k] for k in order_different(similarity, ALIKE)[:limit]]
    if not parts:
        return found
    more = find_fragments(query, library, places, PART_HITS)
    for start, end in uncovered_parts(query, found[:1]):
        more += search_part(query, library, places, scoring, start, end)[:PART_HITS]
    return found + sorted(more, key=lambda hit: -hit.score)


def search_whole(
    query: Query, library: Library, places: Int[np.ndarray, " c"], scoring: Scoring
) -> list[TemplateHit]:
    """Search with the whole query; give all hits, the best first.

    Parameters
    ----------
    query : Query
    library : Library
    places : (c,) int
        Templates that may be used.
    scoring : Scoring
    """
    hits = [
        TemplateHit(
            template=aligned.template,
            columns=aligned.columns,
            confidence=aligned.confidence,
            score=facts.expected_tm,
            method=method,
            identity=facts.identity,
            coverage=facts.coverage,
            satisfied=facts.satisfied,
        )
        for facts, aligned, method in judge_candidates(query, library, places, scoring)
    ]
    return sorted(hits, key=lambda hit: (-hit.score, hit.template))


def judge_candidates(
    query: Query, library: Library, places: Int[np.ndarray, " c"], scoring: Scoring
) -> list[tuple[Features, Aligned, str]]:
    """Align what each search finds; give facts, alignment and method of at most ``COMPARED``.

    Parameters
    ----------
    query, library, places, scoring
        As of :func:`search_whole`.
    """
    if not len(places):
        return []
    scores = scan(query, library.templates, places, scoring)
    chosen = set(places[np.argsort(-scores, kind="stable")[:CANDIDATES]].tolist())
    rank = dict(zip(places.tolist(), scores.tolist(), strict=True))
    found: dict[int, dict[str, Anchors]] = {}
    for method, search in SEARCHES.items():
        anchors = search(query, library.templates, places)
        for place in _strongest(anchors, rank):
            found.setdefault(place, {})[method] = anchors[place]
    candidates = np.array(sorted(chosen | set(found)), dtype=np.int64)
    used = {place: of_place[min(of_place)] for place, of_place in found.items()}
    judged = []
    for aligned in align_templates(query, library.templates, candidates, scoring, used):
        if len(aligned.columns) >= min(LEAST_COLUMNS, len(query)):
            by_method = found.get(aligned.template, {})
            in_family = len(by_method["family"].columns) if "family" in by_method else 0
            template = library.templates[aligned.template]
            facts = describe(query, template, aligned, in_family)
            judged.append((facts, aligned, min(by_method, default="structure")))
    judged.sort(key=lambda rated: (-rated[0].expected_tm, rated[1].template))
    return with_agreement(query, library, judged[:COMPARED])


def with_agreement(
    query: Query, library: Library, judged: list[tuple[Features, Aligned, str]]
) -> list[tuple[Features, Aligned, str]]:
    """Fill in how far each alignment gives the model that the others give."""
    if not judged:
        return []
    points = copied_points(
        library,
        [aligned.columns for _, aligned, _ in judged],
        [aligned.template for _, aligned, _ in judged],
        len(query),
    )
    agreement = agreements(
        similarities(points),
        np.array([facts.coverage for facts, *_ in judged]),
        np.array([facts.expected_tm for facts, *_ in judged]),
    )
    return [
        (replace(facts, agreement=float(value)), aligned, method)
        for value, (facts, aligned, method) in zip(agreement, judged, strict=True)
    ]


def uncovered_parts(query: Query, hits: list[TemplateHit]) -> list[tuple[int, int]]:
    """List the parts of at least ``LEAST_PART`` residues that no hit covers, (start, end)."""
    covered: Bool[np.ndarray, " n"] = np.zeros(len(query), dtype=bool)
    for hit in hits:
        covered[hit.columns[hit.confidence >= SURE, 0]] = True
    edges = np.flatnonzero(np.diff(np.concatenate([[True], covered, [True]]).astype(np.int8)))
    return [(a, b) for a, b in edges.reshape(-1, 2).tolist() if b - a >= LEAST_PART]


def search_part(
    query: Query,
    library: Library,
    places: Int[np.ndarray, " c"],
    scoring: Scoring,
    start: int,
    end: int,
) -> list[TemplateHit]:
    """Search with residues ``start`` to ``end`` alone; columns and shares are of the whole."""
    part = Query(
        name=f"{query.name}:{start}-{end}",
        sequence=query.sequence[start:end],
        pair_probability=query.pair_probability[start:end, start:end],
        msa=None if query.msa is None else query.msa[:, start:end],
    )
    share = len(part) / len(query)
    total = max(query.pair_probability.sum(), 2.0)
    pairs = max(part.pair_probability.sum(), 2.0)
    return [
        replace(
            hit,
            columns=hit.columns + np.array([start, 0]),
            score=hit.score * share,
            coverage=hit.coverage * share,
            satisfied=hit.satisfied * pairs / total,
        )
        for hit in search_whole(part, library, places, scoring)
    ]


def _strongest(found: Mapping[int, Anchors], rank: Mapping[int, float]) -> list[int]:
    """Choose the templates with the most columns, then the best of the scan."""
    order = sorted(found, key=lambda k: (-round(float(found[k].posterior.sum())), -rank[k], k))
    return order[:CANDIDATES]
