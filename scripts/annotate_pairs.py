"""Annotate the base pairs of chains from their coordinates (Leontis-Westhof classes)."""

import argparse
from pathlib import Path

from rna_predict.secondary.pairs import annotate_pairs
from rna_predict.structure.files import replacing
from rna_predict.structure.store import read_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=Path, required=True, help="chain store (parquet)")
    parser.add_argument("--out", type=Path, required=True, help="pairs (parquet), one row a pair")
    args = parser.parse_args(argv)

    table = annotate_pairs(read_chains(args.chains))
    with replacing(args.out) as path:
        table.to_parquet(path, index=False)


if __name__ == "__main__":
    main()
