"""Rank the minimised models of one target by confidence and clashes, best first."""

import argparse
from pathlib import Path

from rna_predict.predict.ranking import rank_models, write_ranking


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--models", type=Path, nargs="+", required=True, help="model 1, 2, ... in order (mmCIF)"
    )
    parser.add_argument("--confidence", type=Path, required=True, help="confidence.json")
    parser.add_argument("--energies", type=Path, required=True, help="energies.tsv (kJ/mol)")
    parser.add_argument(
        "--out-dir", type=Path, required=True, help="gets model_{rank}.cif and ranking.tsv"
    )
    args = parser.parse_args(argv)

    table, ranked = rank_models(args.models, args.confidence, args.energies)
    write_ranking(args.out_dir, table, ranked)


if __name__ == "__main__":
    main()
