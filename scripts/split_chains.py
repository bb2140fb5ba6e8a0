"""Deal whole components of related chains to train, validation and test."""

import argparse
from pathlib import Path

from rna_predict.families.holdouts import forced_chains, read_holdouts, unknown_holdouts
from rna_predict.families.splits import split_chains
from rna_predict.families.summary import summarise_split
from rna_predict.families.tables import (
    CLUSTERS,
    FAMILIES,
    NEIGHBOURS,
    PREVIOUS,
    read_table,
    write_table,
)
from rna_predict.structure.fasta import read_fasta
from rna_predict.structure.store import read_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--chains", type=Path, required=True, help="chain store (parquet)")
    add("--families", type=Path, required=True, help="families (TSV)")
    add("--clusters", type=Path, required=True, help="clusters (TSV)")
    add("--neighbours", type=Path, help="structural neighbours (TSV)")
    add("--holdouts", nargs="*", default=[], help="ids of chains or entries that go to test")
    add("--holdout-table", type=Path, help="more of them (TSV): column chain_id or pdb_id")
    add("--targets", type=Path, help="FASTA of sequences to predict; similar chains go to test")
    add("--target-families", type=Path, help="their families (TSV); chains of them go to test")
    add("--previous", type=Path, help="earlier splits (TSV); its chains stay where they are")
    add("--identity", type=float, default=0.9, help="least identity to a target (0 to 1)")
    add("--coverage", type=float, default=0.8, help="least aligned part of the longer (0 to 1)")
    add("--fractions", type=float, nargs=3, required=True, help="train, validation, test; sum 1")
    add("--family-evalue", type=float, default=1e-3, help="hits that tie relatives to hold-outs")
    add("--component-evalue", type=float, default=1.0, help="hits that join other components")
    add("--cutoff", default="", help="ISO date: newer or undated chains go to test; empty: none")
    add("--seed", type=int, required=True, help="draws the components of each side")
    add("--out", type=Path, required=True, help="splits (TSV), one row a chain")
    add("--summary", type=Path, help="numbers of each side (TSV); residues lost to hold-outs")
    args = parser.parse_args(argv)

    chains = read_chains(args.chains)
    tables = read_table(args.families, FAMILIES), read_table(args.clusters, CLUSTERS)
    holdouts = [*args.holdouts, *(read_holdouts(args.holdout_table) if args.holdout_table else ())]
    targets = read_fasta(args.targets) if args.targets else {}
    of_targets = read_table(args.target_families, FAMILIES) if args.target_families else None
    neighbours = read_table(args.neighbours, NEIGHBOURS) if args.neighbours else None
    similar = {"identity": args.identity, "coverage": args.coverage}
    table = split_chains(
        chains, *tables, fractions=tuple(args.fractions), holdouts=holdouts, targets=targets,
        target_families=of_targets, neighbours=neighbours,
        previous=read_table(args.previous, PREVIOUS) if args.previous else None,
        family_evalue=args.family_evalue, component_evalue=args.component_evalue,
        cutoff=args.cutoff, seed=args.seed, **similar,
    )  # fmt: skip
    forced = {
        f"held out at E <= {evalue:g}": forced_chains(
            chains, *tables, holdouts, targets, of_targets, neighbours, max_evalue=evalue, **similar
        )
        for evalue in (args.family_evalue, args.component_evalue)
    }
    numbers = summarise_split(
        chains, table, *tables, fractions=tuple(args.fractions),
        family_evalue=args.family_evalue, forced=forced,
    )  # fmt: skip
    for name in unknown_holdouts(chains, holdouts):
        print(f"hold-out {name}: no such chain or entry; give its sequence as a target")
    print(numbers.to_string(index=False))
    if args.summary:
        write_table(numbers, args.summary)
    write_table(table, args.out)


if __name__ == "__main__":
    main()
