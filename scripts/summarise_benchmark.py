"""Summarise a benchmark: means with intervals, paired comparisons, worst targets, figures."""

import argparse
from pathlib import Path

from rna_predict.report.benchmark import write_benchmark


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=Path, nargs="+", required=True, help="of models (TSV)")
    parser.add_argument("--residues", type=Path, nargs="+", required=True, help="of residues (TSV)")
    parser.add_argument(
        "--families", type=Path, nargs="+", required=True, help="hits in the targets (TSV)"
    )
    parser.add_argument(
        "--family-evalue", type=float, required=True, help="hits up to it are family labels"
    )
    parser.add_argument("--bootstrap", type=int, required=True, help="bootstrap samples")
    parser.add_argument("--seed", type=int, default=0, help="seed of the bootstrap")
    parser.add_argument(
        "--out-dir", type=Path, required=True, help="gets the tables (CSV) and figures (SVG)"
    )
    args = parser.parse_args(argv)

    write_benchmark(
        args.out_dir,
        args.scores,
        args.residues,
        args.families,
        family_evalue=args.family_evalue,
        draws=args.bootstrap,
        seed=args.seed,
    )


if __name__ == "__main__":
    main()
