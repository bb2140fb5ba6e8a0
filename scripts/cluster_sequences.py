"""Cluster chains by sequence identity (single linkage, or an external program)."""

import argparse
from pathlib import Path

from rna_predict.families.cluster_programs import PROGRAMS
from rna_predict.families.clusters import BUILTIN, cluster_sequences
from rna_predict.families.tables import write_table
from rna_predict.structure.store import read_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--chains", type=Path, required=True, help="chain store (parquet)")
    add("--identity", type=float, required=True, help="least identity in a cluster (0 to 1)")
    add("--coverage", type=float, required=True, help="least aligned part of the longer (0 to 1)")
    add("--program", choices=(BUILTIN, *PROGRAMS), default=BUILTIN, help="what clusters")
    add("--out", type=Path, required=True, help="clusters (TSV), one row a chain")
    args = parser.parse_args(argv)

    table = cluster_sequences(
        read_chains(args.chains), args.identity, args.coverage, program=args.program
    )
    write_table(table, args.out)


if __name__ == "__main__":
    main()
