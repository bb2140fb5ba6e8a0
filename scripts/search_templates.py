"""Search templates for the chains of the training and validation splits."""

import argparse
from pathlib import Path

from rna_predict.data.template_search import SearchTables, search_chain_templates


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--library", type=Path, required=True, help="folder of the template library")
    add("--chains", type=Path, required=True, help="chains (parquet)")
    add("--probabilities", type=Path, required=True, help="base-pair probabilities (parquet)")
    add("--consensus", type=Path, help="consensus pairs of families (parquet)")
    add("--splits", type=Path, required=True, help="split of each chain (TSV)")
    add("--clusters", type=Path, help="cluster of each chain (TSV)")
    add("--cutoff", default="", help="ISO date: no template is newer or undated; empty: none")
    add("--processes", type=int, default=1, help="processes that search")
    add("--out", type=Path, required=True, help="templates of each chain (safetensors)")
    args = parser.parse_args(argv)

    tables = SearchTables(
        chains=args.chains,
        probabilities=args.probabilities,
        consensus=args.consensus,
        splits=args.splits,
        clusters=args.clusters,
    )
    counts = search_chain_templates(tables, args.library, args.out, args.cutoff, args.processes)
    print(f"{counts['shown']} of {counts['chains']} chains have templates: {args.out}")


if __name__ == "__main__":
    main()
