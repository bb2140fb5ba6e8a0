"""The data set of a run: entries, chains, rejects, families, splits, leaks, augmentation."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Float

from rna_predict.constants import BACKBONE_TORSIONS, PURINES
from rna_predict.errors import InputError
from rna_predict.report.inputs import ReportInputs
from rna_predict.report.tables import read_parquet_table, read_text_table

SPLITS: Final = ("train", "validation", "test")
SHOWN_ANGLES: Final = (*BACKBONE_TORSIONS, "eta", "theta", "phase")
"""Angles that the report draws."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Tables of the data stages.

    Attributes
    ----------
    entries : DataFrame or None
        entry, status, reason; None where no manifest was given.
    chains : DataFrame
        chain_id, entry, length, method, resolution, release_date, split ("" outside all splits),
        component; one row a chain (its first model).
    rejected : DataFrame
        entry, chain ("" for a whole entry), reason, detail.
    families : DataFrame
        chain_id, family, family_name, evalue.
    clusters : DataFrame
        chain_id, cluster.
    leakage : DataFrame
        kind, train_chain, test_chain, value, detail.
    augmentation : DataFrame
        tier, parents, copies, factor (copies a training chain); changed_residues, dropped,
        c1_median and c1_max (angstrom) and note where known.
    angles : dict of (n,) float, degrees
        All residues' values of ``SHOWN_ANGLES`` in [0, 360), NaN where undefined.
    angle_lengths : Series
        Number of those residues by chain id, in their order.
    purine : (n,) bool
        Whether the base of each of those residues is A or G.
    """

    entries: pd.DataFrame | None
    chains: pd.DataFrame
    rejected: pd.DataFrame
    families: pd.DataFrame
    clusters: pd.DataFrame
    leakage: pd.DataFrame
    augmentation: pd.DataFrame
    angles: dict[str, Float[np.ndarray, " n"]]
    angle_lengths: pd.Series
    purine: np.ndarray

    def side(self, split: str) -> pd.DataFrame:
        """Give the chains of one split."""
        return self.chains[self.chains["split"] == split]


def read_dataset(inputs: ReportInputs) -> Dataset:
    """Read the tables of the data stages.

    Raises
    ------
    InputError
        If a table is missing or malformed, or a split names a chain that is not there.
    """
    columns = ["chain_id", "entry", "model", "sequence", "method", "resolution", "release_date"]
    chains = read_parquet_table(inputs.chains, columns, "the kept chains")
    chains = chains.sort_values("model", kind="stable").drop_duplicates("chain_id").sort_index()
    chains["length"] = chains["sequence"].str.len()
    splits = read_text_table(
        inputs.splits,
        {"chain_id": str, "component": str, "split": str, "reason": str},
        "the split of each chain",
    )
    if stray := set(splits["chain_id"]) - set(chains["chain_id"]):
        raise InputError(inputs.splits, f"chain {sorted(stray)[0]} is not in {inputs.chains}")
    if splits["chain_id"].duplicated().any():
        twice = splits.loc[splits["chain_id"].duplicated(), "chain_id"].iloc[0]
        raise InputError(inputs.splits, f"chain {twice} is in two rows")
    chains = chains.merge(splits, on="chain_id", how="left").fillna(
        {"component": "", "split": "", "reason": ""}
    )
    angles, lengths, purine = _read_angles(inputs, chains)
    return Dataset(
        entries=_read_manifests(inputs),
        chains=chains,
        rejected=read_text_table(
            inputs.rejected,
            {"entry": str, "chain": str, "reason": str, "detail": str},
            "rejected entries and chains",
        ),
        families=read_text_table(
            inputs.families,
            {"chain_id": str, "family": str, "family_name": str, "evalue": float},
            "families of the chains",
        ),
        clusters=read_text_table(
            inputs.clusters, {"chain_id": str, "cluster": str}, "clusters of the chains"
        ),
        leakage=read_text_table(
            inputs.leakage,
            {"kind": str, "train_chain": str, "test_chain": str, "value": str, "detail": str},
            "the leakage audit",
        ),
        augmentation=_read_augmentation(inputs),
        angles=angles,
        angle_lengths=lengths,
        purine=purine,
    )


def _read_manifests(inputs: ReportInputs) -> pd.DataFrame | None:
    """Join what was fetched, shard by shard."""
    if not inputs.manifests:
        return None
    tables = [
        read_text_table(path, {"entry": str, "status": str, "reason": str}, "a fetch manifest")
        for path in inputs.manifests
    ]
    return pd.concat(tables, ignore_index=True)


def _read_augmentation(inputs: ReportInputs) -> pd.DataFrame:
    """Read copies by tier."""
    return read_text_table(
        inputs.augmentation,
        {"tier": str, "parents": int, "copies": int, "factor": float},
        "copies by tier of augmentation",
        optional={
            "changed_residues": int,
            "dropped": int,
            "c1_median": float,
            "c1_max": float,
            "note": str,
        },  # fmt: skip
    )


def _read_angles(
    inputs: ReportInputs, chains: pd.DataFrame
) -> tuple[dict[str, Float[np.ndarray, " n"]], pd.Series, np.ndarray]:
    """Join the angles of all chains, in degrees, with lengths and the kind of each base."""
    columns = ["chain_id", "model", *SHOWN_ANGLES]
    table = read_parquet_table(inputs.angles, columns, "torsion angles")
    table = table.sort_values("model", kind="stable").drop_duplicates("chain_id")
    table = table.merge(chains[["chain_id", "sequence"]], on="chain_id")
    for row in table.itertuples():
        for name in SHOWN_ANGLES:
            if len(getattr(row, name)) != len(row.sequence):
                raise InputError(
                    inputs.angles,
                    f"chain {row.chain_id}: {len(getattr(row, name))} values of {name} for "
                    f"{len(row.sequence)} residues",
                )
    angles = {
        name: np.degrees(np.concatenate([np.zeros(0), *table[name]]).astype(float)) % 360
        for name in SHOWN_ANGLES
    }
    purine = np.array([base in PURINES for base in "".join(table["sequence"])], dtype=bool)
    return angles, table.set_index("chain_id")["sequence"].str.len(), purine
