"""Write the sequence of a benchmark target, which is all that predictors see of it (FASTA)."""

import argparse
from pathlib import Path

from rna_predict.evaluate.benchmarks import target_fasta
from rna_predict.evaluate.models import read_complex
from rna_predict.structure.files import replacing


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--native", type=Path, required=True, help="experimental structure")
    parser.add_argument("--target", required=True, help="name of the target")
    parser.add_argument("--sequence", default="", help="instead of the native's own")
    parser.add_argument("--out", type=Path, required=True, help="FASTA, one record a chain")
    args = parser.parse_args(argv)

    text = target_fasta(args.target, read_complex(args.native), args.sequence)
    with replacing(args.out) as path:
        path.write_text(text)


if __name__ == "__main__":
    main()
