"""Minimise models with OpenMM; a model that fails a gate keeps its input, with the reason."""

import argparse
from pathlib import Path

from rna_predict.evaluate.models import read_models
from rna_predict.refine.b_factors import read_b_factors
from rna_predict.refine.batch import minimize_chains
from rna_predict.refine.minimize import MAX_ITERATIONS, RESTRAINT, TIME_LIMIT
from rna_predict.structure.chain import Chain
from rna_predict.structure.files import replacing
from rna_predict.structure.mmcif import write_chain


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
    parser.add_argument("--platform", default="auto", help="of OpenMM: CUDA, OpenCL or CPU")
    parser.add_argument("--threads", type=int, default=1, help="models at a time")
    args = parser.parse_args(argv)
    if len({path.name for path in args.models}) < len(args.models):
        parser.error("the models' files need different names")

    models = read_models(args.models)
    chains, energies = minimize_chains(
        models,
        [path.name.split(".")[0].removeprefix("model_") for path in args.models],
        threads=args.threads,
        restraint=args.restraint,
        max_iterations=args.max_iterations,
        time_limit=args.time_limit,
        platform=args.platform,
    )
    for path, chain in zip(args.models, chains, strict=True):
        if isinstance(chain, Chain):
            write_chain(args.out_dir / path.name, chain, read_b_factors(path, chain))
    with replacing(args.energies) as path:
        energies.to_csv(path, sep="\t", index=False)
    if unreadable := [str(chain) for chain in chains if not isinstance(chain, Chain)]:
        raise SystemExit("\n".join(unreadable))


if __name__ == "__main__":
    main()
