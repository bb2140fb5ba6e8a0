"""Fixtures that several packages share: a small data set on disk, made from chains."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rna_predict.constants import TORSIONS, slot_mask, torsion_slots
from rna_predict.data.tables import TablePaths
from rna_predict.geometry.dihedrals import dihedral
from rna_predict.structure.chain import Chain, model_chain
from rna_predict.structure.store import write_chains


def measure_torsions(chain: Chain) -> np.ndarray:
    """Measure the 14 torsions of a chain; NaN where an atom is missing."""
    offset, slot = torsion_slots()
    slot = slot[chain.kinds]
    residue = np.arange(len(chain))[:, None, None] + offset
    inside = (residue >= 0) & (residue < len(chain)) & (slot >= 0)
    points = chain.coords[residue.clip(0, len(chain) - 1), slot]
    return dihedral(np.where(inside[..., None], points, np.nan)).astype(np.float32)


def random_chain(name: str, sequence: str, seed: int) -> Chain:
    """Make a chain of random atoms about a helix, all of them observed."""
    generator = np.random.default_rng(seed)
    n = len(sequence)
    turn = np.arange(n) * 0.57
    axis = np.stack([9 * np.cos(turn), 9 * np.sin(turn), 2.8 * np.arange(n)], axis=-1)
    coords = axis[:, None] + generator.normal(scale=2.0, size=(n, 23, 3))
    kinds = ["ACGUN".index(letter) for letter in sequence]
    coords[~slot_mask()[kinds]] = np.nan
    chain = model_chain(name, sequence, coords.astype(np.float32))
    return chain


def write_tables(folder: Path, splits: dict[str, list[Chain]]) -> TablePaths:
    """Write all tables of a data set; every chain gets a pair of its first and last residue."""
    chains = [chain for part in splits.values() for chain in part]
    paths = TablePaths(
        chains=folder / "chains.parquet",
        angles=folder / "angles.parquet",
        pairs=folder / "pairs.parquet",
        probabilities=folder / "probabilities.parquet",
        splits=folder / "splits.tsv",
    )
    write_chains(chains, paths.chains)
    write_annotations(chains, paths.angles, paths.pairs, paths.probabilities)
    rows = [(chain.name, split) for split, part in splits.items() for chain in part]
    table = pd.DataFrame(rows, columns=["chain_id", "split"]).drop_duplicates()
    table.to_csv(paths.splits, sep="\t", index=False)
    return paths


def write_annotations(chains: list[Chain], angles: Path, pairs: Path, probabilities: Path) -> None:
    """Write torsions, one annotated pair and one likely pair of each chain."""
    rows = []
    for chain in chains:
        torsions = measure_torsions(chain)
        columns = {name: torsions[:, k] for k, name in enumerate(TORSIONS)}
        rows.append({"chain_id": chain.name, "model": chain.model, **columns})
    pd.DataFrame(rows).to_parquet(angles)
    ends = [
        {"chain_id": c.name, "model": c.model, "i": 0, "j": len(c) - 1, "lw": "cWW"} for c in chains
    ]
    pd.DataFrame(ends).to_parquet(pairs)
    table = pd.DataFrame(ends)[["chain_id", "i", "j"]].drop_duplicates()
    table.assign(probability=np.float32(0.75)).to_parquet(probabilities)


@pytest.fixture
def make_tables() -> Callable[[Path, dict[str, list[Chain]]], TablePaths]:
    """Give :func:`write_tables`."""
    return write_tables


@pytest.fixture
def make_annotations() -> Callable[[list[Chain], Path, Path, Path], None]:
    """Give :func:`write_annotations`."""
    return write_annotations


@pytest.fixture
def make_chain() -> Callable[[str, str, int], Chain]:
    """Give :func:`random_chain`."""
    return random_chain
