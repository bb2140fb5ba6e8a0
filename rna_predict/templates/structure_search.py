"""Alignment of a query with templates by sequence and pairs.

A residue of the query scores with one of a template by the letters, and by how the pair
probabilities of the query fit the pair that the template forms in 3D there: opening, closing or
none. Of the best templates the posteriors of a first alignment then say which residue of the
query the partner in the template stands for, and pairs score where the query pairs the same two:
sums over the query's ensemble, as in the probabilistic consistency of Hamada et al. 2009
(Bioinformatics 25:3236), not over one structure. What other searches found (columns of a family,
a profile) enters as further score, so that all alignments are of one kind and have one confidence.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Float32, Int
from scipy.sparse import csr_array

from rna_predict.constants import ALPHABET, BASES
from rna_predict.evaluate.free_alignment import align_scores
from rna_predict.templates.alignment import NONE, Gaps, best_scores, length_blocks, posteriors
from rna_predict.templates.library import Template
from rna_predict.templates.query import Query

RIBOSUM: Final = (
    (2.22, -1.86, -1.46, -1.39),
    (-1.86, 1.16, -2.48, -1.05),
    (-1.46, -2.48, 1.03, -1.74),
    (-1.39, -1.05, -1.74, 1.65),
)
"""Single-stranded RIBOSUM85-60 (bits), letters in the order of ``constants.BASES``: Klein & Eddy
2003, BMC Bioinformatics 4:44."""
CELLS: Final = 2_000_000
"""Cells (templates, query, template) worked on together: bounds memory to about 150 MB."""
FLOOR: Final = 0.01
"""Pair probabilities below it do not support a pair."""


@dataclass(frozen=True)
class Scoring:
    """Weights of an alignment; scores are natural logarithms.

    Attributes
    ----------
    unpaired, paired : float
        Of the letters, where the template is unpaired and where it is paired.
    profile : float
        Of the agreement of opening, closing or none.
    neutral : float
        Agreement that scores nothing.
    partners : float
        Of the query's probability of the pair that the template forms.
    unobserved : float
        Score of a residue of the template without coordinates.
    anchor : float
        Of a column that another search found, times its posterior.
    opening, extension : float
        Cost of a run of unaligned residues, see :class:`~rna_predict.templates.alignment.Gaps`.
    stem : float
        Further cost of a run that parts stacked pairs.
    rounds : int
        Alignments in a row with the support of partners.
    """

    unpaired: float = 0.3
    paired: float = 0.15
    profile: float = 1.25
    neutral: float = 0.5
    partners: float = 2.0
    unobserved: float = -0.5
    anchor: float = 4.0
    opening: float = 3.0
    extension: float = 0.3
    stem: float = 1.5
    rounds: int = 3


@dataclass(frozen=True, eq=False)
class Anchors:
    """Columns that another search found: (k, 2) residues, and the posterior (k,) of each."""

    columns: Int[np.ndarray, "k 2"]
    posterior: Float[np.ndarray, " k"]


@dataclass(frozen=True, eq=False)
class Aligned:
    """An alignment of the query with one template.

    Attributes
    ----------
    template : int
        Place in the library.
    columns : (k, 2) int
        Residues of the query and of the template, observed ones only.
    confidence : (k,) float
        Posterior of each column.
    """

    template: int
    columns: Int[np.ndarray, "k 2"]
    confidence: Float[np.ndarray, " k"]


def emissions(
    query: Query, templates: Sequence[Template], scoring: Scoring
) -> Float32[np.ndarray, "t n m"]:
    """Score each residue of the query with each of the templates.

    Parameters
    ----------
    query : Query
        Its alignment, where it has one, counts by the mean over its rows.
    templates : sequence of Template
    scoring : Scoring

    Returns
    -------
    (t, n, m) float32
        ``NONE`` past the ends of the templates.
    """
    letters = _letter_scores(query)
    shape = scoring.profile * (query.pair_profile - scoring.neutral)
    vectors = np.concatenate(
        [scoring.unpaired * letters, scoring.paired * letters, shape], axis=1
    ).astype(np.float32)
    width = max(map(len, templates))
    scores = np.full((len(templates), len(query), width), NONE)
    for row, template in enumerate(templates):
        m = len(template)
        features = np.zeros((m, vectors.shape[1]), dtype=np.float32)
        residue = np.arange(m)
        paired = template.partner >= 0
        features[residue, template.kinds + len(ALPHABET) * paired] = 1
        kind = np.where(paired, (template.partner < residue).astype(np.int64), 2)
        features[residue, 2 * len(ALPHABET) + kind] = 1
        scores[row, :, :m] = vectors @ features.T
        scores[row][:, np.flatnonzero(~template.observed)] = scoring.unobserved
    return scores


def gap_costs(query: Query, templates: Sequence[Template], scoring: Scoring) -> Gaps:
    """Give the costs of gaps: greater where they part stacked pairs.

    Parameters
    ----------
    query : Query
        Two residues are stacked with the probability of the less likely of their pairs.
    templates : sequence of Template
    scoring : Scoring
    """
    width = max(map(len, templates))
    stacked = np.zeros((len(templates), width), dtype=np.float32)
    for row, template in enumerate(templates):
        one, after = template.partner[:-1], template.partner[1:]
        stacked[row, : len(one)] = (one == after + 1) & (after >= 0)
    probability = query.pair_probability
    likely = np.zeros(len(query), dtype=np.float32)
    likely[:-1] = np.minimum(probability[:-1, 1:], probability[1:, :-1]).sum(1)
    return Gaps(
        np.float32(scoring.opening) + np.float32(scoring.stem) * stacked,
        np.float32(scoring.opening) + np.float32(scoring.stem) * np.minimum(likely, 1),
        scoring.extension,
    )


def scan(
    query: Query, templates: Sequence[Template], places: Int[np.ndarray, " c"], scoring: Scoring
) -> Float[np.ndarray, " c"]:
    """Give the best score of the query with each of some templates, without the partners.

    Parameters
    ----------
    query : Query
    templates : sequence of Template
        Those of a library.
    places : (c,) int
        Which of them.
    scoring : Scoring
    """
    found = np.zeros(len(places))
    for block in _blocks(query, templates, places):
        chosen = [templates[k] for k in places[block]]
        scores = emissions(query, chosen, scoring)
        found[block] = best_scores(scores, gap_costs(query, chosen, scoring))
    return found


def align_templates(
    query: Query,
    templates: Sequence[Template],
    places: Int[np.ndarray, " c"],
    scoring: Scoring,
    anchors: Mapping[int, Anchors],
) -> Iterator[Aligned]:
    """Align the query with some templates.

    Parameters
    ----------
    query, templates, places, scoring
        As of :func:`scan`.
    anchors : mapping of int to Anchors
        By place of the template.

    Yields
    ------
    Aligned
        With the columns of maximum expected accuracy (of all sets of columns that rise the one
        with the greatest sum of posteriors); in another order than asked for.
    """
    ensemble = csr_array(np.where(query.pair_probability >= FLOOR, query.pair_probability, 0))
    for block in _blocks(query, templates, places):
        chosen = [templates[k] for k in places[block]]
        base = emissions(query, chosen, scoring)
        for row, place in enumerate(places[block].tolist()):
            if (anchor := anchors.get(place)) is not None:
                i, j = anchor.columns.T
                base[row, i, j] += scoring.anchor * anchor.posterior
        lengths = np.array([len(template) for template in chosen])
        gaps = gap_costs(query, chosen, scoring)
        posterior = posteriors(base, lengths, gaps)
        for _ in range(scoring.rounds):
            support = _support(ensemble, chosen, posterior)
            posterior = posteriors(base + scoring.partners * support, lengths, gaps)
        for row, template in enumerate(chosen):
            yield _best_columns(int(places[block[row]]), template, posterior[row])


def _blocks(
    query: Query, templates: Sequence[Template], places: Int[np.ndarray, " c"]
) -> Iterator[Int[np.ndarray, " b"]]:
    """Cut templates into blocks that are worked on together."""
    lengths = np.array([len(templates[k]) for k in places], dtype=np.int64)
    return length_blocks(lengths, max(1, CELLS // max(len(query), 1)))


def _letter_scores(query: Query) -> Float[np.ndarray, "n letters"]:
    """Score each residue of the query, or the column of its alignment, with each letter."""
    table = np.zeros((len(ALPHABET) + 1, len(ALPHABET)))  # N and gaps score nothing
    table[: len(BASES), : len(BASES)] = RIBOSUM
    own = table[query.kinds]
    if query.msa is None or not len(query.msa):
        return own
    present = (query.msa < len(BASES)).sum(0)[:, None]
    mean = table[query.msa].sum(0) / np.maximum(present, 1)
    return np.where(present > 0, (own + mean) / 2, own)


def _support(
    ensemble: csr_array, templates: Sequence[Template], posterior: Float32[np.ndarray, "t n m"]
) -> Float32[np.ndarray, "t n m"]:
    """Sum, for each cell, the query's pairs with what the template's partner is aligned to."""
    t, n, m = posterior.shape
    partner = np.full((t, m), -1)
    for row, template in enumerate(templates):
        partner[row, : len(template)] = template.partner
    place = np.broadcast_to(np.maximum(partner, 0)[:, None], posterior.shape)
    swapped = np.take_along_axis(posterior, place, axis=2)
    swapped = np.where(partner[:, None] >= 0, swapped, 0)
    flat = swapped.transpose(1, 0, 2).reshape(n, t * m)
    return (ensemble @ flat).reshape(n, t, m).transpose(1, 0, 2).astype(np.float32)


def _best_columns(place: int, template: Template, posterior: Float32[np.ndarray, "n m"]) -> Aligned:
    """Choose the columns of maximum expected accuracy."""
    own = posterior[:, : len(template)]
    i, j = align_scores(np.where(template.observed, own, 0), 0.0)
    kept = (own[i, j] >= FLOOR) & template.observed[j]
    i, j = i[kept], j[kept]
    return Aligned(place, np.stack([i, j], axis=1), own[i, j].astype(np.float64))
