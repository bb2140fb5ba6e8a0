"""Loops of the query in the loops of known structures, by length, sequence and pairing.

A loop is the residues between pairs that close it, with those pairs: hairpins, internal loops and
bulges, junctions. Loops match where they have as many strands and, but for a few residues of one
strand, the same lengths; the helices that leave them come along as far as both have them, so that
the fragment can be laid over what holds the helices. What crosses (pseudoknots) counts as unpaired.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
from jaxtyping import Bool, Int

from rna_predict.secondary.dot_bracket import from_dot_bracket, to_dot_bracket
from rna_predict.templates.hits import TemplateHit
from rna_predict.templates.library import Library
from rna_predict.templates.query import Query
from rna_predict.templates.scoring import satisfied_pairs

LIKELY: Final = 0.5
"""Least probability of the query's pairs that close loops; each residue has one such at most."""
HELIX: Final = 3
"""Pairs that come along from each helix of a loop, the closing one included."""
SPARE: Final = 2
"""Greatest difference of the lengths of one strand; of all strands together likewise."""
LONGEST: Final = 40
"""Longest strand of a loop (nt)."""
INTERCEPT, IDENTITY, SPARED = -3.9, 4.95, -2.5
"""Of the confidence: logit of the share of fragments within 2 A of the truth (C3', superposed), by
the identity of the unpaired residues and the difference in length; logistic regression over 3,601
fragments for 107 training chains, see ``tests/benchmarks/templates.py``."""

Strands = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Loop:
    """A loop of one chain.

    Attributes
    ----------
    strands : tuple of (int, int)
        First and last residue of each, both paired: the last of one pairs with the first of the
        next, the last of all with the first of all.
    helices : tuple of int
        Pairs of the helix that each strand leads into by its last residue, at most ``HELIX``.
    """

    strands: Strands
    helices: tuple[int, ...]

    @property
    def lengths(self) -> tuple[int, ...]:
        """Residues of each strand."""
        return tuple(b - a + 1 for a, b in self.strands)

    def spare(self, lengths: tuple[int, ...]) -> int:
        """Add up the differences to the strands of another; more than ``SPARE`` if not as many."""
        if len(lengths) != len(self.strands):
            return SPARE + 1
        return sum(abs(one - other) for one, other in zip(self.lengths, lengths, strict=True))


@dataclass(frozen=True, eq=False)
class LoopGroup:
    """Loops of templates with strands of the same lengths.

    Attributes
    ----------
    lengths : tuple of int
    places : (g,) int
        Of the templates in the library.
    loops : tuple of Loop
    letters : (g, sum of lengths) int
        Of their strands, one after the other: positions in ``constants.ALPHABET``.
    """

    lengths: tuple[int, ...]
    places: Int[np.ndarray, " g"]
    loops: tuple[Loop, ...]
    letters: Int[np.ndarray, "g residues"]


def find_loops(partner: Int[np.ndarray, " n"]) -> list[Loop]:
    """List the loops of a chain from its pairs; stacked pairs alone are none.

    Parameters
    ----------
    partner : (n,) int
        -1 for none.
    """
    n = len(partner)
    first = np.flatnonzero(partner > np.arange(n))
    text = to_dot_bracket(np.stack([first, partner[first]], axis=1), n)
    nested = "".join(letter if letter in "()" else "." for letter in text)
    mate = dict(from_dot_bracket(nested))
    mate |= {j: i for i, j in mate.items()}
    loops = []
    for i in sorted(k for k, j in mate.items() if k < j):
        strands = tuple(_strands(i, mate))
        stacked = len(strands) == 2 and all(b - a == 1 for a, b in strands)
        if not stacked and all(b - a < LONGEST for a, b in strands):
            helices = tuple(_helix(b, mate) for _, b in strands)
            loops.append(Loop(strands, helices))
    return loops


def find_fragments(
    query: Query, library: Library, places: Int[np.ndarray, " c"], limit: int
) -> list[TemplateHit]:
    """Find loops for the loops of a query.

    Parameters
    ----------
    query : Query
    library : Library
    places : (c,) int
        Templates that may be used.
    limit : int
        Greatest number of hits of each loop; of one template sequence one of them.

    Returns
    -------
    list of TemplateHit
        Loop by loop, each loop's best first.
    """
    i, j = np.nonzero(np.triu(query.pair_probability) > LIKELY)
    partner = np.full(len(query), -1)
    partner[i], partner[j] = j, i
    allowed = np.zeros(len(library), dtype=bool)
    allowed[places] = True
    groups = _library_loops(library)
    hits = []
    for loop in find_loops(partner):
        found = []
        for group in groups:
            if loop.spare(group.lengths) <= SPARE:
                found += _best_of(query, library, loop, group, allowed, limit)
        found.sort(key=lambda hit: (-hit.score, hit.template))
        best: dict[str, TemplateHit] = {}
        for hit in found:
            best.setdefault(library.templates[hit.template].sequence, hit)
        hits += list(best.values())[:limit]
    return hits


