"""Templates found by a profile of the query: nhmmer over the sequences of the library.

Wheeler & Eddy 2013, Bioinformatics 29:2487, through pyhmmer. The profile is that of the query's
alignment, or of its sequence alone; its columns are the residues of the query.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Int
from pyhmmer.easel import Alphabet, DigitalSequenceBlock, TextMSA, TextSequence
from pyhmmer.plan7 import Background, Builder, LongTargetsPipeline

from rna_predict.constants import ALPHABET
from rna_predict.families.hits import posterior_values, read_printed
from rna_predict.templates.library import Template
from rna_predict.templates.query import Query
from rna_predict.templates.structure_search import Anchors

MAX_EVALUE: Final = 10.0
"""Hits of a search of the whole library above it are not looked at."""
SHORTEST: Final = 15
"""Shorter queries make no profile worth a search (nt)."""
LETTERS: Final = ALPHABET + "-"


def profile_anchors(
    query: Query, templates: Sequence[Template], places: Int[np.ndarray, " c"]
) -> dict[int, Anchors]:
    """Search templates with the query's profile.

    Parameters
    ----------
    query : Query
    templates : sequence of Template
        Those of a library.
    places : (c,) int
        Which of them may be used.

    Returns
    -------
    dict of int to Anchors
        By place: the best hit of each template that has one.
    """
    if len(query) < SHORTEST or not len(places):
        return {}
    alphabet = Alphabet.rna()
    groups: dict[str, list[int]] = {}
    for place in places.tolist():
        groups.setdefault(templates[place].sequence, []).append(place)
    texts = list(groups)
    records = [TextSequence(name=str(k), sequence=text) for k, text in enumerate(texts)]
    targets = DigitalSequenceBlock(alphabet, [record.digitize(alphabet) for record in records])
    pipeline = LongTargetsPipeline(
        alphabet, Background(alphabet), strand="watson", E=MAX_EVALUE, seed=1
    )
    rows = [query.sequence, *_rows(query)]
    # Every column of the alignment is one of the profile: residues of the query, all of them.
    builder = Builder(alphabet, symfrac=0.0, seed=1)
    if len(rows) == 1:
        sequence = TextSequence(name="query", sequence=query.sequence).digitize(alphabet)
        found = pipeline.search_seq(sequence, targets, builder)
    else:
        named = [TextSequence(name=str(k), sequence=row) for k, row in enumerate(rows)]
        msa = TextMSA(name="query", sequences=named).digitize(alphabet)
        found = pipeline.search_msa(msa, targets, builder)
    anchors: dict[int, Anchors] = {}
    for hit in found:  # the best first
        shown = hit.best_domain.alignment
        read = read_printed(
            shown.hmm_sequence,
            shown.target_sequence,
            shown.posterior_probabilities or "",
            start=shown.target_from - 1,
            end=shown.target_to,
            score=hit.score,
            evalue=hit.evalue,
            cm_start=shown.hmm_from - 1,
            cm_end=shown.hmm_to,
        )
        column = np.array(read.columns)
        aligned = np.flatnonzero(column >= 0)
        columns = np.stack([column[aligned], read.start + aligned], axis=1)
        anchor = Anchors(columns, posterior_values(read.posterior)[aligned])
        for place in groups[texts[int(hit.name)]]:
            anchors.setdefault(place, anchor)
    return anchors


def _rows(query: Query) -> list[str]:
    """Write the rows of the query's alignment."""
    if query.msa is None:
        return []
    letters = np.array(list(LETTERS))
    return ["".join(row) for row in letters[query.msa]]
