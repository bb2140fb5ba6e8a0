"""Score all models that a predictor has of a benchmark target."""

import argparse
from pathlib import Path

from rna_predict.evaluate.benchmarks import score_target
from rna_predict.structure.files import replacing


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--predictor", required=True, help="its name; foreign: models without rank")
    parser.add_argument("--target", required=True, help="name of the target")
    parser.add_argument("--models", type=Path, required=True, help="folder of models")
    parser.add_argument("--native", type=Path, required=True, help="experimental structure")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--out", type=Path, required=True, help="TSV, one row a model")
    parser.add_argument(
        "--per-residue", type=Path, required=True, help="TSV, one row a residue of each model"
    )
    args = parser.parse_args(argv)

    tables = score_target(args.predictor, args.target, args.models, args.native, args.jobs)
    for table, out in zip(tables, (args.out, args.per_residue), strict=True):
        with replacing(out) as path:
            table.to_csv(path, sep="\t", index=False)


if __name__ == "__main__":
    main()
