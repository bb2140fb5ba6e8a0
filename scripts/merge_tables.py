"""Join tables of one kind into one; rows keep the order of the files."""

import argparse
from pathlib import Path

from rna_predict.structure.merge import merge_tables


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, nargs="+", required=True, help="Parquet or TSV")
    parser.add_argument("--out", type=Path, required=True, help="table of the same kind")
    args = parser.parse_args(argv)

    merge_tables(args.tables, args.out)


if __name__ == "__main__":
    main()
