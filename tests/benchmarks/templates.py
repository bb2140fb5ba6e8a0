"""Template search: time by length and library, accuracy on validation chains, its calibration.

Needs the results of a run of the workflow over many chains: ``RNA_PREDICT_RESULTS``. Queries are
chains of the split, one a cluster, each guarded by its own release date, entry and identity (90 %);
nothing here looks at RNA-Puzzles. About 10 minutes for 1,800 chains on one core.
"""

import os
import resource
import tempfile
import time
from dataclasses import astuple, fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from rna_predict.families.members import read_alignments, read_families
from rna_predict.families.tables import CLUSTERS, SPLITS, read_table
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.secondary.adjacency import unite_probabilities
from rna_predict.templates import fragment_search
from rna_predict.templates.guards import Guard
from rna_predict.templates.library import C3, Library, write_library
from rna_predict.templates.query import Query, square
from rna_predict.templates.scoring import FEATURES, INTERCEPT, WEIGHTS, Features
from rna_predict.templates.search import find_templates, judge_candidates
from rna_predict.templates.structure_search import Scoring
from tests.benchmarks.template_bound import copied_tm

RESULTS = os.environ.get("RNA_PREDICT_RESULTS", "")
LENGTHS = (41, 220)
"""Of the queries (nt)."""
NEAR = 2.0
"""Fragments count as right up to this RMSD (angstrom)."""


def run() -> None:
    """Print times, accuracy and the fitted coefficients beside those in use."""
    results = Path(RESULTS)
    if not RESULTS or not (results / "splits" / "splits.tsv").is_file():
        print("set RNA_PREDICT_RESULTS to the results of a run over many chains")
        return
    with tempfile.TemporaryDirectory() as name:
        library = build_library(results, Path(name))
        queries = guarded_queries(results, library)
        measure_time(library)
        measure_accuracy(library, queries["validation"])
        calibrate_whole(library, queries["train"][::2])
        calibrate_fragments(library, queries["train"][::2])


