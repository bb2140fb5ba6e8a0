"""Bring PDB entries from a mirror into a folder and list what came."""

import argparse
from pathlib import Path

from rna_predict.structure.fetch import fetch_entries
from rna_predict.structure.files import replacing
from rna_predict.structure.shards import read_entry_list


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ids", nargs="*", default=[], help="PDB ids")
    parser.add_argument("--ids-file", type=Path, help="file of PDB ids, one a line")
    parser.add_argument("--source", required=True, help="address or path with {id} in it")
    parser.add_argument("--raw-dir", type=Path, required=True, help="folder for {id}.cif.gz")
    parser.add_argument("--jobs", type=int, default=4, help="downloads at a time")
    parser.add_argument("--out", type=Path, required=True, help="manifest (TSV), one row an id")
    args = parser.parse_args(argv)

    ids = args.ids + (read_entry_list(args.ids_file) if args.ids_file else [])
    table = fetch_entries(ids, args.source, args.raw_dir, args.jobs)
    with replacing(args.out) as temporary:
        table.to_csv(temporary, sep="\t", index=False)


if __name__ == "__main__":
    main()
