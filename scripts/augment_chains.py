"""Copy training chains with noise (tier 1) and with compensatory pair swaps (tier 2)."""

import argparse
from pathlib import Path

import pandas as pd

from rna_predict.augment.copies import augment_chains
from rna_predict.families.tables import SPLITS, read_table, write_table
from rna_predict.structure.store import read_chains, write_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=Path, required=True, help="chains (Parquet)")
    parser.add_argument("--splits", type=Path, required=True, help="split of each chain (TSV)")
    parser.add_argument("--pairs", type=Path, required=True, help="annotated pairs (Parquet)")
    parser.add_argument("--probabilities", type=Path, required=True, help="of pairs (Parquet)")
    parser.add_argument("--coordinate-copies", type=int, required=True, help="tier 1; 0 = off")
    parser.add_argument("--coordinate-noise", type=float, required=True, help="angstrom")
    parser.add_argument("--swap-copies", type=int, required=True, help="tier 2; 0 = off")
    parser.add_argument("--swap-probability", type=float, required=True, help="least, 0 to 1")
    parser.add_argument("--seed", type=int, required=True, help="of all random numbers")
    parser.add_argument("--out", type=Path, required=True, help="copies (Parquet)")
    parser.add_argument("--report", type=Path, required=True, help="counts by tier (TSV)")
    args = parser.parse_args(argv)

    copies, report = augment_chains(
        read_chains(args.chains),
        read_table(args.splits, SPLITS),
        pd.read_parquet(args.pairs),
        pd.read_parquet(args.probabilities),
        coordinate_copies=args.coordinate_copies,
        coordinate_noise=args.coordinate_noise,
        swap_copies=args.swap_copies,
        swap_probability=args.swap_probability,
        seed=args.seed,
    )
    write_chains(copies, args.out)
    write_table(report, args.report)


if __name__ == "__main__":
    main()
