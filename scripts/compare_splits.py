"""Set the split beside a random one: what dealing single chains would have leaked."""

import argparse
from pathlib import Path

from rna_predict.families.summary import compare_with_random
from rna_predict.families.tables import CLUSTERS, FAMILIES, SPLITS, read_table, write_table
from rna_predict.structure.store import read_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--chains", type=Path, required=True, help="chain store (parquet)")
    add("--splits", type=Path, required=True, help="splits (TSV)")
    add("--families", type=Path, required=True, help="families (TSV)")
    add("--clusters", type=Path, required=True, help="clusters (TSV)")
    add("--fractions", type=float, nargs=3, required=True, help="train, validation, test; sum 1")
    add("--family-evalue", type=float, default=1e-3, help="hits up to it are shared families")
    add("--identity", type=float, default=0.9, help="least identity of a leak (0 to 1)")
    add("--coverage", type=float, default=0.8, help="least aligned part of the longer (0 to 1)")
    add("--seed", type=int, required=True, help="deals the chains of the random split")
    add("--out", type=Path, required=True, help="comparison (TSV), one row a number")
    args = parser.parse_args(argv)

    table = compare_with_random(
        read_chains(args.chains),
        read_table(args.splits, SPLITS),
        read_table(args.families, FAMILIES),
        read_table(args.clusters, CLUSTERS),
        fractions=tuple(args.fractions),
        family_evalue=args.family_evalue,
        identity=args.identity,
        coverage=args.coverage,
        seed=args.seed,
    )
    print(table.to_string(index=False))
    write_table(table, args.out)


if __name__ == "__main__":
    main()
