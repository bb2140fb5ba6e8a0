"""A library of planted chains, one of each kind that a guard must tell apart."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rna_predict.families.members import ALIGNMENT_SCHEMA, FAMILY_COLUMNS
from rna_predict.structure.chain import Chain
from rna_predict.structure.store import write_chains
from rna_predict.templates.library import Library, write_library

HAIRPIN = "GGCGAUACGUUCGCGUAUCGCC"
STEM = [(k, 21 - k) for k in range(9)]


@pytest.fixture(scope="session")
def make_library(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Library]:
    """Give a function that makes a library of chains, their pairs, families and alignments."""

    def make(
        chains: list[Chain],
        pairs: dict[str, list[tuple[int, int]]] | None = None,
        families: list[dict] | None = None,
        alignments: list[dict] | None = None,
    ) -> Library:
        folder: Path = tmp_path_factory.mktemp("library")
        write_chains(chains, folder / "chains.parquet")
        named = {chain.name: chain for chain in chains}
        rows = [
            {"chain_id": name, "model": 1, "i": i, "j": j, "lw": "cWW",
             "bases": named[name].sequence[i] + named[name].sequence[j]}
            for name, ends in (pairs or {}).items()
            for i, j in ends
        ]  # fmt: skip
        blank = dict.fromkeys(FAMILY_COLUMNS, 0) | {"family_name": "", "truncated": ""}
        write_library(
            folder / "chains.parquet",
            folder / "library",
            pairs=pd.DataFrame(rows, columns=["chain_id", "model", "i", "j", "lw", "bases"]),
            families=pd.DataFrame([blank | row for row in families or []]) if families else None,
            alignments=pd.DataFrame(alignments or [], columns=ALIGNMENT_SCHEMA.names),
        )
        return Library.read(folder / "library")

    return make


@pytest.fixture
def make_dated(make_chain: Callable[[str, str, int], Chain]) -> Callable[..., Chain]:
    """Give a function that makes a chain of random atoms with a release date."""

    def make(name: str, sequence: str, date: str = "2010-06-01", seed: int = 0) -> Chain:
        return replace(make_chain(name, sequence, seed), release_date=date)

    return make


def random_sequence(length: int, seed: int) -> str:
    """Draw letters."""
    return "".join(np.random.default_rng(seed).choice(list("ACGU"), length))
