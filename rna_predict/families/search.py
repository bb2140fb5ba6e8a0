"""Which chains belong to which families: Infernal's hits, their thresholds and their clans.

Nawrocki & Eddy (2013) Bioinformatics 29:2933. E-values are those of a search of a database of a
stated size, so that they do not depend on how many chains are searched at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rna_predict.families.clans import clan_of, compete
from rna_predict.families.covariance_models import CovarianceModel
from rna_predict.families.hits import Hit
from rna_predict.families.infernal import Program
from rna_predict.families.members import FAMILY_COLUMNS
from rna_predict.families.search_cache import SearchCache


@dataclass(frozen=True)
class Member:
    """A hit of a family with its rank among the hits on the sequence."""

    model: CovarianceModel
    hit: Hit
    label: bool
    lost_to: str


def search_families(
    sequences: Mapping[str, str],
    models: Sequence[CovarianceModel],
    program: Program,
    *,
    family_evalue: float = 1e-3,
    clans: Mapping[str, str] | None = None,
    cache: Path | None = None,
) -> tuple[pd.DataFrame, list[dict]]:
    """Find members of families among chains.

    Parameters
    ----------
    sequences : mapping of str to str
        Of each chain; equal ones are searched once.
    models : sequence of CovarianceModel
    program : Program
    family_evalue : float
        Stands for the gathering threshold of a model that has none: hits up to this E-value are
        members.
    clans : mapping of str to str, optional
        Family to clan, as :func:`~rna_predict.families.clans.read_clans` gives it. Hits of one
        family compete in any case, which matters where two models have one accession.
    cache : path, optional
        Folder in which hits are kept.

    Returns
    -------
    families : DataFrame
        One row a hit on the strand given, in the order of the chains, then by E-value: chain_id,
        family (accession, or the name of a model without one), family_name, start and end (0-based,
        end exclusive), score (bits), evalue, cm_start and cm_end (columns of the model, likewise),
        coverage (their share of the model), truncated (ends at which the chain stops before the
        family does), label (whether the chain is a member: the score reaches the gathering
        threshold and no better hit of the clan overlaps), lost_to (family of that better hit).
    alignments : list of dict
        Rows of ``ALIGNMENT_SCHEMA`` of the labelled hits, in the same order.

    Raises
    ------
    InputError
        If the program cannot read a model.
    """
    chains: dict[str, list[str]] = {}
    for name, sequence in sequences.items():
        chains.setdefault(sequence, []).append(name)
    found = _find_hits(tuple(chains), models, program, cache)
    members = {
        sequence: _judge(hits, family_evalue, clans or {}) for sequence, hits in found.items()
    }
    rows, alignments = [], []
    for name, sequence in sequences.items():
        for member in members[sequence]:
            model, hit = member.model, member.hit
            coverage = (hit.cm_end - hit.cm_start) / model.length
            rows.append(
                (
                    name, model.family, model.name, hit.start, hit.end, hit.score, hit.evalue,
                    hit.cm_start, hit.cm_end, coverage, hit.truncated, member.label, member.lost_to,
                )
            )  # fmt: skip
            if member.label:
                alignments.append(
                    {
                        "chain_id": name, "family": model.family, "model": model.digest,
                        "start": hit.start, "columns": hit.columns, "posterior": hit.posterior,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows, columns=list(FAMILY_COLUMNS)).astype(FAMILY_COLUMNS), alignments


def _find_hits(
    sequences: tuple[str, ...],
    models: Sequence[CovarianceModel],
    program: Program,
    cache: Path | None,
) -> dict[str, list[tuple[CovarianceModel, Hit]]]:
    """Search with each model the sequences that it has not searched before."""
    kept = SearchCache(cache, program) if cache else None
    found: dict[str, list[tuple[CovarianceModel, Hit]]] = {text: [] for text in sequences}
    for model in models:
        missing = kept.missing(model, sequences) if kept else sequences
        hits = program.search(model, missing) if missing else []
        if kept is None:
            for number, hit in hits:
                found[sequences[number]].append((model, hit))
            continue
        if missing:
            kept.add(model, missing, hits)
        for text in sequences:
            found[text] += [(model, hit) for hit in kept.hits(model, text)]
    if kept:
        kept.flush()
    return found


def _judge(
    hits: Sequence[tuple[CovarianceModel, Hit]], family_evalue: float, clans: Mapping[str, str]
) -> list[Member]:
    """Label the hits on one sequence, the likeliest first."""
    hits = sorted(hits, key=lambda pair: (pair[1].evalue, pair[0].family, pair[1].start))
    passed = [
        hit.evalue <= family_evalue if np.isnan(model.threshold) else hit.score >= model.threshold
        for model, hit in hits
    ]
    lost = compete(
        [hit.start for _, hit in hits],
        [hit.end for _, hit in hits],
        [clan_of(model.family, model.name, clans) for model, _ in hits],
        [hit.score for _, hit in hits],
        [hit.evalue for _, hit in hits],
        passed,
    )
    return [
        Member(
            model=model,
            hit=hit,
            label=passed[k] and lost[k] < 0,
            lost_to=hits[lost[k]][0].family if lost[k] >= 0 else "",
        )
        for k, (model, hit) in enumerate(hits)
    ]
