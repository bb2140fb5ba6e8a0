"""Look for anything that the sides of a split share; exit with status 1 if there is a leak."""

import argparse
from pathlib import Path

import pandas as pd

from rna_predict.families.audit import audit_splits
from rna_predict.families.nearest import (
    compare_folds,
    fold_leaks,
    nearest_folds,
    nearest_sequences,
)
from rna_predict.families.tables import CLUSTERS, FAMILIES, SPLITS, read_table, write_table
from rna_predict.structure.fasta import read_fasta
from rna_predict.structure.store import read_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--chains", type=Path, required=True, help="chain store (parquet)")
    add("--splits", type=Path, required=True, help="splits (TSV)")
    add("--families", type=Path, required=True, help="families (TSV)")
    add("--clusters", type=Path, required=True, help="clusters (TSV)")
    add("--targets", type=Path, help="FASTA of sequences to predict; they count as test")
    add("--target-families", type=Path, help="their families (TSV)")
    add("--cutoff", default="", help="ISO date: newer or undated chains may not train; empty: none")
    add("--family-evalue", type=float, default=1e-3, help="hits up to it are shared families")
    add("--identity", type=float, default=0.9, help="least identity of a leak (0 to 1)")
    add("--coverage", type=float, default=0.8, help="least aligned part of the longer (0 to 1)")
    add("--neighbours", type=int, default=0, help="training chains compared with each test chain")
    add("--tm", type=float, default=0.45, help="least TM-score of a leak (0 to 1)")
    add("--out", type=Path, required=True, help="leaks (TSV), one row each; written in any case")
    add("--nearest", type=Path, help="what of training is nearest to each test chain (TSV)")
    add("--evidence", type=Path, help="the leaks again (TSV), where a failed run keeps them")
    args = parser.parse_args(argv)

    chains = read_chains(args.chains)
    splits, clusters = read_table(args.splits, SPLITS), read_table(args.clusters, CLUSTERS)
    leaks = audit_splits(
        chains,
        splits,
        read_table(args.families, FAMILIES),
        clusters,
        targets=read_fasta(args.targets) if args.targets else None,
        target_families=read_table(args.target_families, FAMILIES)
        if args.target_families
        else None,
        cutoff=args.cutoff,
        family_evalue=args.family_evalue,
        identity=args.identity,
        coverage=args.coverage,
    )
    folds = compare_folds(chains, splits, clusters, count=args.neighbours, ratio=args.tm)
    leaks = pd.concat([leaks, fold_leaks(folds, args.tm)], ignore_index=True)
    if args.nearest:
        near = nearest_sequences(chains, splits)
        write_table(near.merge(nearest_folds(splits, clusters, folds)), args.nearest)
    for path in filter(None, (args.out, args.evidence)):
        write_table(leaks, path)
    if len(leaks):
        first = leaks.head(20).to_string(index=False)
        raise SystemExit(f"{first}\n{len(leaks)} leaks, see {args.evidence or args.out}")
    print("no leaks")


if __name__ == "__main__":
    main()
