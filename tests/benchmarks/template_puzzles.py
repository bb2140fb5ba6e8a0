"""Templates on RNA-Puzzles: accuracy, what other families leave, bound, geometry, time and memory.

``RNA_PREDICT_RESULTS`` names the results of a run of the workflow over many chains, of which the
library is built; ``RNA_PREDICT_SHARED`` the shared data (puzzles, Rfam models);
``RNA_PREDICT_KEPT`` the folder that keeps models, scores and tables, so that a second run goes on
where the first stopped; ``RNA_PREDICT_JOBS`` the number of processes (1). The single-chain puzzles
are targets, each with its own cut-off and without its own entry. They are for evaluation only:
nothing is chosen by what is printed here.

``python -m tests.benchmarks.template_puzzles rp21 rp05`` takes these puzzles alone.
"""

import hashlib
import os
import sys
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from rna_predict.data.weights import file_sha256
from rna_predict.errors import InputError
from rna_predict.evaluate.benchmarks import FOREIGN, read_targets
from rna_predict.provenance import code_hash
from rna_predict.structure.files import replacing
from rna_predict.templates.library import TABLE
from tests.benchmarks import template_bound, template_folds, templates
from tests.benchmarks.template_folds import SCORES, SETTINGS, Puzzle
from tests.benchmarks.template_jobs import ROOT, Job, do_all
from tests.benchmarks.template_tables import (
    METRICS,
    accuracy_table,
    accuracy_values,
    comparison_table,
    cost_table,
    geometry_table,
    guard_table,
    loss_table,
    markdown,
)

SHARED = Path(os.environ.get("RNA_PREDICT_SHARED", ROOT.parent / "shared" / "data"))
KEPT = os.environ.get("RNA_PREDICT_KEPT", "")
PROCESSES = int(os.environ.get("RNA_PREDICT_JOBS", "1"))
SOURCES = ("structures/chains.parquet", "secondary/pairs.parquet", "splits/families.tsv")
ALIGNED = "splits/shards/*.alignments.parquet"
"""What a library is made of, among the results."""


def run(*names: str) -> None:
    """Do what is not done yet, then print and write all tables."""
    results = Path(templates.RESULTS)
    missing = [path for path in SOURCES if not (results / path).is_file()]
    if not templates.RESULTS or not KEPT or missing:
        print("set RNA_PREDICT_RESULTS (results of a run over many chains) and RNA_PREDICT_KEPT")
        return
    kept = Path(KEPT)
    jobs = make_jobs(read_puzzles(SHARED / "rna_puzzles", names), find_library(results, kept), kept)
    do_all(jobs, PROCESSES)
    print_tables(jobs, kept)


def read_puzzles(folder: Path, names: tuple[str, ...] = ()) -> list[Puzzle]:
    """Read the single-chain puzzles, all or those named."""
    rows = pd.read_csv(folder / "targets.tsv", sep="\t", dtype=str).set_index("puzzle")
    found = {
        target.name: Puzzle(target, rows["pdb_id"][target.name].lower())
        for target in read_targets(folder)
        if rows["n_chains"][target.name] == "1"
    }
    if stray := sorted(set(names) - set(found)):
        raise InputError(folder, f"no single-chain puzzle {stray[0]}, only {', '.join(found)}")
    return [puzzle for name, puzzle in found.items() if not names or name in names]


def find_library(results: Path, kept: Path) -> Path:
    """Build the library, unless one of these results and this code is there."""
    code = ROOT / "rna_predict" / "templates" / "library.py"
    digest = hashlib.sha256(code_hash(code, ROOT).encode())
    aligned = sorted(results.glob(ALIGNED))
    for path in [*(results / source for source in SOURCES), *aligned]:
        digest.update(path.read_bytes())
    folder = kept / f"library-{digest.hexdigest()[:16]}"
    if not (folder / TABLE).is_file():
        templates.build_library(results, folder)
    return folder


def make_jobs(puzzles: list[Puzzle], library: Path, kept: Path) -> list[Job]:
    """List all results that the tables are made of, the longest puzzles first."""
    sha, rfam = file_sha256(library / TABLE), SHARED / "rfam"
    folds, bound = Path(template_folds.__file__), Path(template_bound.__file__)
    jobs = []
    for puzzle in sorted(puzzles, key=lambda puzzle: -len(puzzle.native())):
        native = {"native": file_sha256(puzzle.target.native), "cutoff": puzzle.target.cutoff}
        known = {"puzzle": puzzle, "library": library, "rfam": rfam}
        facts = {**native, "entry": puzzle.entry, "library": sha}
        for setting in SETTINGS:
            jobs.append(
                Job(
                    kept / setting.name / puzzle.name,
                    template_folds.fold_puzzle,
                    {**known, "setting": setting},
                    folds,
                    {**facts, **asdict(setting)},
                )
            )
        jobs.append(
            Job(kept / "bound" / puzzle.name, template_bound.measure_bound, known, bound, facts)
        )
        jobs.append(
            Job(
                kept / FOREIGN / puzzle.name,
                template_folds.score_submitted,
                {"puzzle": puzzle},
                ROOT / "rna_predict" / "evaluate" / "benchmarks.py",
                native,
            )
        )
    return jobs


def print_tables(jobs: list[Job], kept: Path) -> None:
    """Print all tables and write each as CSV."""
    of = {kind: [job for job in jobs if job.folder.parent.name == kind] for kind in _kinds(jobs)}
    folded = [job for setting in SETTINGS for job in of.get(setting.name, [])]
    scored = [*folded, *of.get(FOREIGN, [])]
    scores = pd.concat(
        [pd.read_csv(job.folder / SCORES, sep="\t") for job in scored], ignore_index=True
    )
    records = [job.outcome() for job in folded]
    models = pd.DataFrame(
        [
            {"predictor": one["setting"], "target": one["puzzle"], **model}
            for one in records
            for model in one["models"]
        ]
    )
    bounds = pd.DataFrame([job.outcome() for job in of["bound"]])
    values = accuracy_values(scores)
    tables = {
        "What each puzzle may see": guard_table(pd.DataFrame(records)),
        **{title: accuracy_table(values, name) for name, title in METRICS.items()},
        "Predictors compared": comparison_table(values),
        "From the bound to the first model": loss_table(bounds, values, "first"),
        "From the bound to the best of five": loss_table(bounds, values, "best"),
        "All-atom models": geometry_table(models, scores),
        "Time and memory": cost_table(pd.DataFrame(records)),
    }
    for title, table in tables.items():
        print(f"\n## {title}\n\n{markdown(table)}")
        name = "_".join(title.lower().split("(")[0].replace("-", " ").split())
        with replacing(kept / "tables" / f"{name}.csv") as path:
            table.to_csv(path, index=False)
    with replacing(kept / "tables" / "scores.csv") as path:
        scores.to_csv(path, index=False)


def _kinds(jobs: list[Job]) -> list[str]:
    """List the folders that jobs are in."""
    return list(dict.fromkeys(job.folder.parent.name for job in jobs))


if __name__ == "__main__":
    run(*sys.argv[1:])
