"""Clusters, split and audit of the shared chains: time, numbers, leaks of a random split.

Times are of the processor. The search for families takes about 4 minutes of one core; the file of
a search that is there already can be named by RNA_PREDICT_FAMILIES, and that of the targets by
RNA_PREDICT_TARGET_FAMILIES. Shared data: RNA_PREDICT_SHARED, as for the tests.
"""

import os
from dataclasses import replace
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from rna_predict.errors import InputError
from rna_predict.families.audit import audit_splits
from rna_predict.families.clusters import cluster_sequences
from rna_predict.families.covariance_models import read_models
from rna_predict.families.holdouts import forced_chains
from rna_predict.families.infernal import make_program
from rna_predict.families.nearest import compare_folds, fold_leaks, nearest_sequences
from rna_predict.families.neighbours import SHORTEST, find_neighbours
from rna_predict.families.search import search_families
from rna_predict.families.splits import split_chains
from rna_predict.families.stability import QUARANTINE
from rna_predict.families.summary import compare_with_random, summarise_split
from rna_predict.families.tables import FAMILIES, read_table
from rna_predict.structure.chain import Chain
from rna_predict.structure.filters import Limits, filter_chains
from rna_predict.structure.mmcif import read_chains, read_entry

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("RNA_PREDICT_SHARED", ROOT.parent / "shared" / "data"))
LIMITS = Limits(
    min_length=10, max_length=4500, max_resolution=9.0, min_observed=0.5, max_modified=0.3,
    max_unknown=0.3, max_broken=0.3,
)  # fmt: skip
SHARES = (0.7, 0.15, 0.15)
TM = 0.45
CUTOFF = "2015-01-01"


