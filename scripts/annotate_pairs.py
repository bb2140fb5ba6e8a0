"""Annotate base pairs (Leontis-Westhof classes) and stacked bases of chains from coordinates."""

import argparse
from pathlib import Path

from rna_predict.secondary.dot_bracket import dot_bracket_table
from rna_predict.secondary.pairs import annotate_pairs
from rna_predict.secondary.stacking import annotate_stackings
from rna_predict.structure.files import replacing
from rna_predict.structure.store import read_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=Path, required=True, help="chain store (parquet)")
    parser.add_argument("--out", type=Path, required=True, help="pairs (parquet), one row a pair")
    parser.add_argument("--stacking", type=Path, help="stacked bases (parquet), one row a contact")
    parser.add_argument("--dot-brackets", type=Path, help="canonical pairs (TSV), one row a chain")
    args = parser.parse_args(argv)

    chains = read_chains(args.chains)
    pairs = annotate_pairs(chains)
    with replacing(args.out) as path:
        pairs.to_parquet(path, index=False)
    if args.stacking:
        with replacing(args.stacking) as path:
            annotate_stackings(chains).to_parquet(path, index=False)
    if args.dot_brackets:
        with replacing(args.dot_brackets) as path:
            dot_bracket_table(chains, pairs).to_csv(path, sep="\t", index=False)


if __name__ == "__main__":
    main()
