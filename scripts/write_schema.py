"""Write the JSON schema of the configuration, for editors and for the sync test."""

import argparse
from pathlib import Path

from rna_predict.config import schema


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="JSON, e.g. config/schema.json")
    args = parser.parse_args(argv)

    args.out.write_text(schema())


if __name__ == "__main__":
    main()
