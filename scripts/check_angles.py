"""Check stored angles against the stored coordinates; a disagreement ends with an error."""

import argparse
import json
from pathlib import Path

from rna_predict.angles.check import check_angles
from rna_predict.angles.table import read_angles
from rna_predict.structure.files import replacing
from rna_predict.structure.store import read_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=Path, required=True, help="chains (Parquet)")
    parser.add_argument("--angles", type=Path, required=True, help="angles (Parquet), radians")
    parser.add_argument("--manifest", type=Path, required=True, help="what measured them (JSON)")
    parser.add_argument(
        "--out", type=Path, required=True, help="TSV, one row an angle, differences in degrees"
    )
    args = parser.parse_args(argv)

    backend = json.loads(args.manifest.read_text())["backend"]
    table = check_angles(
        read_chains(args.chains), read_angles(args.angles), complete=backend != "dssr"
    )
    with replacing(args.out) as path:
        table.to_csv(path, sep="\t", index=False, float_format="%.6f")


if __name__ == "__main__":
    main()
