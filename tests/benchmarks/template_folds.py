"""One RNA-Puzzle folded on templates under one setting, scored, with what it cost."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rna_predict.constants import slot_mask
from rna_predict.errors import InputError
from rna_predict.evaluate.benchmarks import FAILED, FOREIGN, Target, score_target, write_refusal
from rna_predict.evaluate.bonds import link_lengths
from rna_predict.evaluate.clashes import clash_score
from rna_predict.families.covariance_models import read_models
from rna_predict.families.infernal import make_program
from rna_predict.predict.fold import LEAST_PROBABILITY
from rna_predict.predict.template_model import (
    TemplateModel,
    fold_with_templates,
    provenance_table,
)
from rna_predict.secondary.fold import make_adjacency
from rna_predict.structure.chain import Chain
from rna_predict.structure.mmcif import read_chains, write_chain
from rna_predict.templates.guards import Guard
from rna_predict.templates.library import Library
from rna_predict.templates.query import Query, make_query
from rna_predict.templates.search import find_templates
from tests.benchmarks.template_jobs import Clock, peak_memory

MODELS, SEED = 5, 0
MAX_EVALUE, DATABASE_SIZE = 1.0, 1.0
"""Of the search with covariance models, those of the configuration (E-value; million nt)."""
BROKEN = 2.0
"""Length from which an O3'-P link counts as broken (angstrom)."""
SCORES, SOURCES = "scores.tsv", "templates.tsv"


@dataclass(frozen=True)
class Puzzle:
    """A target with the entry that its native came from."""

    target: Target
    entry: str

    @property
    def name(self) -> str:
        return self.target.name

    def native(self) -> Chain:
        (chain,) = read_chains(self.target.native)
        return chain


@dataclass(frozen=True)
class Setting:
    """How a puzzle is folded.

    Attributes
    ----------
    name : str
    minimize : bool
    same_family : bool
        Whether templates of the puzzle's own families may be used.
    """

    name: str
    minimize: bool
    same_family: bool


SETTINGS = (
    Setting("minimised", True, True),
    Setting("unminimised", False, True),
    Setting("no_family", False, False),
)


def read_query(puzzle: Puzzle, rfam: Path) -> Query:
    """Fold the sequence of a puzzle and search it with all covariance models."""
    adjacency = make_adjacency("viennarna", LEAST_PROBABILITY, 0)
    program = make_program("pyinfernal", MAX_EVALUE, DATABASE_SIZE)
    models = read_models([rfam])
    sequence = puzzle.native().sequence
    return make_query(puzzle.name, sequence, adjacency, models=models, program=program)


def make_guard(puzzle: Puzzle, query: Query, same_family: bool = True) -> Guard:
    """Exclude what the puzzle could not have known: by date, and its own entry."""
    families = frozenset() if same_family else frozenset(query.families)
    return Guard(puzzle.target.cutoff, frozenset([puzzle.entry]), exclude_families=families)


def fold_puzzle(
    folder: Path, *, puzzle: Puzzle, setting: Setting, library: Path, rfam: Path
) -> dict[str, Any]:
    """Fold and score; the folder gets models, their scores and sources."""
    clock = Clock()
    known = Library.read(library)
    clock.lap("library")
    query = read_query(puzzle, rfam)
    clock.lap("query")
    guard = make_guard(puzzle, query, setting.same_family)
    found = find_templates(query, known, guard)
    clock.lap("search")
    try:
        models = fold_with_templates(query, known, guard, MODELS, SEED, minimize=setting.minimize)
    except InputError as error:  # as of a predictor that fails on a target, which then counts
        models = []
        write_refusal(folder, FAILED, str(error))
    clock.lap("fold")
    memory = peak_memory()
    for rank, model in enumerate(models, start=1):
        write_chain(folder / f"model_{rank}.cif", model.chain, model.confidence)
    numbered = dict(enumerate(models, start=1))
    write_table(provenance_table(numbered, known), folder / SOURCES)
    scores, _ = score_target(setting.name, puzzle.name, folder, puzzle.target.native)
    write_table(scores, folder / SCORES)
    return {
        "puzzle": puzzle.name, "setting": setting.name, "length": len(query),
        "cutoff": puzzle.target.cutoff, "entry": puzzle.entry,
        "families": list(query.families), "hits": len(found),
        "allowed": int(guard.allowed(known, query.sequence).sum()), **clock.laps, **memory,
        "models": [describe_model(model) for model in models],
    }  # fmt: skip


def score_submitted(folder: Path, *, puzzle: Puzzle) -> dict[str, Any]:
    """Score the submitted models by the same code."""
    models = puzzle.target.models
    if models is None:
        raise InputError(puzzle.name, "no folder of submitted models")
    scores, _ = score_target(FOREIGN, puzzle.name, models, puzzle.target.native)
    write_table(scores, folder / SCORES)
    return {"puzzle": puzzle.name, "models": len(scores)}


def describe_model(model: TemplateModel) -> dict[str, Any]:
    """Give the all-atom facts of one model, measured on its coordinates."""
    chain = model.chain
    missing = (slot_mask()[chain.kinds] & ~chain.atom_mask).sum(1)
    links = link_lengths(chain)
    return {
        "residues": len(chain),
        "incomplete_residues": int((missing > 0).sum()),
        "missing_atoms": int(missing.sum()),
        "longest_link": float(np.max(links, initial=0.0)),
        "broken_links": int((~(links <= BROKEN)).sum()),
        "clashes_before": float(model.clashes_before),
        "clashes": float(clash_score(chain)),
        "minimised": bool(model.minimised),
        "why": model.why,
        "expected_tm": float(model.expected_tm),
    }


def write_table(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, sep="\t", index=False)
