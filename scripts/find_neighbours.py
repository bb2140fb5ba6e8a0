"""Find chains of different components that fold alike."""

import argparse
from pathlib import Path

from rna_predict.families.neighbours import find_neighbours
from rna_predict.families.tables import CLUSTERS, FAMILIES, read_table, write_table
from rna_predict.structure.store import read_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--chains", type=Path, required=True, help="chain store (parquet)")
    add("--families", type=Path, required=True, help="families (TSV)")
    add("--clusters", type=Path, required=True, help="clusters (TSV)")
    add("--family-evalue", type=float, default=1e-3, help="hits up to it join components")
    add("--tm", type=float, required=True, help="least TM-score (0 to 1); 0: no search")
    add("--out", type=Path, required=True, help="neighbours (TSV), one row a pair of chains")
    args = parser.parse_args(argv)

    table = find_neighbours(
        read_chains(args.chains) if args.tm > 0 else [],
        read_table(args.families, FAMILIES),
        read_table(args.clusters, CLUSTERS),
        args.family_evalue,
        args.tm,
    )
    write_table(table, args.out)


if __name__ == "__main__":
    main()
