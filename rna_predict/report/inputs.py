"""The files that a report is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rna_predict.errors import InputError


@dataclass(frozen=True)
class ReportInputs:
    """Everything a report shows; each file is one that a stage of the flow has written.

    The folders ``*_dir`` hold one folder (or file) a target.
    """

    run: str
    """Name of the training run."""
    built: datetime
    """When the report is made."""
    config: Mapping[str, Any]
    """The complete configuration of the run, as plain values."""
    chains: Path
    """Chains that were kept (parquet)."""
    rejected: Path
    """Entries and chains that were not, with reasons (TSV)."""
    angles: Path
    """Torsions and pucker of the chains (parquet)."""
    families: Path
    """Rfam families found in the chains (TSV)."""
    clusters: Path
    """Cluster of each chain (TSV)."""
    splits: Path
    """Split and component of each chain (TSV)."""
    leakage: Path
    """What training and evaluation share (TSV): no row when there is no leak."""
    augmentation: Path
    """Copies made by each tier of augmentation (TSV)."""
    metrics: Path
    """What training logged, by step (CSV)."""
    model: Path
    """Dimensions, training and sampling, complete (YAML)."""
    targets: tuple[str, ...]
    """Names of the targets, in the order of the page."""
    natives_dir: Path
    """``{target}.cif``: experimental structures of those targets that have one."""
    predictions_dir: Path
    """``{target}/confidence.json``: confidences of the samples."""
    refined_dir: Path
    """``{target}/energies.tsv``: minimisation of each sample."""
    ranked_dir: Path
    """``{target}/model_{rank}.cif`` and ``ranking.tsv``: the final models, best first."""
    scores_dir: Path
    """``{target}.tsv`` and ``{target}.residues.tsv`` of targets that have a native."""
    manifests: tuple[Path, ...] = ()
    """What was fetched, one file a shard (TSV)."""
    probabilities: Path | None = None
    """Base-pair probabilities from the sequences (parquet)."""
    pairs: Path | None = None
    """Base pairs annotated from the structures (parquet)."""
    structures: Path | None = None
    """Secondary structures from the sequences (parquet)."""
    funnel: Path | None = None
    """Entries, chains and residues left by each step, from the list to the store (TSV)."""
    notes: Path | None = None
    """What to know of entries and chains that were kept (TSV)."""
    geometry: Path | None = None
    """Statistics of bond lengths, bond angles and torsions by sugar pucker (TSV)."""
    angle_check: Path | None = None
    """Stored angles against angles measured again, one row a shard and angle (TSV)."""
    nearest: Path | None = None
    """What comes nearest to each test chain in training, in sequence and in fold (TSV)."""
    split_summary: Path | None = None
    """What each split holds, and what was wanted (TSV)."""
    split_comparison: Path | None = None
    """The split beside a random one (TSV)."""
    weights: Path | None = None
    """Weights that the models were made with (safetensors)."""
    benchmark: Path | None = None
    """Folder of a benchmark's tables (CSV)."""
    benchmarks_dir: Path | None = None
    """``{rule}.tsv`` or ``{rule}/**.tsv``: times and memory of the jobs, written by snakemake."""

    def __post_init__(self) -> None:
        """Refuse target names that would leave their folder."""
        for name in self.targets:
            if name != Path(name).name or name in {"", ".", ".."}:
                raise InputError(f"target {name!r}", "a name that is not the name of a folder")
