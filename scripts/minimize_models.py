"""Minimise models with OpenMM; a model that fails a gate keeps its input, with the reason."""

import argparse
from pathlib import Path

from rna_predict.refine.files import minimize_files
from rna_predict.refine.minimize import MAX_ITERATIONS, RESTRAINT, TIME_LIMIT
from rna_predict.refine.solvent import SOLVENTS


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, nargs="+", required=True, help="mmCIF or PDB")
    parser.add_argument("--out-dir", type=Path, required=True, help="gets files of the same names")
    parser.add_argument(
        "--energies", type=Path, required=True, help="TSV, one row a model (kJ/mol, angstrom)"
    )
    parser.add_argument(
        "--max-iterations", type=int, default=MAX_ITERATIONS, help="over all stages"
    )
    parser.add_argument(
        "--restraint",
        type=float,
        default=RESTRAINT,
        help="holds P and C1' in the first stage (kJ/mol/nm^2)",
    )
    parser.add_argument(
        "--time-limit",
        type=float,
        default=TIME_LIMIT,
        help="for one model, then its input is kept (s)",
    )
    parser.add_argument("--solvent", choices=SOLVENTS, default="obc", help="implicit")
    parser.add_argument(
        "--dynamics", type=float, default=0.0, help="at 100 K, then minimised again (ps)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the dynamics")
    parser.add_argument("--platform", default="auto", help="of OpenMM: CUDA, OpenCL or CPU")
    parser.add_argument("--threads", type=int, default=1, help="models at a time")
    args = parser.parse_args(argv)

    batch = minimize_files(
        args.models,
        args.out_dir,
        args.energies,
        threads=args.threads,
        restraint=args.restraint,
        max_iterations=args.max_iterations,
        time_limit=args.time_limit,
        solvent=args.solvent,
        dynamics_ps=args.dynamics,
        seed=args.seed,
        platform=args.platform,
    )
    if batch.faults:
        raise SystemExit("\n".join(str(error) for error in batch.faults))


if __name__ == "__main__":
    main()
