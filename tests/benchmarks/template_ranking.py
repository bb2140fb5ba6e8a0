"""Ranking of drafts: the regression behind ``templates/ranking.py`` fitted again, and its worth.

Needs the results of a run of the workflow over many chains (``RNA_PREDICT_RESULTS``) and a folder
that keeps the drafts (``RNA_PREDICT_KEPT``), so that a second run goes on where the first stopped.
Queries are chains of the split, one a cluster, each guarded by its own release date, entry and
identity (90 %); every second one of training fits, those of validation judge. All drafts that
``fold`` would choose from are scored against the native; nothing here looks at RNA-Puzzles. About
a second a query on one core (172 queries, 1,800 chains), seconds when the drafts are there.
"""

import hashlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from jaxtyping import Float

from rna_predict.evaluate.tm_score import tm_score
from rna_predict.predict import template_model
from rna_predict.provenance import code_hash
from rna_predict.structure.files import replacing
from rna_predict.templates.library import C3, Library
from rna_predict.templates.query import Query
from rna_predict.templates.ranking import (
    FACTS,
    INTERCEPT,
    WEIGHTS,
    choose_different,
    draft_facts,
    expected_tms,
)
from rna_predict.templates.scoring import similarities
from rna_predict.templates.search import find_templates
from tests.benchmarks import templates
from tests.benchmarks.template_jobs import ROOT
from tests.benchmarks.template_puzzles import KEPT, find_library

QUERY_SOURCES = (
    *("secondary/probabilities.parquet", "secondary/consensus.parquet"),
    *("splits/splits.tsv", "splits/clusters.tsv"),
)
BEST_OF, SEED = 5, 0


@dataclass(frozen=True, eq=False)
class Drafts:
    """All drafts of one query.

    Attributes
    ----------
    points : (d, n, 3) float32, angstrom
        C3', NaN in open residues.
    facts : (d, 6) float
        As of :func:`~rna_predict.templates.ranking.draft_facts`.
    tm : (d,) float
        True TM-score (C3', by the native's observed residues).
    """

    points: Float[np.ndarray, "d n 3"]
    facts: Float[np.ndarray, "d facts"]
    tm: Float[np.ndarray, " d"]


def run() -> None:
    """Make the drafts that are missing; print the fit beside what is in use, then the accuracy."""
    results = Path(templates.RESULTS)
    missing = [name for name in QUERY_SOURCES if not (results / name).is_file()]
    if not templates.RESULTS or not KEPT or missing:
        print("set RNA_PREDICT_RESULTS (results of a run over many chains) and RNA_PREDICT_KEPT")
        return
    folder = find_library(results, Path(KEPT))
    library = Library.read(folder)
    kept = Path(KEPT) / f"drafts-{_digest(results, folder.name)}"
    queries = templates.guarded_queries(results, library)
    training = [read_drafts(kept, library, *one) for one in queries["train"][::2]]
    validation = [read_drafts(kept, library, *one) for one in queries["validation"]]
    print_fit(training, validation)


def _digest(results: Path, library: str) -> str:
    """Name what drafts rest on: the code, the library, the queries."""
    code = code_hash(Path(template_model.__file__), ROOT)
    digest = hashlib.sha256(f"{code} {library}".encode())
    for name in QUERY_SOURCES:
        digest.update((results / name).read_bytes())
    return digest.hexdigest()[:16]


def read_drafts(kept: Path, library: Library, place: int, query: Query) -> Drafts:
    """Read the drafts of a query; make and keep them where there are none."""
    path = kept / f"{query.name}.npz"
    if not path.is_file():
        drafts = make_drafts(library, place, query)
        with replacing(path) as new, new.open("wb") as file:
            np.savez_compressed(file, **asdict(drafts))
    with np.load(path) as file:
        return Drafts(**{field.name: file[field.name] for field in fields(Drafts)})


