"""Compute base-pair probabilities and structures from sequences alone."""

import argparse
from pathlib import Path

from rna_predict.secondary.fold import BACKENDS, fold_chains, fold_records, make_adjacency
from rna_predict.structure.fasta import read_fasta
from rna_predict.structure.files import replacing
from rna_predict.structure.store import read_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--chains", type=Path, help="chain store (Parquet)")
    given.add_argument("--targets", type=Path, help="sequences (FASTA)")
    parser.add_argument("--backend", choices=BACKENDS, default="viennarna")
    parser.add_argument("--files", type=Path, help="backend file: folder with a file a chain")
    parser.add_argument(
        "--program", default="", help="backend program: command line with {fasta} and {out}"
    )
    parser.add_argument(
        "--min-probability", type=float, required=True, help="weaker pairs are dropped (0 to 1)"
    )
    parser.add_argument(
        "--max-span", type=int, required=True, help="longest distance of a pair (nt); 0: no bound"
    )
    parser.add_argument("--cache", type=Path, help="folder that keeps foldings by sequence")
    parser.add_argument("--out", type=Path, required=True, help="probabilities (Parquet)")
    parser.add_argument("--structures", type=Path, help="structures and energies (Parquet)")
    args = parser.parse_args(argv)

    adjacency = make_adjacency(
        args.backend,
        args.min_probability,
        args.max_span,
        files=args.files,
        program=args.program,
        cache=args.cache,
    )
    if args.chains:
        tables = fold_chains(read_chains(args.chains), adjacency)
    else:
        records = [(sequence, (name,)) for name, sequence in read_fasta(args.targets).items()]
        tables = fold_records(records, adjacency)
    for table, out in zip(tables, (args.out, args.structures), strict=True):
        if out:
            with replacing(out) as path:
                table.to_parquet(path, index=False)


if __name__ == "__main__":
    main()
