"""Bring PDB entries from a mirror into a folder and list what came."""

import argparse
import logging
from pathlib import Path

import numpy as np

from rna_predict.structure.facts import read_facts
from rna_predict.structure.fetch import fetch_entries, outage
from rna_predict.structure.files import replacing
from rna_predict.structure.shards import read_entry_list


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ids", nargs="*", default=[], help="PDB ids")
    parser.add_argument("--ids-file", type=Path, help="file of PDB ids, one a line")
    parser.add_argument("--source", required=True, help="address or path with {id} in it")
    parser.add_argument("--facts", type=Path, help="TSV: pdb_id, sha256 of the mirror's file")
    parser.add_argument("--raw-dir", type=Path, required=True, help="folder for {id}.cif.gz")
    parser.add_argument("--jobs", type=int, default=4, help="downloads at a time")
    parser.add_argument("--rate", type=float, default=0.0, help="bound on all (MB/s); 0 = none")
    parser.add_argument("--retries", type=int, default=4, help="further tries for each entry")
    parser.add_argument("--timeout", type=float, default=60.0, help="longest silence (s)")
    parser.add_argument("--out", type=Path, required=True, help="manifest (TSV), one row an id")
    args = parser.parse_args(argv)

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    table = fetch_entries(
        args.ids + (read_entry_list(args.ids_file) if args.ids_file else []),
        args.source,
        args.raw_dir,
        args.jobs,
        facts=read_facts(args.facts) if args.facts else None,
        checked=args.raw_dir / ".checked" / args.out.name,
        rate=args.rate,
        tries=args.retries + 1,
        timeout=args.timeout,
        rng=np.random.default_rng(),  # jobs that start together must not retry together
    )
    with replacing(args.out) as temporary:
        table.to_csv(temporary, sep="\t", index=False)
    if message := outage(table):
        raise SystemExit(message)


if __name__ == "__main__":
    main()
