"""Measure torsions, pucker and pseudo-torsions of chains."""

import argparse
from pathlib import Path

from rna_predict.angles.table import BACKENDS, angle_table, write_angles, write_manifest
from rna_predict.structure.store import read_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=Path, required=True, help="chains (Parquet)")
    parser.add_argument(
        "--backend", choices=BACKENDS, default="mdanalysis", help="dssr: x3dna-dssr on PATH"
    )
    parser.add_argument("--out", type=Path, required=True, help="angles (Parquet), radians")
    parser.add_argument("--manifest", type=Path, help="backend and version (JSON)")
    args = parser.parse_args(argv)

    table = angle_table(read_chains(args.chains), args.backend)
    write_angles(table, args.out)
    if args.manifest:
        write_manifest(args.manifest, table)


if __name__ == "__main__":
    main()
