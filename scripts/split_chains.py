"""Deal whole components of related chains to train, validation and test."""

import argparse
from pathlib import Path

from rna_predict.families.splits import split_chains, unknown_holdouts
from rna_predict.families.tables import CLUSTERS, FAMILIES, read_table, write_table
from rna_predict.structure.fasta import read_fasta
from rna_predict.structure.store import read_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--chains", type=Path, required=True, help="chain store (parquet)")
    add("--families", type=Path, required=True, help="families (TSV)")
    add("--clusters", type=Path, required=True, help="clusters (TSV)")
    add("--holdouts", nargs="*", default=[], help="ids of chains or entries that go to test")
    add("--targets", type=Path, help="FASTA of sequences to predict; similar chains go to test")
    add("--identity", type=float, default=0.9, help="least identity to a target (0 to 1)")
    add("--coverage", type=float, default=0.8, help="least aligned part of the longer (0 to 1)")
    add("--fractions", type=float, nargs=3, required=True, help="train, validation, test; sum 1")
    add("--family-evalue", type=float, default=1e-3, help="hits that tie relatives to hold-outs")
    add("--component-evalue", type=float, default=1.0, help="hits that join other components")
    add("--cutoff", default="", help="ISO date: newer or undated chains go to test; empty: none")
    add("--seed", type=int, required=True, help="orders components of equal size")
    add("--out", type=Path, required=True, help="splits (TSV), one row a chain")
    args = parser.parse_args(argv)

    chains = read_chains(args.chains)
    table = split_chains(
        chains,
        read_table(args.families, FAMILIES),
        read_table(args.clusters, CLUSTERS),
        fractions=tuple(args.fractions),
        holdouts=args.holdouts,
        targets=read_fasta(args.targets) if args.targets else None,
        identity=args.identity,
        coverage=args.coverage,
        family_evalue=args.family_evalue,
        component_evalue=args.component_evalue,
        cutoff=args.cutoff,
        seed=args.seed,
    )
    for name in unknown_holdouts(chains, args.holdouts):
        print(f"hold-out {name}: no such chain or entry")
    write_table(table, args.out)


if __name__ == "__main__":
    main()
