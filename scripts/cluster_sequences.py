"""Cluster chains by sequence identity (single linkage)."""

import argparse
from pathlib import Path

from rna_predict.families.clusters import cluster_sequences
from rna_predict.families.tables import write_table
from rna_predict.structure.store import read_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=Path, required=True, help="chain store (parquet)")
    parser.add_argument(
        "--identity", type=float, required=True, help="least identity in a cluster (0 to 1)"
    )
    parser.add_argument(
        "--coverage", type=float, required=True, help="least aligned part of the longer (0 to 1)"
    )
    parser.add_argument("--out", type=Path, required=True, help="clusters (TSV), one row a chain")
    args = parser.parse_args(argv)

    table = cluster_sequences(read_chains(args.chains), args.identity, args.coverage)
    write_table(table, args.out)


if __name__ == "__main__":
    main()
