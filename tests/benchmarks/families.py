"""Families of the shared chains: time, agreement with Rfam's table, consensus pairs against 3D.

Searches all shared chains on one core (about 4 minutes); set RNA_PREDICT_SHARED as for the tests.
"""

import os
import tempfile
import time
from pathlib import Path

import pandas as pd

from rna_predict.families.consensus import consensus_table
from rna_predict.families.covariance_models import read_models
from rna_predict.families.homologs import homolog_table
from rna_predict.families.members import ALIGNMENT_SCHEMA, chain_sequences
from rna_predict.secondary.pairs import CANONICAL, annotate_pairs
from tests.unit.families.test_rfam_table import (
    agreement,
    compare,
    explain_labels,
    read_reference,
    shared_chains,
)

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("RNA_PREDICT_SHARED", ROOT.parent / "shared" / "data"))
GOOD = 3.0
"""Resolution up to which pairs in 3D are taken for the truth (angstrom)."""


def run() -> None:
    """Print times, classes of agreement and disagreement, and how right consensus pairs are."""
    if not SHARED.is_dir():
        print(f"no shared data at {SHARED}; set RNA_PREDICT_SHARED")
        return
    chains = shared_chains(SHARED)
    sequences = chain_sequences(chains)
    models = read_models([SHARED / "rfam"])
    unique = len(set(sequences.values()))
    print(f"{len(chains)} chains, {unique} sequences, {len(models)} models")
    with tempfile.TemporaryDirectory() as folder:
        for what in ("searched", "kept"):
            start = time.process_time()
            found = compare(SHARED, ROOT, sequences, Path(folder))
            print(f"  {what}: {time.process_time() - start:.1f} s of one core")
    families, alignments, rows, labels = found
    recall, precision = agreement(rows, labels)
    print(f"labels: recall {recall:.3f} of whole chains, precision {precision:.3f}")
    print(pd.crosstab(rows["kind"], [rows["significant"], rows["whole"]]).to_string())
    print(labels["kind"].value_counts().to_string())
    weak = families.assign(label=families["evalue"] <= 1e-3)
    weak_labels = explain_labels(weak, read_reference(SHARED / "rfam/pdb_full_region.txt"))
    pairs = set(zip(weak_labels["chain_id"], weak_labels["family"], strict=True))
    reference = set(zip(rows["chain_id"], rows["family"], strict=True))
    print(
        f"E <= 1e-3 instead: recall {len(pairs & reference) / len(reference):.3f} of all rows,"
        f" precision {len(pairs & reference) / len(pairs):.3f}"
    )
    aligned = pd.DataFrame(alignments, columns=ALIGNMENT_SCHEMA.names)
    start = time.process_time()
    homologs, faults = homolog_table(sequences, aligned, models, SHARED / "rfam" / "seeds_3d")
    members = len(set(homologs["chain_id"].to_pylist()))
    print(
        f"{homologs.num_rows} homologs of {members} chains in {time.process_time() - start:.1f} s"
    )
    print(*faults, sep="\n")
    compare_pairs(chains, consensus_table(sequences, aligned, models), families)


def compare_pairs(chains: list, consensus: pd.DataFrame, families: pd.DataFrame) -> None:
    """Print PPV and sensitivity of consensus pairs against canonical pairs in 3D."""
    facts = pd.read_csv(SHARED / "entries.tsv", sep="\t").set_index("pdb_id")["resolution"]
    names = set(consensus["chain_id"])
    first = {chain.name: chain for chain in reversed(chains) if chain.name in names}
    seen = annotate_pairs(list(first.values()))
    seen = seen[(seen["lw"] == "cWW") & seen["bases"].isin(CANONICAL)]
    keys = ["chain_id", "i", "j"]
    merged = consensus.drop_duplicates(keys).merge(seen[keys], on=keys, how="left", indicator=True)
    merged["seen"] = merged["_merge"] == "both"
    labelled = families[families["label"]]
    regions = seen[keys].merge(labelled[["chain_id", "start", "end"]], on="chain_id")
    within = (regions["i"] >= regions["start"]) & (regions["j"] < regions["end"])
    regions = regions[within].drop_duplicates(keys)
    good = {name for name, chain in first.items() if facts.get(chain.entry, 99.0) <= GOOD}
    for what, chosen in (("all chains", names), (f"resolution <= {GOOD:g} A", good)):
        ours = merged[merged["chain_id"].isin(chosen)]
        truth = regions["chain_id"].isin(chosen).sum()
        print(f"consensus pairs, {what}: {len(chosen)} chains, {len(ours)} pairs")
        for least in (0.0, 0.5, 0.9, 0.95):
            kept = ours[ours["probability"] >= least]
            print(
                f"  probability >= {least}: PPV {kept['seen'].mean():.3f},"
                f" sensitivity {kept['seen'].sum() / truth:.3f} of pairs within members"
            )
        by_chain = ours.groupby("chain_id")["seen"].mean()
        print(f"  PPV of the median chain {by_chain.median():.3f}")
