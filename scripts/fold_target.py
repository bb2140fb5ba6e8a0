"""Fold one target with a trained network: sample, minimise and rank."""

import argparse
from pathlib import Path

from rna_predict.predict.benchmark_targets import fold_target_with_network
from rna_predict.predict.template_library import add_family_options, chosen_families
from rna_predict.refine.settings import add_refine_options, chosen_refinement


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequence", type=Path, required=True, help="one sequence (FASTA)")
    parser.add_argument("--weights", type=Path, required=True, help="weights (safetensors)")
    parser.add_argument("--models", type=int, default=5, help="structures to sample")
    parser.add_argument("--seed", type=int, default=0, help="seed of the samples")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add_family_options(parser)
    add_refine_options(parser)
    parser.add_argument(
        "--out-dir", type=Path, required=True, help="gets model_{rank}.cif, named like the target"
    )
    args = parser.parse_args(argv)

    fold_target_with_network(
        args.sequence,
        args.out_dir,
        args.weights,
        models=args.models,
        seed=args.seed,
        device=args.device,
        families=chosen_families(args),
        refinement=chosen_refinement(args),
    )


if __name__ == "__main__":
    main()
