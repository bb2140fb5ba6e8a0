"""Search chains with the covariance models of families (Infernal)."""

import argparse
from pathlib import Path

from rna_predict.families.search import search_families
from rna_predict.families.tables import write_table
from rna_predict.structure.store import read_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=Path, required=True, help="chain store (parquet)")
    parser.add_argument(
        "--models",
        type=Path,
        nargs="+",
        required=True,
        help="calibrated covariance models: files, or folders of *.cm",
    )
    parser.add_argument(
        "--max-evalue", type=float, required=True, help="hits above it are not reported"
    )
    parser.add_argument(
        "--database-size", type=float, required=True, help="size that E-values refer to (Mb)"
    )
    parser.add_argument("--out", type=Path, required=True, help="families (TSV), one row a hit")
    args = parser.parse_args(argv)

    table = search_families(
        read_chains(args.chains), args.models, args.max_evalue, args.database_size
    )
    write_table(table, args.out)


if __name__ == "__main__":
    main()
