"""Export chains as one compact, memory-mapped file for training machines."""

import argparse
from pathlib import Path

from rna_predict.structure.export import export_chains
from rna_predict.structure.store import iterate_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=Path, required=True, help="chains (Parquet)")
    parser.add_argument("--out", type=Path, required=True, help="export (safetensors)")
    args = parser.parse_args(argv)

    export_chains(iterate_chains(args.chains), args.out)


if __name__ == "__main__":
    main()
