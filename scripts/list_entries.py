"""List the PDB entries with RNA that a search at RCSB finds."""

import argparse
import json
from pathlib import Path

from rna_predict.structure.files import replacing
from rna_predict.structure.query import build_query, list_entries


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True, help="search service")
    parser.add_argument("--max-resolution", type=float, default=0.0, help="angstrom; 0 = any")
    parser.add_argument("--released-from", default="", help="first day (YYYY-MM-DD); '' = any")
    parser.add_argument("--released-before", default="", help="day after the last; '' = any")
    parser.add_argument("--retries", type=int, default=4, help="further tries")
    parser.add_argument("--timeout", type=float, default=60.0, help="longest silence (s)")
    parser.add_argument("--out", type=Path, required=True, help="ids, one a line")
    args = parser.parse_args(argv)

    query = build_query(args.max_resolution, args.released_from, args.released_before)
    ids = list_entries(args.address, query, tries=args.retries + 1, timeout=args.timeout)
    # No day of the search: the same answer gives the same bytes.
    lines = [f"# {len(ids)} entries from {args.address}", f"# {json.dumps(query)}", *ids]
    with replacing(args.out) as temporary:
        temporary.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
