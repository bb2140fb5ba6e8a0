"""Build null models of a target: its predicted pairs as A-form helices, and nothing learned."""

import argparse
from pathlib import Path

from rna_predict.predict.benchmark_targets import fold_target_with_null
from rna_predict.refine.settings import add_refine_options, chosen_refinement


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequence", type=Path, required=True, help="one sequence (FASTA)")
    parser.add_argument("--models", type=int, default=5, help="structures to build")
    parser.add_argument("--seed", type=int, default=0, help="seed of the noise on loops")
    add_refine_options(parser)
    parser.add_argument(
        "--out-dir", type=Path, required=True, help="gets model_{rank}.cif and ranking.tsv"
    )
    args = parser.parse_args(argv)

    fold_target_with_null(
        args.sequence,
        args.out_dir,
        models=args.models,
        seed=args.seed,
        refinement=chosen_refinement(args),
    )


if __name__ == "__main__":
    main()
