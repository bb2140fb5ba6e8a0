"""Template models: known structures and predicted helices become complete models of a sequence.

Nothing is trained. The hits of a search give cores, other hits and A-form helices fill what they
lack, the kinematics close the rest, a minimisation repairs the geometry. Without any hit, helices
alone are the model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Float

from rna_predict.data.seeds import derive_seed
from rna_predict.errors import InputError
from rna_predict.evaluate.bonds import link_lengths
from rna_predict.evaluate.clashes import clash_score
from rna_predict.predict.idealise import idealise
from rna_predict.structure.chain import Chain, model_chain
from rna_predict.templates.assembly import HELIX, OPEN, Assembly, Part, assemble
from rna_predict.templates.closure import close_models
from rna_predict.templates.guards import Guard
from rna_predict.templates.helices import find_helices, stack_helices
from rna_predict.templates.hits import TemplateHit
from rna_predict.templates.library import Library
from rna_predict.templates.query import Query
from rna_predict.templates.ranking import (
    C3,
    choose_different,
    draft_facts,
    expected_tms,
    residue_confidence,
)
from rna_predict.templates.scoring import similarities
from rna_predict.templates.search import find_templates
from rna_predict.templates.transfer import copy_residues

HITS: Final = 30
"""Hits of the whole query; a draft begins with each."""
ALONE: Final = 4
"""Drafts that begin with helices; each does without the hit that gave most to the one before."""
TRUSTED: Final = 0.15
"""Least confidence of a column that is copied from."""
CLOSED_WORTH: Final = 0.1
"""What a residue of a helix is worth beside its confidence, when gaps are widened."""
COLUMNS: Final = (
    "model", "template", "role", "method", "residues", "identity", "coverage", "release_date",
)  # fmt: skip
"""Of :func:`provenance_table`."""


@dataclass(frozen=True, eq=False)
class TemplateModel:
    """One model of n residues.

    Attributes
    ----------
    chain : Chain
        Chain A, residues numbered from 1, every heavy atom of every residue.
    confidence : (n,) float
        0 to 100, on the scale of pLDDT.
    expected_tm : float
    sources : tuple of (TemplateHit, (m,) int)
        The hits that gave residues, and which residues.
    on_core : bool
        Whether the first of them is what the model began with.
    clashes_before, clashes_after : float
        Per 1,000 heavy atoms, before and after the minimisation.
    longest_link : float, angstrom
        Of the O3'-P bonds.
    minimised : bool
        Whether a minimisation passed its gates; ``why`` not, otherwise.
    energy : float, kJ/mol
        NaN without a minimisation.
    """

    chain: Chain
    confidence: Float[np.ndarray, " n"]
    expected_tm: float
    sources: tuple[tuple[TemplateHit, np.ndarray], ...]
    on_core: bool
    clashes_before: float
    clashes_after: float
    longest_link: float
    minimised: bool = False
    why: str = "not asked for"
    energy: float = float("nan")


@dataclass(frozen=True, eq=False)
class Draft:
    """An assembly with what is expected of it.

    Attributes
    ----------
    assembly : Assembly
    core : int
        Hit that it began with; -1 for a helix.
    expected : float
        TM-score.
    """

    assembly: Assembly
    core: int
    expected: float


def fold_with_templates(
    query: Query,
    library: Library,
    guard: Guard,
    models: int = 5,
    seed: int = 0,
    *,
    minimize: bool = True,
    refinement: dict[str, Any] | None = None,
) -> list[TemplateModel]:
    """Model a query on the templates of a library.

    Parameters
    ----------
    query : Query
    library : Library
    guard : Guard
        What must not be used.
    models : int
        Different answers that are wanted.
    seed : int
        Of links and loops.
    minimize : bool
    refinement : dict, optional
        Settings of :func:`rna_predict.refine.batch.minimize_chains`: each model has a process of
        its own, which is ended with its time.

    Returns
    -------
    list of TemplateModel
        As many as are wanted, the best first.

    Raises
    ------
    InputError
        If the query has an unknown residue, or no model is wanted.
    """
    hits = find_templates(query, library, guard, HITS)
    return build_models(
        query, library, hits, models, seed, minimize=minimize, refinement=refinement
    )


def build_models(
    query: Query,
    library: Library,
    hits: Sequence[TemplateHit],
    models: int = 5,
    seed: int = 0,
    *,
    minimize: bool = True,
    refinement: dict[str, Any] | None = None,
) -> list[TemplateModel]:
    """Build models from hits; see :func:`fold_with_templates`."""
    if models < 1:
        raise InputError("models", f"expected 1 or more, got {models}")
    if "N" in query.sequence:
        what = f"residue {query.sequence.index('N') + 1} is unknown, expected A, C, G or U"
        raise InputError(f"query {query.name}", what)
    drafts = draft_models(query, library, hits, models, seed)
    generator = np.random.default_rng(derive_seed(seed, "closure", query.sequence))
    worth = CLOSED_WORTH * np.minimum(query.pair_probability.sum(1), 1.0)
    closed = close_models(
        query.kinds,
        [draft.assembly.coords for draft in drafts],
        [draft.assembly.confidence + worth for draft in drafts],
        generator,
    )
    chains = [
        model_chain(query.name, query.sequence, coords.astype(np.float32)) for coords in closed
    ]
    facts: list[dict[str, Any]] = [{} for _ in chains]
    after = chains
    if minimize:
        after, facts = _minimized(chains, refinement or {})
    found = [
        _described(draft, hits, start, end, facts_of)
        for draft, start, end, facts_of in zip(drafts, chains, after, facts, strict=True)
    ]
    return sorted(found, key=lambda model: -model.expected_tm)


def parts_of(query: Query, library: Library, hits: Sequence[TemplateHit]) -> list[Part]:
    """Copy the trusted residues of hits, each as one part."""
    parts = []
    for number, hit in enumerate(hits):
        sure = hit.confidence >= TRUSTED
        coords = copy_residues(query.sequence, hit.columns[sure], library.chain(hit.template))
        confidence = np.zeros(len(query))
        confidence[hit.columns[sure, 0]] = hit.confidence[sure]
        residue = np.flatnonzero(np.isfinite(coords[:, C3]).all(-1))
        parts.append(Part(residue, coords[residue], confidence[residue], number))
    return parts


def draft_models(
    query: Query, library: Library, hits: Sequence[TemplateHit], models: int, seed: int
) -> list[Draft]:
    """Assemble models on several cores, and choose different ones.

    Parameters
    ----------
    query : Query
    library : Library
    hits : sequence of TemplateHit
        As :func:`~rna_predict.templates.search.find_templates` gives them.
    models : int
        Answers that are wanted; there may be fewer.
    seed : int
        Of links and loops.

    Returns
    -------
    list of Draft
        The best first.
    """
    parts = [part for part in parts_of(query, library, hits) if len(part.residue)]
    whole = [part for part in parts if hits[part.source].method != "fragment"][:HITS]
    stacks = stack_helices(find_helices(query.pair_probability))
    assemblies, cores, left = [], [], parts
    for core in [*whole, *[None] * ALONE]:
        number = -1 if core is None else core.source
        generator = np.random.default_rng(
            derive_seed(seed, "assembly", query.sequence, number, len(cores))
        )
        others = left if core is None else [part for part in parts if part is not core]
        assembly = assemble(query.kinds, core, others, stacks, query.pair_probability, generator)
        assemblies.append(assembly)
        cores.append(number)
        if core is None:  # the next one does without the hit that gave most
            sources, counts = np.unique(assembly.source[assembly.source >= 0], return_counts=True)
            most = sources[counts.argmax()] if len(sources) else None
            left = [part for part in left if part.source != most]
    similarity = similarities(np.stack([assembly.coords[:, C3] for assembly in assemblies]))
    of_cores = [None if number < 0 else hits[number] for number in cores]
    expected = expected_tms(draft_facts(assemblies, of_cores, similarity))
    return [
        Draft(assemblies[k], cores[k], float(expected[k]))
        for k in choose_different(similarity, expected, models)
    ]


def _minimized(
    chains: list[Chain], settings: dict[str, Any]
) -> tuple[list[Chain], list[dict[str, Any]]]:
    """Minimise models; what forces alone cannot repair is put on ideal geometry and tried again."""
    # Imported here: without a minimisation OpenMM is not needed.
    from rna_predict.refine.batch import minimize_chains

    after, table = minimize_chains(chains, **settings)
    rows = list(table.itertuples(index=False))
    refused = [k for k, row in enumerate(rows) if not row.kept]
    ideal = [chains[k].with_coords(idealise(chains[k].sequence, chains[k].coords)) for k in refused]
    again, table = minimize_chains(ideal, **settings)
    for k, chain, row in zip(refused, again, table.itertuples(index=False), strict=True):
        if row.kept:
            after[k], rows[k] = chain, row
    return after, [
        {
            "minimised": bool(row.kept),
            "why": row.reason,
            "energy": row.energy_after if row.kept else row.energy_before,
        }
        for row in rows
    ]


def _described(
    draft: Draft, hits: Sequence[TemplateHit], start: Chain, end: Chain, facts: dict[str, Any]
) -> TemplateModel:
    """Describe a model before and after its minimisation."""
    source = draft.assembly.source
    used = sorted(set(source.tolist()) - {OPEN, HELIX}, key=lambda k: (k != draft.core, k))
    return TemplateModel(
        chain=end,
        confidence=residue_confidence(draft.assembly, draft.expected),
        expected_tm=draft.expected,
        sources=tuple((hits[k], np.flatnonzero(source == k)) for k in used),
        on_core=draft.core >= 0,
        clashes_before=clash_score(start),
        clashes_after=clash_score(end),
        longest_link=float(link_lengths(end).max(initial=0.0)),
        **facts,
    )


def provenance_table(models: Mapping[int, TemplateModel], library: Library) -> pd.DataFrame:
    """Say which known structures gave which residues.

    Parameters
    ----------
    models : mapping of int to TemplateModel
        By number.
    library : Library

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; one row for each hit of a model: the chain's name, ``core`` or
        ``part``, how it was found, residues of the model from 1 on, share of equal letters, share
        of the residues aligned, and the date. A model without a template has a row without one.
    """
    rows: list[dict[str, Any]] = []
    for number, model in models.items():
        for place, (hit, residues) in enumerate(model.sources):
            template = library.templates[hit.template]
            rows.append(
                {
                    "model": number,
                    "template": template.name,
                    "role": "core" if model.on_core and not place else "part",
                    "method": hit.method,
                    "residues": _ranges(residues + 1),
                    "identity": round(hit.identity, 3),
                    "coverage": round(hit.coverage, 3),
                    "release_date": template.release_date,
                }
            )
        if not model.sources:
            rows.append({"model": number, "role": "none", "method": "helices"})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _ranges(numbers: np.ndarray) -> str:
    """Write rising numbers as 1-5,8."""
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    return ",".join(f"{r[0]}-{r[-1]}" if len(r) > 1 else f"{r[0]}" for r in runs if len(r))
