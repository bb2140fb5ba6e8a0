"""Write one chain of a chain store as mmCIF."""

import argparse
from pathlib import Path

from rna_predict.structure.mmcif import write_chain
from rna_predict.structure.store import read_chain


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=Path, required=True, help="chains (Parquet)")
    parser.add_argument("--chain", required=True, help="chain id, for example 1y26_X")
    parser.add_argument("--out", type=Path, required=True, help="structure (mmCIF)")
    args = parser.parse_args(argv)

    write_chain(args.out, read_chain(args.chains, args.chain))


if __name__ == "__main__":
    main()
