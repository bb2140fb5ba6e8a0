"""Chains of the example by name, and ways to change a chain."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rna_predict.structure.chain import Chain


@pytest.fixture(scope="session")
def chain(example_chains: list[Chain]) -> Callable[[str], Chain]:
    """Give a chain of the example by its name."""
    by_name = {chain.name: chain for chain in example_chains}
    return by_name.__getitem__


@pytest.fixture(scope="session")
def noisy() -> Callable[..., Chain]:
    """Add Gaussian noise (angstrom) to every coordinate of a chain."""

    def add(chain: Chain, noise: float, seed: int = 0) -> Chain:
        shift = noise * np.random.default_rng(seed).normal(size=chain.coords.shape)
        return chain.with_coords((chain.coords + shift).astype(np.float32))

    return add


@pytest.fixture(scope="session")
def part() -> Callable[[Chain, slice], Chain]:
    """Keep some residues of a chain, with their numbers."""

    def cut(chain: Chain, rows: slice) -> Chain:
        return replace(
            chain,
            sequence=chain.sequence[rows],
            residue_names=chain.residue_names[rows],
            coords=chain.coords[rows],
            atom_mask=chain.atom_mask[rows],
            auth_numbers=chain.auth_numbers[rows],
            ins_codes=chain.ins_codes[rows],
        )

    return cut


@pytest.fixture(scope="session")
def official(shared_data: Path) -> pd.DataFrame:
    """List the models of RNA-Puzzles with what the official tables say of them.

    Columns puzzle, model (file), native (file), and those of the tables, prefixed by ``results_``,
    ``rmsds_`` and ``inf_``; NaN where a table or a row is missing, or "-" stands in it.
    """
    rows = []
    for folder in sorted((shared_data / "rna_puzzles").glob("rp*")):
        tables = {}
        for name, column in (("results", "Model"), ("rmsds", "fn"), ("inf", "fn")):
            path = folder / f"official_{name}.csv"
            if path.exists():
                table = pd.read_csv(path, na_values="-")
                tables[name] = table.set_index(table[column].map(_bare)).drop(columns=column)
        for model in sorted((folder / "models").iterdir()):
            row = {"puzzle": folder.name, "model": model, "native": folder / "native.pdb"}
            for name, table in tables.items():
                keys = {key.lower(): key for key in table.index} | {key: key for key in table.index}
                key = keys.get(_bare(model.name), keys.get(_bare(model.name).lower()))
                if key is not None:
                    values = table.loc[[key]].iloc[0]
                    row |= {f"{name}_{column}": value for column, value in values.items()}
            rows.append(row)
    return pd.DataFrame(rows)


def _bare(name: str) -> str:
    """Strip the puzzle's number and the endings from a model's name: ``18_Ding_3_rpr.pdb``."""
    return re.sub(r"^\d+_", "", re.sub(r"(_rpr)?\.pdb.*$", "", str(name)))
