"""A data set and a library in which every chain is planted for a reason."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.data.tables import TablePaths
from rna_predict.structure.store import write_chains
from rna_predict.templates.library import write_library

HAIRPIN = "GGCGAUACGUUCGCGUAUCGCC"
OTHER = "GGCAUAUCGCAAGCGAUAUGCC"
"""Of the same fold, and of other letters in its stem: 55 % identical."""
STEM = [(k, 21 - k) for k in range(9)]
CHAINS = {  # name: sequence, date, split
    "1qry_A": (HAIRPIN, "2015-01-01", "train"),
    "1val_A": (HAIRPIN, "2016-01-01", "validation"),
    "1old_A": (OTHER, "2010-01-01", "train"),  # all may see it
    "1cpy_A": (HAIRPIN, "2010-01-01", "train"),  # a copy under another name
    "1qry_B": (OTHER, "2010-01-01", "train"),  # of the query's entry
    "1kin_A": (OTHER, "2010-01-01", "train"),  # of the query's cluster
    "1new_A": (OTHER, "2015-01-01", "train"),  # of the same day
    "1und_A": (OTHER, "", "train"),
    "1vld_A": (OTHER, "2010-01-01", "validation"),
    "1tst_A": (OTHER, "2010-01-01", "test"),
    "1non_A": (OTHER, "2010-01-01", ""),
}
CLUSTERS = {"1qry_A": "q", "1kin_A": "q"}


@pytest.fixture
def planted(tmp_path, make_chain, make_tables) -> TablePaths:
    """Write tables and ``library`` of all chains; the library knows those of no split too."""
    chains, splits = [], {"train": [], "validation": [], "test": []}
    for seed, (name, (sequence, date, split)) in enumerate(CHAINS.items()):
        entry, _, letter = name.partition("_")
        chain = replace(make_chain(entry, sequence, seed), chain=letter, release_date=date)
        chains.append(chain)
        if split:
            splits[split].append(chain)
    paths = make_tables(tmp_path, splits)
    rows = [(chain.name, *ends, 0.9) for chain in chains for ends in STEM]
    columns = ["chain_id", "i", "j", "probability"]
    pd.DataFrame(rows, columns=columns).astype({"probability": np.float32}).to_parquet(
        paths.probabilities
    )
    clusters = tmp_path / "clusters.tsv"
    named = [(name, CLUSTERS.get(name, name)) for name in CHAINS]
    pd.DataFrame(named, columns=["chain_id", "cluster"]).to_csv(clusters, sep="\t", index=False)
    write_chains(chains, tmp_path / "all.parquet")
    pairs = [
        {"chain_id": c.name, "model": 1, "i": i, "j": j, "lw": "cWW",
         "bases": c.sequence[i] + c.sequence[j]}
        for c in chains for i, j in STEM
    ]  # fmt: skip
    write_library(tmp_path / "all.parquet", tmp_path / "library", pairs=pd.DataFrame(pairs))
    return replace(paths, clusters=clusters)


@pytest.fixture
def planted_chains() -> dict[str, tuple[str, str, str]]:
    """Give sequence, date and split of each chain by name."""
    return CHAINS
