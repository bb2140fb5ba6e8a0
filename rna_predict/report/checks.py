"""What the data stages found when they looked at their own work; each table may be absent."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from rna_predict.report.dataset import Dataset
from rna_predict.report.folding import STRUCTURES, folding_accuracy
from rna_predict.report.inputs import ReportInputs
from rna_predict.report.tables import read_parquet_table, read_text_table

COUNTS: Final = ("entries", "chains", "residues")
"""What the funnel counts."""


@dataclass(frozen=True, eq=False)
class Checks:
    """Tables of the checks; None where a run has no such table.

    Attributes
    ----------
    funnel : DataFrame or None
        step, removes, and ``COUNTS`` with ``_in`` and ``_out``.
    notes : DataFrame or None
        entry, chain, note, detail: what to know of chains that were kept.
    folding : DataFrame or None
        As :func:`rna_predict.report.folding.folding_accuracy` gives it.
    geometry : DataFrame or None
        Statistics of bonds, angles and torsions by pucker.
    angles : DataFrame or None
        Index angle; compared, max_difference (degrees): stored angles measured again.
    nearest : DataFrame or None
        One row a test chain: chain_id; nearest (training chain), identity, coverage; contained
        (share of its words in one training chain); nearest_fold, tm (of C3'), residues.
    split_summary : DataFrame or None
        side (a split, or a set of chains held out), chains, residues, share and wanted (of the
        residues outside quarantine), families, clusters, components.
    split_comparison : DataFrame or None
        what, components (this split), random (a split of single chains).
    """

    funnel: pd.DataFrame | None
    notes: pd.DataFrame | None
    folding: pd.DataFrame | None
    geometry: pd.DataFrame | None
    angles: pd.DataFrame | None
    nearest: pd.DataFrame | None
    split_summary: pd.DataFrame | None
    split_comparison: pd.DataFrame | None


def read_checks(inputs: ReportInputs, dataset: Dataset) -> Checks:
    """Read the tables of the checks that were given.

    Raises
    ------
    InputError
        If a table that was given is missing or malformed.
    """
    return Checks(
        funnel=_optional(
            inputs.funnel,
            {"step": str, "removes": str}
            | {f"{what}_{way}": int for what in COUNTS for way in ("in", "out")},
            "the funnel of entries and chains",
        ),
        notes=_optional(
            inputs.notes,
            {"entry": str, "chain": str, "note": str, "detail": str},
            "notes on kept chains",
        ),
        folding=_read_folding(inputs, dataset),
        geometry=_optional(
            inputs.geometry,
            {"kind": str, "atoms": str, "base": str, "pucker": str, "n": int}
            | dict.fromkeys(("median", "p01", "p25", "p75", "p99"), float),
            "statistics of the geometry",
        ),
        angles=_read_angle_check(inputs.angle_check),
        nearest=_optional(
            inputs.nearest,
            dict.fromkeys(("chain_id", "nearest", "nearest_fold"), str)
            | dict.fromkeys(("identity", "coverage", "contained", "tm", "residues"), float),
            "what is nearest to each test chain",
        ),
        split_summary=_optional(
            inputs.split_summary,
            {"side": str, "chains": int, "residues": int, "share": float, "wanted": float}
            | dict.fromkeys(("families", "clusters", "components"), int),
            "the numbers of each split",
        ),
        split_comparison=_optional(
            inputs.split_comparison,
            {"what": str, "components": float, "random": float},
            "the split beside a random one",
        ),
    )


def _optional(path: Path | None, columns: dict[str, type], what: str) -> pd.DataFrame | None:
    """Read a table that may not have been given."""
    return None if path is None else read_text_table(path, columns, what)


def _read_angle_check(path: Path | None) -> pd.DataFrame | None:
    """Join the checks of all shards: counts add up, the largest difference stays."""
    columns = {"angle": str, "compared": int, "max_difference": float}
    table = _optional(path, columns, "the check of the angles")
    if table is None:
        return None
    return table.groupby("angle").agg({"compared": "sum", "max_difference": "max"})


def _read_folding(inputs: ReportInputs, dataset: Dataset) -> pd.DataFrame | None:
    """Compare what was folded from sequences with what was annotated."""
    if inputs.pairs is None or inputs.probabilities is None:
        return None
    columns = ["chain_id", "model", "i", "j", "lw", "bases"]
    pairs = read_parquet_table(inputs.pairs, columns, "annotated base pairs")
    models = dataset.chains[["chain_id", "model"]]
    columns = ["chain_id", "i", "j", "probability"]
    structures = None
    if inputs.structures is not None:
        structures = read_parquet_table(
            inputs.structures, ["chain_id", *STRUCTURES], "structures folded from sequences"
        )
    seen = np.isfinite(dataset.angles["chi"])
    ends = np.cumsum(dataset.angle_lengths)
    parts = np.split(seen, ends[:-1]) if len(ends) else []
    return folding_accuracy(
        dict(zip(dataset.chains["chain_id"], dataset.chains["sequence"], strict=True)),
        dict(zip(dataset.angle_lengths.index, parts, strict=True)),
        pairs.merge(models, on=["chain_id", "model"]),
        read_parquet_table(inputs.probabilities, columns, "base-pair probabilities"),
        structures,
    )