def measure_time(library: Library) -> None:
    """Print seconds by length of the query and size of the library."""
    generator = np.random.default_rng(0)
    n = len(library)
    find_templates(_random_query(30, generator), library)  # loops are found once
    print("seconds of one core   templates: " + " ".join(f"{k:>7}" for k in (n // 4, n // 2, n)))
    for length in (50, 100, 200, 500):
        query = _random_query(length, generator)
        row = []
        for size in (n // 4, n // 2, n):
            kept = frozenset(t.entry for t in library.templates[size:])
            guard = Guard(exclude_entries=kept)
            start = time.process_time()
            find_templates(query, library, guard)
            row.append(time.process_time() - start)
        print(f"  query of {length:3d} nt" + " " * 18 + " ".join(f"{x:7.2f}" for x in row))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory {peak:.0f} MB")


def measure_accuracy(library: Library, queries: list[tuple[int, Query]]) -> None:
    """Print TM-scores (C3' copied, by the native's length), guarded, of the first and best of 5."""
    for what in ("guarded", "without the same families"):
        rows = []
        for place, query in queries:
            guard = guard_of(library, place)
            if what != "guarded":
                guard = replace(guard, exclude_families=frozenset(query.families))
            hits = find_templates(query, library, guard, parts=False)[:5]
            scores = [_true_tm(library, place, hit.template, hit.columns) for hit in hits] or [0.0]
            rows.append((len(query), scores[0], max(scores), hits[0].score if hits else 0.0))
        table = pd.DataFrame(rows, columns=["nt", "first", "best of 5", "expected"])
        print(f"TM, {len(table)} queries, {what}: " + table.mean().round(3).to_string(header=False)
              .replace("\n", "; "))  # fmt: skip
        bins = table.groupby(pd.cut(table["nt"], [40, 60, 80, 120, 220]), observed=True)
        print(bins.agg({"nt": "size", "first": "mean", "best of 5": "mean"}).round(3).to_string())


def calibrate_whole(library: Library, queries: list[tuple[int, Query]]) -> None:
    """Fit the expected TM-score of whole hits."""
    rows, truth, weight = [], [], []
    for place, query in queries:
        allowed = np.flatnonzero(guard_of(library, place).allowed(library, query.sequence))
        judged = judge_candidates(query, library, allowed, Scoring())
        for facts, aligned, _ in judged:
            rows.append(astuple(facts))
            truth.append(_true_tm(library, place, aligned.template, aligned.columns))
            weight.append(1 / len(judged))
    table = pd.DataFrame(rows, columns=[field.name for field in fields(Features)])
    found = fit_logistic(table[list(FEATURES)].to_numpy(), np.array(truth), np.array(weight))
    print(f"expected TM, {len(table)} hits of {len(queries)} queries: {FEATURES}")
    print(f"  fitted {found.round(2).tolist()}, in use {[INTERCEPT, *WEIGHTS]}")


def calibrate_fragments(library: Library, queries: list[tuple[int, Query]]) -> None:
    """Fit the confidence of fragments."""
    in_use = [getattr(fragment_search, name) for name in ("INTERCEPT", "IDENTITY", "SPARED")]
    rows, right = [], []
    for place, query in queries:
        allowed = np.flatnonzero(guard_of(library, place).allowed(library, query.sequence))
        native = library.chain(place).coords[:, C3]
        for hit in fragment_search.find_fragments(query, library, allowed, 8):
            i, j = hit.columns.T
            copied = library.chain(hit.template).coords[j, C3]
            both = np.isfinite(copied).all(1) & np.isfinite(native[i]).all(1)
            if both.mean() < 0.9:
                continue
            fit = superpose(copied[both], native[i][both])
            off = ((apply_motion(copied[both], *fit) - native[i][both]) ** 2).sum(1)
            right.append(float(off.mean() ** 0.5 < NEAR))
            rows.append((float(hit.confidence[0]), right[-1]))
    table = pd.DataFrame(rows, columns=["confidence", "right"])
    bins = pd.cut(table["confidence"], [0, 0.1, 0.2, 0.3, 0.5, 0.7, 1])
    means = table.groupby(bins, observed=True).agg(["mean", "size"]).round(2)
    print(f"fragments within {NEAR} A: {len(table)} of {len(queries)} queries, in use {in_use}")
    print(means.to_string())


def fit_logistic(
    facts: np.ndarray, truth: np.ndarray, weight: np.ndarray, ridge: float = 0.01
) -> np.ndarray:
    """Fit intercept and weights of a logistic regression of fractions."""
    design = np.column_stack([np.ones(len(facts)), facts])

    def loss(beta: np.ndarray) -> float:
        logit = design @ beta
        cost = np.logaddexp(0, logit) - truth * logit
        return float((weight * cost).sum() + ridge * (beta[1:] ** 2).sum())

    return minimize(loss, np.zeros(design.shape[1])).x


def build_library(results: Path, folder: Path) -> Library:
    """Build the library of a run; print what it took."""
    shards = sorted((results / "splits" / "shards").glob("*.alignments.parquet"))
    start = time.perf_counter()
    write_library(
        results / "structures" / "chains.parquet",
        folder,
        pairs=pd.read_parquet(results / "secondary" / "pairs.parquet"),
        families=read_families(results / "splits" / "families.tsv"),
        alignments=pd.concat([read_alignments(path) for path in shards], ignore_index=True),
    )
    built = time.perf_counter() - start
    start = time.perf_counter()
    library = Library.read(folder)
    read = time.perf_counter() - start
    start = time.perf_counter()
    for place in range(0, len(library), 10):
        library.chain(place)
    each = 1e3 * (time.perf_counter() - start) / len(range(0, len(library), 10))
    residues = sum(map(len, library.templates))
    print(f"{len(library)} templates, {residues} nt; built in {built:.1f} s, read in {read:.2f} s,"
          f" {each:.2f} ms a chain")  # fmt: skip
    return library


def guarded_queries(results: Path, library: Library) -> dict[str, list[tuple[int, Query]]]:
    """Give queries of each split, one a cluster, with their places in the library."""
    tables = [
        pd.read_parquet(results / "secondary" / f"{name}.parquet")
        for name in ("probabilities", "consensus")
    ]
    pairs = [dict(list(table.groupby("chain_id"))) for table in tables]
    places = {template.name: place for place, template in enumerate(library.templates)}
    splits = read_table(results / "splits" / "splits.tsv", SPLITS).set_index("chain_id")["split"]
    clusters = read_table(results / "splits" / "clusters.tsv", CLUSTERS)
    queries: dict[str, list[tuple[int, Query]]] = {"train": [], "validation": [], "test": []}
    for _, names in clusters.groupby("cluster")["chain_id"]:
        fit = [places[name] for name in names if name in places and name in splits.index]
        fit = [k for k in fit if LENGTHS[0] <= len(library.templates[k]) <= LENGTHS[1]]
        fit = [k for k in fit if library.templates[k].observed.mean() > 0.8]
        fit.sort(key=lambda k: not library.templates[k].release_date)  # dated ones first
        if fit:
            template = library.templates[fit[0]]
            sources = [
                tuple(of[template.name][name].to_numpy() for name in ("i", "j", "probability"))
                for of in pairs
                if template.name in of
            ]
            n = len(template)
            query = Query(
                template.name,
                template.sequence,
                square(n, *unite_probabilities(n, sources)),
                template.families,
                template.placements,
            )
            queries.setdefault(splits[template.name], []).append((fit[0], query))
    return queries


def guard_of(library: Library, place: int) -> Guard:
    """Guard a chain of the library by its own date, entry and sequence."""
    template = library.templates[place]
    entry = frozenset([template.entry])
    return Guard(template.release_date, entry, max_identity=0.9)


def _true_tm(library: Library, native: int, template: int, columns: np.ndarray) -> float:
    """Score the C3' copied from a template against the native."""
    truth, known = (library.chain(place).coords[:, C3] for place in (native, template))
    return copied_tm(truth, known, columns)


def _random_query(length: int, generator: np.random.Generator) -> Query:
    """Make a query of random letters with a few long helices."""
    letters = generator.choice(list("ACGU"), length)
    matrix = np.zeros((length, length))
    for start in range(0, length - 24, 25):
        for k in range(8):
            matrix[start + k, start + 23 - k] = matrix[start + 23 - k, start + k] = 0.9
    return Query("random", "".join(letters), matrix)
