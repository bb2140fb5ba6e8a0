"""Search chains or targets with the covariance models of families (Infernal)."""

import argparse
from pathlib import Path

from rna_predict.families.clans import read_clans
from rna_predict.families.covariance_models import read_models
from rna_predict.families.infernal import PROGRAMS, make_program
from rna_predict.families.members import chain_sequences, write_alignments
from rna_predict.families.search import search_families
from rna_predict.families.tables import write_table
from rna_predict.structure.fasta import read_fasta
from rna_predict.structure.store import iterate_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--chains", type=Path, help="chain store (Parquet)")
    given.add_argument("--targets", type=Path, help="sequences (FASTA)")
    add = parser.add_argument
    add("--models", type=Path, nargs="+", required=True,
        help="calibrated covariance models: files, or folders of *.cm")  # fmt: skip
    add("--program", choices=PROGRAMS, default="pyinfernal", help="infernal: cmsearch on PATH")
    add("--clans", type=Path, help="clans (as Rfam.clanin), within which overlapping hits compete")
    add("--max-evalue", type=float, required=True, help="hits above it are not reported")
    add("--database-size", type=float, required=True, help="size that E-values refer to (Mb)")
    add("--family-evalue", type=float, default=1e-3,
        help="threshold of membership where a model has no gathering threshold")  # fmt: skip
    add("--cache", type=Path, help="folder that keeps hits by model and sequence")
    add("--out", type=Path, required=True, help="families (TSV), one row a hit")
    add("--alignments", type=Path, help="aligned members (Parquet)")
    args = parser.parse_args(argv)

    if args.chains:
        sequences = chain_sequences(iterate_chains(args.chains))
    else:
        sequences = read_fasta(args.targets)
    families, alignments = search_families(
        sequences,
        read_models(args.models),
        make_program(args.program, args.max_evalue, args.database_size),
        family_evalue=args.family_evalue,
        clans=read_clans(args.clans) if args.clans else None,
        cache=args.cache,
    )
    write_table(families, args.out)
    if args.alignments:
        write_alignments(alignments, args.alignments)


if __name__ == "__main__":
    main()
