"""Compute the base-pair probabilities of chains from their sequences alone (ViennaRNA)."""

import argparse
from pathlib import Path

from rna_predict.secondary.fold import fold_chains
from rna_predict.structure.files import replacing
from rna_predict.structure.store import read_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=Path, required=True, help="chain store (parquet)")
    parser.add_argument(
        "--min-probability", type=float, required=True, help="weaker pairs are dropped (0 to 1)"
    )
    parser.add_argument(
        "--max-span", type=int, required=True, help="longest distance of a pair (nt); 0: no bound"
    )
    parser.add_argument("--out", type=Path, required=True, help="probabilities (parquet)")
    args = parser.parse_args(argv)

    table = fold_chains(read_chains(args.chains), args.min_probability, args.max_span)
    with replacing(args.out) as path:
        table.to_parquet(path, index=False)


if __name__ == "__main__":
    main()
