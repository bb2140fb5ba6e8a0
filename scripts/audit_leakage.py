"""Look for anything that the sides of a split share; exit with status 1 if there is a leak."""

import argparse
from pathlib import Path

from rna_predict.families.audit import audit_splits
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
    add("--cutoff", default="", help="ISO date: newer or undated chains may not train; empty: none")
    add("--family-evalue", type=float, default=1e-3, help="hits up to it are shared families")
    add("--identity", type=float, default=0.9, help="least identity of a leak (0 to 1)")
    add("--coverage", type=float, default=0.8, help="least aligned part of the longer (0 to 1)")
    add("--out", type=Path, required=True, help="leaks (TSV), one row each; written in any case")
    args = parser.parse_args(argv)

    leaks = audit_splits(
        read_chains(args.chains),
        read_table(args.splits, SPLITS),
        read_table(args.families, FAMILIES),
        read_table(args.clusters, CLUSTERS),
        targets=read_fasta(args.targets) if args.targets else None,
        cutoff=args.cutoff,
        family_evalue=args.family_evalue,
        identity=args.identity,
        coverage=args.coverage,
    )
    write_table(leaks, args.out)
    if len(leaks):
        raise SystemExit(f"{leaks.to_string(index=False)}\n{len(leaks)} leaks, see {args.out}")
    print("no leaks")


if __name__ == "__main__":
    main()