class Clock:
    """Processor time of named steps."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def __call__(self, name: str, work):
        """Do some work and note its time."""
        start = process_time()
        done = work()
        self.spent[name] = process_time() - start
        return done


def shared_chains() -> list[Chain]:
    """Read and filter all shared entries as config/pdb.yaml does, with their release dates."""
    facts = pd.read_table(SHARED / "entries.tsv", dtype=str, keep_default_na=False)
    dates = dict(zip(facts["pdb_id"], facts["release_date"], strict=True))
    chains = []
    for path in sorted((SHARED / "pdb").glob("*.cif.gz")):
        try:
            found = read_entry(path)[0]
        except InputError as error:
            print(f"  {error}")
            continue
        kept, _ = filter_chains(found, LIMITS)
        chains += [replace(chain, release_date=dates[chain.entry]) for chain in kept]
    return chains


def families_of(sequences: dict[str, str], known: str) -> pd.DataFrame:
    """Search families, or read the table that an environment variable names."""
    if known in os.environ:
        return read_table(Path(os.environ[known]), FAMILIES)
    models = read_models([SHARED / "rfam"])
    return search_families(sequences, models, make_program("pyinfernal", 1.0, 1.0))[0]


def run() -> None:
    """Print times, the split with hold-outs, leaks, a random split, and growth of the set."""
    if not SHARED.is_dir():
        print(f"no shared data at {SHARED}; set RNA_PREDICT_SHARED")
        return
    chains = shared_chains()
    puzzles = pd.read_table(SHARED / "rna_puzzles" / "targets.tsv", dtype=str)
    puzzles = puzzles[puzzles["n_chains"] == "1"]
    targets = {
        name: read_chains(SHARED / "rna_puzzles" / name / "native.pdb")[0].sequence
        for name in puzzles["puzzle"]
    }
    sequences = {chain.name: chain.sequence for chain in reversed(chains)}
    families = families_of(sequences, "RNA_PREDICT_FAMILIES")
    of_targets = families_of(targets, "RNA_PREDICT_TARGET_FAMILIES")
    clock = Clock()
    clusters = clock("clusters", lambda: cluster_sequences(chains, 0.9, 0.8))
    neighbours = clock("neighbours", lambda: find_neighbours(chains, families, clusters, 1e-3, TM))
    held = {"holdouts": puzzles["pdb_id"].tolist(), "targets": targets,
            "target_families": of_targets}  # fmt: skip
    table = clock(
        "split",
        lambda: split_chains(
            chains, families, clusters, fractions=SHARES, neighbours=neighbours, **held
        ),
    )
    leaks = clock(
        "audit of tables and sequences",
        lambda: audit_splits(
            chains, table, families, clusters, targets=targets, target_families=of_targets
        ),
    )
    clock("nearest sequences", lambda: nearest_sequences(chains, table))
    folds = clock(
        "audit of structures", lambda: compare_folds(chains, table, clusters, count=10, ratio=TM)
    )
    print(", ".join(f"{name} {spent:.1f} s" for name, spent in clock.spent.items()))
    print(f"together {sum(clock.spent.values()):.0f} s; {len(neighbours)} pairs of neighbours")
    print(f"leaks: {len(leaks)}, in structure {len(fold_leaks(folds, TM))}")
    report_folds(folds)
    for near in (neighbours, None):
        print("with neighbours" if near is not None else "without neighbours")
        forced = {
            f"held out at E <= {evalue:g}": forced_chains(
                chains, families, clusters, *held.values(), near, max_evalue=evalue, identity=0.9,
                coverage=0.8,
            )
            for evalue in (1e-3, 1.0)
        }  # fmt: skip
        for seed in (0, 1) if near is not None else (0,):
            other = split_chains(
                chains, families, clusters, fractions=SHARES, neighbours=near, seed=seed, **held
            )
            folds = compare_folds(chains, other, clusters, count=10, ratio=TM)
            print(f"  seed {seed}: {len(fold_leaks(folds, TM))} leaks in structure")
        options = {"fractions": SHARES, "family_evalue": 1e-3}
        numbers = summarise_split(chains, other, families, clusters, **options, forced=forced)
        print(numbers.to_string(index=False))
    options |= {"identity": 0.9, "coverage": 0.8}
    compared = compare_with_random(chains, table, families, clusters, **options, seed=0)
    print(compared.to_string(index=False))
    grow(chains, families, neighbours, held)


def report_folds(folds: pd.DataFrame) -> None:
    """Print the TM-scores of test chains with their nearest training chains by length."""
    shorter = folds[["test_residues", "train_residues"]].min(axis=1)
    edges = [0, 15, 20, 25, SHORTEST - 1, 40, 60, 100, np.inf]
    by_length = folds.groupby(pd.cut(shorter, edges), observed=True)["tm"]
    table = by_length.describe(percentiles=[0.5, 0.95, 0.99]).round(3)
    print(table.assign(alike=by_length.agg(lambda tm: int((tm >= TM).sum()))).to_string())


def grow(chains: list[Chain], families: pd.DataFrame, neighbours: pd.DataFrame, held: dict) -> None:
    """Split what was released before a date, then all, and a random half, then all."""
    entries = np.random.default_rng(0).permutation(sorted({chain.entry for chain in chains}))
    half = set(entries[: len(entries) // 2])
    starts = {
        f"released before {CUTOFF}": [c for c in chains if "" < c.release_date < CUTOFF],
        "a random half of the entries": [c for c in chains if c.entry in half],
    }
    for name, first in starts.items():
        before = split_chains(
            first, families, cluster_sequences(first, 0.9, 0.8), fractions=SHARES,
            neighbours=neighbours, **held,
        )  # fmt: skip
        clusters = cluster_sequences(chains, 0.9, 0.8)
        after = split_chains(
            chains, families, clusters, fractions=SHARES, neighbours=neighbours, previous=before,
            **held,
        )  # fmt: skip
        moved = before.merge(after, on="chain_id", suffixes=("", "_after"))
        moved = int((moved["split"] != moved["split_after"]).sum())
        away = after[after["split"] == QUARANTINE]
        lengths = {chain.name: len(chain) for chain in chains}
        residues = sum(lengths[name] for name in away["chain_id"])
        leaks = len(audit_splits(chains, after, families, clusters))
        print(
            f"{name}: {len(before)} chains, then {len(after)}: {moved} moved, {len(away)} in "
            f"quarantine ({residues} nt), {leaks} leaks"
        )
