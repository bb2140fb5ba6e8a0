"""Parse and filter the entries of one shard."""

import argparse
from pathlib import Path

from rna_predict.structure.facts import read_facts
from rna_predict.structure.files import replacing
from rna_predict.structure.filters import Limits
from rna_predict.structure.parse import parse_shard
from rna_predict.structure.store import write_chains


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="entries that were fetched")
    parser.add_argument("--raw-dir", type=Path, required=True, help="folder of the entries")
    parser.add_argument("--models", choices=("first", "all"), required=True, help="NMR models")
    parser.add_argument("--facts", type=Path, help="facts that the files may lack (TSV)")
    parser.add_argument("--out", type=Path, required=True, help="chains kept (Parquet)")
    parser.add_argument("--rejected", type=Path, required=True, help="what was left out (TSV)")
    parser.add_argument("--notes", type=Path, required=True, help="about what was kept (TSV)")
    parser.add_argument("--min-length", type=int, required=True, help="nt")
    parser.add_argument("--max-length", type=int, required=True, help="nt")
    parser.add_argument("--max-resolution", type=float, required=True, help="angstrom")
    parser.add_argument("--min-observed", type=float, required=True, help="fraction of residues")
    parser.add_argument("--max-modified", type=float, required=True, help="fraction of residues")
    parser.add_argument("--max-unknown", type=float, required=True, help="fraction of residues")
    parser.add_argument("--max-broken", type=float, required=True, help="fraction of observed")
    args = parser.parse_args(argv)

    limits = Limits(
        min_length=args.min_length,
        max_length=args.max_length,
        max_resolution=args.max_resolution,
        min_observed=args.min_observed,
        max_modified=args.max_modified,
        max_unknown=args.max_unknown,
        max_broken=args.max_broken,
    )
    facts = read_facts(args.facts) if args.facts else None
    chains, rejected, notes = parse_shard(
        args.manifest, args.raw_dir, limits, models=args.models, facts=facts
    )
    write_chains(chains, args.out)
    for table, path in ((rejected, args.rejected), (notes, args.notes)):
        with replacing(path) as temporary:
            table.to_csv(temporary, sep="\t", index=False)


if __name__ == "__main__":
    main()
