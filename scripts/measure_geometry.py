"""Measure the bond lengths, bond angles and torsions of a data set."""

import argparse
from pathlib import Path

from rna_predict.evaluate.reference import geometry_statistics, reference_chains
from rna_predict.report.geometry_figures import geometry_figures, write_svg
from rna_predict.structure.files import replacing
from rna_predict.structure.store import read_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=Path, required=True, help="chains (Parquet)")
    parser.add_argument(
        "--max-resolution",
        type=float,
        default=3.0,
        help="worst resolution (angstrom) of a chain that counts; those without one do not, nor "
        "do further chains of the same sequence",
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="statistics (TSV), angstrom and degrees"
    )
    parser.add_argument("--figure", type=Path, help="drawing (SVG)")
    args = parser.parse_args(argv)

    chains = reference_chains(read_chains(args.chains), args.max_resolution)
    table = geometry_statistics(chains)
    with replacing(args.out) as path:
        table.to_csv(path, sep="\t", index=False, float_format="%.4f")
    if args.figure:
        write_svg(geometry_figures(table), args.figure)


if __name__ == "__main__":
    main()
