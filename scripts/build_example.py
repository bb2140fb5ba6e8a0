"""Build the entries of the embedded example from the wheel of rna-tools 3.28."""

import argparse
from pathlib import Path

from rna_predict.structure.example import build_example, read_sources


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True, help="rna_tools-3.28-py3-none-any.whl")
    parser.add_argument("--sources", type=Path, required=True, help="allow-list (TSV)")
    parser.add_argument("--out", type=Path, required=True, help="folder for {pdb_id}.cif.gz")
    args = parser.parse_args(argv)

    for path in build_example(args.wheel, read_sources(args.sources), args.out):
        print(path)


if __name__ == "__main__":
    main()
