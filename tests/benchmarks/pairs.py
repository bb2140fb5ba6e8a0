"""Base pairs and stackings from 3D: agreement with RNApolis by class, speed, the whole shared set.

``python -m tests.benchmarks.pairs quality``, ``speed`` or ``whole`` runs one part alone. Thresholds
were chosen on entries whose id has an even CRC-32; the others are held out.
"""

import os
import sys
from collections import Counter
from pathlib import Path
from time import process_time
from zlib import crc32

from rna_predict.secondary.contacts import join_chains
from rna_predict.secondary.dot_bracket import dot_bracket_table
from rna_predict.secondary.pairs import CANONICAL, annotate_pairs, find_pairs
from rna_predict.secondary.stacking import annotate_stackings, find_stackings
from rna_predict.structure.chain import Chain
from rna_predict.structure.mmcif import read_entry
from tests.benchmarks.clock import compare
from tests.unit.secondary.conftest import rnapolis_pairs, rnapolis_stackings, seeded_complexes

SHARED = Path(os.environ.get("RNA_PREDICT_SHARED", Path(__file__).parents[3] / "shared" / "data"))
PARTS = ("quality", "speed", "whole")
SAMPLE = 400
"""Complexes of the comparison."""

Contacts = dict[tuple[int, int], set[str]]


def run(parts: tuple[str, ...] = PARTS) -> None:
    """Print the parts, where the shared data is present."""
    if not SHARED.is_dir():
        print(f"no shared data at {SHARED}")
        return
    if "quality" in parts:
        quality(seeded_complexes(SHARED / "pdb", SAMPLE))
    if "speed" in parts:
        complexes = seeded_complexes(SHARED / "pdb", 40)
        residues = sum(len(chain) for chains in complexes for chain in chains)
        for label, ours, theirs in (
            ("base pairs", find_pairs, rnapolis_pairs),
            ("stackings", find_stackings, rnapolis_stackings),
        ):
            compare(
                f"{label} of {len(complexes)} complexes, {residues} residues, against RNApolis",
                lambda find=ours: [find(*join_chains(chains)) for chains in complexes],
                lambda find=theirs: [find(chains) for chains in complexes],
                n=3,
            )
    if "whole" in parts:
        whole([c for path in sorted((SHARED / "pdb").glob("*.gz")) for c in read_entry(path)[0]])


def quality(complexes: list[list[Chain]]) -> None:
    """Print precision, recall and F1 against RNApolis on each half, and where the two differ."""
    for odd in (0, 1):
        half = [chains for chains in complexes if crc32(chains[0].entry.encode()) % 2 == odd]
        print(f"## {len(half)} complexes {'held out' if odd else 'that thresholds were chosen on'}")
        counts: dict[str, Counter] = {}
        differ: Counter = Counter()
        for chains in half:
            letters = "".join(chain.sequence for chain in chains)
            ours, theirs = _found(find_pairs, chains), rnapolis_pairs(chains)
            for name, choose in SETS.items():
                _count(counts, name, choose(ours, letters), choose(theirs, letters))
            differ += _differences(ours, theirs)
            stackings = _found(find_stackings, chains)
            kept = {key for key, topology in stackings.items() if topology != {"downward"}}
            _count(counts, "stackings", set(stackings), set(rnapolis_stackings(chains)))
            _count(counts, "stackings but downward", kept, set(rnapolis_stackings(chains)))
        for name, count in counts.items():
            both, one, other = count["both"], count["ours"], count["theirs"]
            print(
                f"{name}: precision {both / one:.3f}, recall {both / other:.3f},"
                f" F1 {2 * both / (one + other):.4f} ({one} against {other})"
            )
        for kind in ("only here", "only RNApolis", "class"):
            rows = [(what, n) for (group, what), n in differ.most_common() if group == kind]
            print(
                f"{kind}: {sum(n for _, n in rows)}; " + ", ".join(f"{w} {n}" for w, n in rows[:14])
            )


def whole(chains: list[Chain]) -> None:
    """Print the processor time for all chains of the shared set."""
    start = process_time()
    pairs = annotate_pairs(chains)
    paired = process_time()
    stackings = annotate_stackings(chains)
    stacked = process_time()
    table = dot_bracket_table(chains, pairs)
    print(
        f"{len(chains)} chains, {sum(map(len, chains))} residues:"
        f" {len(pairs)} pairs in {paired - start:.1f} s,"
        f" {len(stackings)} stackings in {stacked - paired:.1f} s,"
        f" dot-brackets in {process_time() - stacked:.1f} s,"
        f" {int(table['pseudoknotted'].sum())} of them pseudoknotted"
    )
    print(pairs["lw"].value_counts().to_dict())


def _found(find, chains: list[Chain]) -> Contacts:
    """Give the contacts of a complex in RNApolis' form."""
    rows = zip(*(column.tolist() for column in find(*join_chains(chains))), strict=True)
    return {(i, j): {label} for i, j, label in rows}


def _canonical(found: Contacts, letters: str) -> set:
    return {
        (i, j)
        for (i, j), classes in found.items()
        if "cWW" in classes and letters[i] + letters[j] in CANONICAL
    }


SETS = {
    "canonical": _canonical,
    "all": lambda found, _: set(found),
    "all with class": lambda found, _: {(*key, lw) for key in found for lw in found[key]},
    "not canonical": lambda found, letters: set(found) - _canonical(found, letters),
}


def _count(counts: dict[str, Counter], name: str, ours: set, theirs: set) -> None:
    """Add what two sets have in common, and their sizes."""
    counts.setdefault(name, Counter()).update(
        both=len(ours & theirs), ours=len(ours), theirs=len(theirs)
    )


def _differences(ours: Contacts, theirs: Contacts) -> Counter:
    """Count differences by class; a pair of several classes counts by the first of them."""
    differ: Counter = Counter()
    for key in ours.keys() | theirs.keys():
        mine, other = (min(found.get(key, {""})) for found in (ours, theirs))
        if not other:
            differ["only here", mine] += 1
        elif not mine:
            differ["only RNApolis", other] += 1
        elif not ours[key] & theirs[key]:
            differ["class", f"{mine}/{other}"] += 1
    return differ


if __name__ == "__main__":
    run(tuple(sys.argv[1:]) or PARTS)
