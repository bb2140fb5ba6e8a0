"""Augmentation of a run's training chains: cost, copies by tier, and what new bases do to pairs.

Reads ``results/`` of the working directory, or of ``RNA_PREDICT_RESULTS``. The pairs of every copy
are annotated anew from its coordinates and compared with those of its parent.
"""

import os
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from time import process_time

import pandas as pd
import yaml

from rna_predict.augment.copies import Settings, augment_chains
from rna_predict.families.tables import SPLITS, read_table
from rna_predict.secondary.pairs import find_pairs
from rna_predict.structure.chain import Chain
from rna_predict.structure.store import read_chains

ROOT = Path(__file__).parents[2]


def run() -> None:
    """Print the report, the time, and the fate of pairs."""
    results = Path(os.environ.get("RNA_PREDICT_RESULTS", "results"))
    if not (results / "splits/splits.tsv").is_file():
        print(f"no run in {results}; set RNA_PREDICT_RESULTS")
        return
    settings = default_settings()
    chains = read_chains(results / "structures/chains.parquet")
    homologs = results / "splits/homologs.parquet"
    tables = [
        read_table(results / "splits/splits.tsv", SPLITS),
        *(pd.read_parquet(results / f"secondary/{n}.parquet") for n in ("pairs", "probabilities")),
    ]
    start = process_time()
    copies, report = augment_chains(
        chains, *tables, settings,
        family_rows=pd.read_parquet(homologs) if homologs.is_file() else None,
    )  # fmt: skip
    print(f"{len(copies)} copies in {process_time() - start:.1f} s; {asdict(settings)}")
    print(report.to_string(index=False))
    parents = {(chain.name, chain.model): chain for chain in chains}
    fates: dict[str, Counter] = {}
    for copy in copies:
        if copy.tier != "coordinates":
            fate = fates.setdefault(copy.tier, Counter())
            fate.update(compare_pairs(copy, parents[copy.parent, copy.model]))
    for tier, fate in fates.items():
        print(
            f"{tier}: of {fate['changed']} pairs with a new base {fate['same']} are annotated as"
            f" before; {fate['appeared']} pairs appeared beside {fate['pairs']} old ones"
        )


def default_settings() -> Settings:
    """Give the settings of config.yaml."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    return Settings(
        **config["augment"],
        held_identity=config["families"]["cluster_identity"],
        held_coverage=config["families"]["cluster_coverage"],
        seed=config["seed"],
    )


def compare_pairs(copy: Chain, parent: Chain) -> dict[str, int]:
    """Count the pairs of a parent, those with a new base, those of them found again, and new."""
    old, new = (
        {(i, j): lw for i, j, lw in zip(*find_pairs(chain.kinds, chain.coords), strict=True)}
        for chain in (parent, copy)
    )
    changed = copy.kinds != parent.kinds
    touched = [pair for pair in old if changed[list(pair)].any()]
    return {
        "pairs": len(old),
        "changed": len(touched),
        "same": sum(new.get(pair) == old[pair] for pair in touched),
        "appeared": len(new.keys() - old.keys()),
    }
