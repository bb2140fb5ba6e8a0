"""Fold one target on known structures: searched, assembled, minimised and ranked."""

import argparse
from pathlib import Path

from rna_predict.predict.benchmark_targets import fold_target_with_templates
from rna_predict.predict.template_library import add_family_options, chosen_families
from rna_predict.refine.settings import add_refine_options, chosen_refinement
from rna_predict.templates.guards import Guard


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--sequence", type=Path, required=True, help="one sequence (FASTA)")
    add("--library", type=Path, required=True, help="folder of the template library")
    add("--cutoff", default="", help="YYYY-MM-DD: no template of this day or later, or undated")
    add("--exclude-ids", nargs="+", default=[], help="entries that are no templates")
    add("--exclude-families", nargs="+", default=[], help="families that are no templates")
    add("--max-identity", type=float, help="identity that no template may reach (0 to 1)")
    add_family_options(parser)
    add("--models", type=int, default=5, help="different answers")
    add("--seed", type=int, default=0, help="seed of links and loops")
    add_refine_options(parser)
    add(
        "--out-dir",
        type=Path,
        required=True,
        help="gets model_{rank}.cif and templates.tsv; named like the target",
    )
    args = parser.parse_args(argv)

    guard = Guard(
        cutoff=args.cutoff,
        exclude_entries=frozenset(name.lower() for name in args.exclude_ids),
        exclude_families=frozenset(args.exclude_families),
        max_identity=args.max_identity,
    )
    fold_target_with_templates(
        args.sequence,
        args.out_dir,
        args.library,
        guard,
        models=args.models,
        seed=args.seed,
        families=chosen_families(args),
        refinement=chosen_refinement(args),
    )


if __name__ == "__main__":
    main()