def make_drafts(library: Library, place: int, query: Query) -> Drafts:
    """Assemble all drafts of a chain of the library, and score them."""
    guard = templates.guard_of(library, place)
    hits = find_templates(query, library, guard, template_model.HITS)
    everything = template_model.HITS + template_model.ALONE
    found = template_model.draft_models(query, library, hits, everything, SEED)
    cores = [None if draft.core < 0 else hits[draft.core] for draft in found]
    assemblies = [draft.assembly for draft in found]
    points = np.stack([assembly.coords[:, C3] for assembly in assemblies])
    native = library.chain(place).coords[:, C3]
    return Drafts(
        points=points.astype(np.float32),
        facts=draft_facts(assemblies, cores, similarities(points)),
        tm=np.array([_model_tm(native, model) for model in points]),
    )


def _model_tm(native: Float[np.ndarray, "n 3"], model: Float[np.ndarray, "n 3"]) -> float:
    """Score C3' against those of the native, same residues."""
    observed = np.isfinite(native).all(1)
    both = observed & np.isfinite(model).all(1)
    return tm_score(model, native, both, int(observed.sum())) if both.sum() >= 3 else 0.0


def fit_ranking(facts: list[np.ndarray], truth: list[np.ndarray]) -> Float[np.ndarray, " names"]:
    """Fit the logistic regression; each query has the same weight.

    Parameters
    ----------
    facts : list of (d, 6) float
        Of each query, see :func:`~rna_predict.templates.ranking.draft_facts`.
    truth : list of (d,) float
        TM-scores.
    """
    weight = np.concatenate([np.full(len(tm), 1 / len(tm)) for tm in truth])
    return templates.fit_logistic(np.concatenate(facts), np.concatenate(truth), weight)


def print_fit(training: list[Drafts], validation: list[Drafts]) -> None:
    """Print coefficients, and what each set of them chooses on validation."""
    likeness = {id(one): similarities(one.points.astype(float)) for one in validation}
    in_use = np.array([INTERCEPT, *WEIGHTS])
    fitted = fit_ranking([one.facts for one in training], [one.tm for one in training])
    count = sum(len(one.tm) for one in training)
    print(f"expected TM of drafts: {count} of {len(training)} training queries")
    print("              " + " ".join(f"{name:>11}" for name in ("intercept", *FACTS)))
    for what, values in (("fitted", fitted), ("in use", in_use), ("apart", fitted - in_use)):
        print(f"  {what:12s}" + " ".join(f"{value:11.2f}" for value in values))
    chosen = {}
    for what, values in (("fitted", fitted), ("in use", in_use)):
        expected = [expected_tms(one.facts, values[0], values[1:]) for one in validation]
        chosen[what] = np.array(
            [
                _chosen_tms(one, likeness[id(one)], value)
                for one, value in zip(validation, expected, strict=True)
            ]
        )
        error = np.concatenate(
            [value - one.tm for one, value in zip(validation, expected, strict=True)]
        )
        print(f"validation, {len(validation)} queries, {what}: {_means(chosen[what])}")
        print(
            f"  error of the expectation {np.sqrt((error**2).mean()):.3f}, bias {error.mean():.3f}"
        )
    print(f"  fitted - in use, query by query: {_means(chosen['fitted'] - chosen['in use'])}")
    every = np.array([[one.tm.mean(), one.tm.max()] for one in validation])
    print(f"  all drafts: mean {every[:, 0].mean():.3f}, best {every[:, 1].mean():.3f}")


def _chosen_tms(drafts: Drafts, similarity: np.ndarray, expected: np.ndarray) -> list[float]:
    """Give the TM-score of the first and of the best of the chosen answers."""
    tms = drafts.tm[choose_different(similarity, expected, BEST_OF)]
    return [float(tms[0]), float(tms.max())]


def _means(rows: Float[np.ndarray, "q 2"]) -> str:
    """Write means with standard errors."""
    error = rows.std(0, ddof=1) / np.sqrt(len(rows))
    return ", ".join(
        f"{what} {mean:.4f} +- {se:.4f}"
        for what, mean, se in zip(("first", f"best of {BEST_OF}"), rows.mean(0), error, strict=True)
    )
