"""Count what each step of the data flow let through, from the entry list to the chain store."""

import argparse
from pathlib import Path

from rna_predict.structure.files import replacing
from rna_predict.structure.funnel import count_funnel


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifests", type=Path, nargs="+", required=True, help="what was fetched")
    parser.add_argument("--rejected", type=Path, required=True, help="rejects of all shards (TSV)")
    parser.add_argument("--chains", type=Path, required=True, help="chains kept (Parquet)")
    parser.add_argument("--out", type=Path, required=True, help="one row a step (TSV)")
    args = parser.parse_args(argv)

    table = count_funnel(args.manifests, args.rejected, args.chains)
    with replacing(args.out) as temporary:
        table.to_csv(temporary, sep="\t", index=False)


if __name__ == "__main__":
    main()
