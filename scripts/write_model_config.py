"""Check a model file and write it with every default filled in."""

import argparse
from pathlib import Path

import yaml

from rna_predict.config import load_model_file


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="model file (YAML)")
    parser.add_argument("--out", type=Path, required=True, help="complete model file (YAML)")
    args = parser.parse_args(argv)

    args.out.write_text(yaml.safe_dump(load_model_file(args.model), sort_keys=False))


if __name__ == "__main__":
    main()
