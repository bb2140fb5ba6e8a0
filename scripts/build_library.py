"""Build the template library: known chains with their dates, pairs and families, to search in."""

import argparse
from pathlib import Path

import pandas as pd

from rna_predict.families.covariance_models import read_models
from rna_predict.families.members import read_alignments, read_families
from rna_predict.templates.library import write_library


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--chains", type=Path, required=True, help="chain store (Parquet)")
    add("--pairs", type=Path, help="base pairs annotated in 3D (Parquet); found if not given")
    add("--families", type=Path, help="hits of families (TSV); none if not given")
    add("--alignments", type=Path, help="members aligned to their families (Parquet)")
    add("--models", type=Path, help="covariance models, which go with the library")
    add("--out", type=Path, required=True, help="folder of the library")
    args = parser.parse_args(argv)

    count = write_library(
        args.chains,
        args.out,
        pairs=pd.read_parquet(args.pairs) if args.pairs else None,
        families=read_families(args.families) if args.families else None,
        alignments=read_alignments(args.alignments) if args.alignments else None,
        models=read_models([args.models]) if args.models else (),
    )
    print(f"{count} templates in {args.out}")


if __name__ == "__main__":
    main()
