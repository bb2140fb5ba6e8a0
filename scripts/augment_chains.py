"""Copy training chains: noise, pair swaps, mutated loops, bases of homologs; check every copy."""

import argparse
from pathlib import Path

import pandas as pd

from rna_predict.augment.copies import Settings, augment_chains
from rna_predict.families.tables import SPLITS, read_table, write_table
from rna_predict.structure.fasta import read_fasta
from rna_predict.structure.store import read_chains, write_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--chains", type=Path, required=True, help="chains (Parquet)")
    add("--splits", type=Path, required=True, help="split of each chain (TSV)")
    add("--pairs", type=Path, required=True, help="annotated pairs (Parquet)")
    add("--probabilities", type=Path, required=True, help="of pairs (Parquet)")
    add("--homologs", type=Path, help="homologs aligned to the chains (Parquet), for tier 4")
    add("--targets", type=Path, help="sequences to predict (FASTA): similar copies are dropped")
    add("--coordinate-copies", type=int, required=True, help="tier 1; 0 = off")
    add("--coordinate-noise", type=float, required=True, help="angstrom")
    add("--swap-copies", type=int, required=True, help="tier 2; 0 = off")
    add("--swap-probability", type=float, required=True, help="least, 0 to 1")
    add("--loop-copies", type=int, required=True, help="tier 3; 0 = off")
    add("--loop-fraction", type=float, required=True, help="greatest share of a loop, 0 to 1")
    add("--homolog-copies", type=int, required=True, help="tier 4; 0 = off")
    add("--homolog-identity", type=float, required=True, help="homologs above it, 0 to 1")
    add("--held-identity", type=float, required=True,
        help="least identity to what is evaluated at which a copy is dropped, 0 to 1")  # fmt: skip
    add("--held-coverage", type=float, required=True, help="over this share of the longer, 0 to 1")
    add("--seed", type=int, required=True, help="of all random numbers")
    add("--out", type=Path, required=True, help="copies (Parquet)")
    add("--report", type=Path, required=True, help="counts by tier (TSV), distances in angstrom")
    args = parser.parse_args(argv)

    copies, report = augment_chains(
        read_chains(args.chains),
        read_table(args.splits, SPLITS),
        pd.read_parquet(args.pairs),
        pd.read_parquet(args.probabilities),
        Settings(**{name: getattr(args, name) for name in Settings.__dataclass_fields__}),
        family_rows=pd.read_parquet(args.homologs) if args.homologs else None,
        targets=read_fasta(args.targets).values() if args.targets else (),
    )
    write_chains(copies, args.out)
    write_table(report, args.report)


if __name__ == "__main__":
    main()
