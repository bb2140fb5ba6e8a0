"""Fold one target on known structures: searched, assembled, minimised and ranked."""

import argparse
from pathlib import Path

from rna_predict.families.infernal import PROGRAMS
from rna_predict.predict.benchmark_targets import fold_target_with_templates
from rna_predict.predict.template_library import FamilyModels
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
    add("--families", type=Path, help="covariance models: a file, or a folder of *.cm; none: none")
    add("--program", choices=PROGRAMS, default="pyinfernal", help="infernal: cmsearch on PATH")
    add("--clans", type=Path, help="clans (as Rfam.clanin), within which overlapping hits compete")
    add("--max-evalue", type=float, default=1.0, help="family hits above it do not count")
    add("--database-size", type=float, default=1.0, help="size that E-values refer to (Mb)")
    add("--family-evalue", type=float, default=1e-3,
        help="threshold of membership where a model has no gathering threshold")  # fmt: skip
    add("--models", type=int, default=5, help="different answers")
    add("--seed", type=int, default=0, help="seed of links and loops")
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
    families = None
    if args.families:
        families = FamilyModels.read(
            args.families,
            program=args.program,
            max_evalue=args.max_evalue,
            database_size=args.database_size,
            family_evalue=args.family_evalue,
            clans=args.clans,
        )
    fold_target_with_templates(
        args.sequence,
        args.out_dir,
        args.library,
        guard,
        models=args.models,
        seed=args.seed,
        families=families,
    )


if __name__ == "__main__":
    main()
