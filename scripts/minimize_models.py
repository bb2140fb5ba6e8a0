"""Minimise models with OpenMM; a model that fails a gate keeps its input, with the reason."""

import argparse
from pathlib import Path

from rna_predict.refine.files import minimize_files
from rna_predict.refine.settings import add_refine_options, chosen_refinement


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, nargs="+", required=True, help="mmCIF or PDB")
    parser.add_argument("--out-dir", type=Path, required=True, help="gets files of the same names")
    parser.add_argument(
        "--energies", type=Path, required=True, help="TSV, one row a model (kJ/mol, angstrom)"
    )
    add_refine_options(parser)
    parser.add_argument("--threads", type=int, default=1, help="models at a time")
    args = parser.parse_args(argv)

    batch = minimize_files(
        args.models,
        args.out_dir,
        args.energies,
        threads=args.threads,
        **chosen_refinement(args),
    )
    if batch.faults:
        raise SystemExit("\n".join(str(error) for error in batch.faults))


if __name__ == "__main__":
    main()
