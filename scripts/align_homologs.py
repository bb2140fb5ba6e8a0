"""Align the homologs in the seeds of families to their members."""

import argparse
from pathlib import Path

from rna_predict.families.covariance_models import read_models
from rna_predict.families.homologs import homolog_table, write_homologs
from rna_predict.families.members import chain_sequences, read_alignments
from rna_predict.structure.fasta import read_fasta
from rna_predict.structure.store import iterate_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--chains", type=Path, help="chain store (Parquet)")
    given.add_argument("--targets", type=Path, help="sequences (FASTA)")
    add = parser.add_argument
    add("--alignments", type=Path, required=True, help="aligned members (Parquet)")
    add("--models", type=Path, nargs="+", required=True,
        help="covariance models that they were aligned to: files, or folders of *.cm")  # fmt: skip
    add("--seeds", type=Path, help="folder of seed alignments, {accession}.sto; none: no homologs")
    add("--out", type=Path, required=True, help="homologs (Parquet), rows of the chain's length")
    args = parser.parse_args(argv)

    if args.chains:
        sequences = chain_sequences(iterate_chains(args.chains))
    else:
        sequences = read_fasta(args.targets)
    table, faults = homolog_table(
        sequences, read_alignments(args.alignments), read_models(args.models), args.seeds
    )
    print(f"{table.num_rows} homologs; {len(faults)} seeds could not be used", *faults, sep="\n")
    write_homologs(table, args.out)


if __name__ == "__main__":
    main()
