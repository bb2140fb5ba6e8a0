"""Validated configuration, target tables, wildcard constraints and the hash of each script's code."""

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

ROOT = Path(workflow.basedir).parent.resolve()
# Relative, so that a checkout that was moved has nothing to redo.
HERE = Path(os.path.relpath(ROOT))
SCRIPTS = HERE / "scripts"
sys.path.insert(0, str(ROOT))

from rna_predict.config import load_config
from rna_predict.errors import InputError
from rna_predict.provenance import code_hash
from rna_predict.structure.fasta import read_fasta
from rna_predict.structure.shards import deal_shards, read_entry_list

try:
    CONFIG = load_config(config, HERE)
    TARGETS = list(read_fasta(CONFIG.predict.targets))
    # A search is asked by a rule: its answer is not known before.
    LISTED = [] if CONFIG.entries.query else [*CONFIG.entries.ids]
    if CONFIG.entries.file and not CONFIG.entries.query:
        LISTED += read_entry_list(CONFIG.entries.file)
    deal_shards(LISTED, CONFIG.entries.shards)
except InputError as error:
    raise WorkflowError(str(error)) from None

MODELS = range(1, CONFIG.predict.models + 1)
DATASET = [
    "results/structures/chains.parquet",
    "results/structures/rejected.tsv",
    "results/structures/notes.tsv",
    "results/structures/funnel.tsv",
    "results/geometry/statistics.tsv",
    "results/angles/angles.parquet",
    "results/angles/checked.tsv",
    "results/secondary/pairs.parquet",
    "results/secondary/probabilities.parquet",
    "results/secondary/structures.parquet",
    "results/secondary/stacking.parquet",
    "results/secondary/dot_brackets.tsv",
    "results/secondary/consensus.parquet",
    "results/splits/families.tsv",
    "results/splits/homologs.parquet",
    "results/splits/clusters.tsv",
    "results/splits/splits.tsv",
    "results/splits/summary.tsv",
    "results/splits/comparison.tsv",
    "results/splits/leakage.tsv",
    "results/splits/nearest.tsv",
    "results/augment/augmented.parquet",
    "results/augment/angles.parquet",
    "results/augment/probabilities.parquet",
]


def entries():
    """List the entries; where a search finds them, once its answer is there."""
    if not CONFIG.entries.query:
        return LISTED
    return read_entry_list(Path(checkpoints.list_entries.get().output.entries))


def shards():
    """Give the entries of each shard."""
    return deal_shards(entries(), CONFIG.entries.shards)


def of_all_shards(pattern):
    """Make an input function: the files of a pattern, one a shard."""
    return lambda wildcards: expand(pattern, shard=shards(), **wildcards)


def scored():
    """List the targets named {entry}_{chain} of a listed entry: they are scored against it."""
    known = {entry.lower() for entry in entries()}
    return [name for name in TARGETS if name.rpartition("_")[0].lower() in known]


wildcard_constraints:
    shard=r"\d{3}",
    run=r"[A-Za-z0-9_-]+",
    target="|".join(map(re.escape, TARGETS)),
    k=r"\d+",


# Every job finds the package beside the workflow, also inside a conda environment. Programs that
# use more threads are told so by their own options.
shell.prefix(
    f"export PYTHONPATH={str(ROOT)!r} OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE; "
)


def code(script):
    """Hash what a script runs, so that an edit of the package reruns what depends on it."""
    return code_hash(SCRIPTS / script, ROOT)


REFINE_OPTIONS = [
    *("--max-iterations", CONFIG.refine.max_iterations),
    *("--restraint", CONFIG.refine.restraint),
    *("--time-limit", CONFIG.refine.time_limit),
    *("--solvent", CONFIG.refine.solvent),
    *("--dynamics", CONFIG.refine.dynamics_ps),
    *("--dynamics-seed", CONFIG.refine.seed),
]