def _strands(i: int, mate: dict[int, int]) -> Iterator[tuple[int, int]]:
    """Walk round the loop that the pair of ``i`` closes."""
    start, at = i, i + 1
    while True:
        while at not in mate:
            at += 1
        yield start, at
        if at == mate[i]:
            return
        start = mate[at]
        at = start + 1


def _helix(last: int, mate: dict[int, int]) -> int:
    """Count the stacked pairs that follow a strand's last residue, its own included."""
    count = 1
    while count < HELIX and mate.get(last + count) == mate[last] - count:
        count += 1
    return count


def _columns(one: Loop, other: Loop) -> Int[np.ndarray, "k 2"]:
    """Pair the residues of two loops and of the helices that leave them.

    Of strands of different lengths the residues in the middle of the longer one have no partner.
    """
    rows: list[tuple[int, int]] = []
    for number, ((a, b), (c, d)) in enumerate(zip(one.strands, other.strands, strict=True)):
        before = min(one.helices[number - 1], other.helices[number - 1]) - 1
        after = min(one.helices[number], other.helices[number]) - 1
        shorter = min(b - a, d - c) + 1
        head = (shorter + 1) // 2
        rows += [(a + k, c + k) for k in range(-before, head)]
        rows += [(b - k, d - k) for k in range(shorter - head - 1, -after - 1, -1)]
    return np.array(sorted(set(rows)), dtype=np.int64)


def _best_of(
    query: Query,
    library: Library,
    loop: Loop,
    group: LoopGroup,
    allowed: Bool[np.ndarray, " t"],
    limit: int,
) -> list[TemplateHit]:
    """Give the loops of a group that are most alike in their unpaired letters, in order."""
    rows: list[tuple[int, int]] = []
    start = 0
    for (a, b), length in zip(loop.strands, group.lengths, strict=True):
        inner = min(b - a, length - 1) - 1
        head = (inner + 1) // 2
        rows += [(a + 1 + k, start + 1 + k) for k in range(head)]
        rows += [(b - 1 - k, start + length - 2 - k) for k in range(inner - head)]
        start += length
    own, other = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    alike = (group.letters[:, other] == query.kinds[own]).sum(1) / max(len(own), 1)
    logit = INTERCEPT + IDENTITY * alike + SPARED * loop.spare(group.lengths)
    confidence = 1 / (1 + np.exp(-logit))
    total = max(query.pair_probability.sum(), 2.0)
    hits: list[TemplateHit] = []
    seen: set[str] = set()
    for row in np.argsort(-alike, kind="stable").tolist():
        place = int(group.places[row])
        template = library.templates[place]
        if len(hits) == limit:
            break
        if not allowed[place] or template.sequence in seen:
            continue
        columns = _columns(loop, group.loops[row])
        i, j = columns.T
        if not template.observed[j].all() or (np.diff(columns, axis=0) <= 0).any():
            continue
        seen.add(template.sequence)
        coverage = len(columns) / len(query)
        hits.append(
            TemplateHit(
                template=place,
                columns=columns,
                confidence=np.full(len(columns), confidence[row]),
                score=float(confidence[row]) * coverage,
                method="fragment",
                identity=float((query.kinds[i] == template.kinds[j]).mean()),
                coverage=coverage,
                satisfied=satisfied_pairs(query, template, columns) / total,
            )
        )
    return hits


def _library_loops(library: Library) -> list[LoopGroup]:
    """Group the loops of all templates; found once for a library."""
    if library not in _GROUPS:
        found: dict[tuple[int, ...], list[tuple[int, Loop]]] = defaultdict(list)
        for place, template in enumerate(library.templates):
            for loop in find_loops(template.partner):
                found[loop.lengths].append((place, loop))
        _GROUPS[library] = [
            LoopGroup(
                lengths=lengths,
                places=np.array([place for place, _ in members]),
                loops=tuple(loop for _, loop in members),
                letters=np.stack(
                    [
                        np.concatenate(
                            [library.templates[place].kinds[a : b + 1] for a, b in loop.strands]
                        )
                        for place, loop in members
                    ]
                ),
            )
            for lengths, members in found.items()
        ]
    return _GROUPS[library]


_GROUPS: Final[WeakKeyDictionary[Library, list[LoopGroup]]] = WeakKeyDictionary()
