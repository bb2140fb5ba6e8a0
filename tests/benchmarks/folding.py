"""Folding: cost by length, cost and quality on the shared structures. Times are of the processor.

``python -m tests.benchmarks.folding length``, ``cost`` or ``quality`` runs one part alone.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np

from rna_predict.secondary.cache import CachedAdjacency
from rna_predict.secondary.dot_bracket import from_dot_bracket
from rna_predict.secondary.fold import fold_records
from rna_predict.secondary.pairs import annotate_pairs, canonical_pairs
from rna_predict.secondary.viennarna import ViennaRNA
from rna_predict.structure.chain import Chain
from rna_predict.structure.mmcif import read_entry

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("RNA_PREDICT_SHARED", ROOT.parent / "shared" / "data"))
PARTS = ("length", "cost", "quality")
SIZES = ((500, 0), (1_000, 0), (2_000, 0), (2_000, 600), (4_000, 0), (4_000, 600))
"""Length and greatest span (nucleotides); 600 as in config/pdb.yaml."""
SAMPLE = 400
"""Chains of the comparison with structures."""
CHILD = """
import re, sys, time
import numpy as np
from rna_predict.secondary.viennarna import ViennaRNA

def peak():
    # Not getrusage: its maximum starts with what the parent had.
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024

sequence = "".join(np.random.default_rng(0).choice(list("ACGU"), int(sys.argv[1])))
empty, start = peak(), time.process_time()
folding = ViennaRNA(0.01, int(sys.argv[2])).fold(sequence)
spent = time.process_time() - start
print(f"{sys.argv[1]} nt, span {sys.argv[2]}: {spent:.1f} s, peak {peak():.0f} MB, "
      f"{empty:.0f} MB of it before; {len(folding.i)} pairs above 0.01")
"""


def run(parts: tuple[str, ...] = PARTS) -> None:
    """Print cost by length, then cost and quality on the shared set where it is present."""
    if "length" in parts:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        for size in SIZES:
            command = [sys.executable, "-c", CHILD, *map(str, size)]
            subprocess.run(command, env=environment, check=True)
    if not SHARED.is_dir():
        print(f"no shared data at {SHARED}")
        return
    chains = [
        chain
        for path in sorted((SHARED / "pdb").glob("*.cif.gz"))
        for chain in read_entry(path)[0]
        if 10 <= len(chain) <= 500
    ]
    if "cost" in parts:
        cost(chains)
    if "quality" in parts:
        quality(chains)


def cost(chains: list[Chain]) -> None:
    """Print the time for all chains, and again from the cache."""
    records = [(chain.sequence, [chain.name]) for chain in chains]
    unique = len({sequence for sequence, _ in records})
    with tempfile.TemporaryDirectory() as folder:
        source = CachedAdjacency(ViennaRNA(0.01, 0), Path(folder))
        first, again = (processor_seconds(lambda: fold_records(records, source)) for _ in "ab")
        sizes = [path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()]
    print(
        f"{len(records)} chains of 10 to 500 nt, {unique} sequences: {first:.1f} s, "
        f"from the cache {again:.1f} s; {np.mean(sizes):.0f} bytes an entry"
    )


def processor_seconds(work: Callable[[], object]) -> float:
    """Time one call by the processor, which other processes do not disturb."""
    start = process_time()
    work()
    return process_time() - start


def quality(chains: list[Chain]) -> None:
    """Print PPV and sensitivity for canonical pairs of structures, one chain a sequence."""
    fit = {
        chain.sequence: chain
        for chain in chains
        if len(chain) >= 30 and chain.observed.mean() >= 0.9
    }
    order = np.random.default_rng(0).permutation(len(fit))[:SAMPLE]
    chosen = [list(fit.values())[k] for k in order]
    table = canonical_pairs(annotate_pairs(chosen))
    truth = {
        name: set(zip(rows["i"], rows["j"], strict=True))
        for name, rows in table.groupby("chain_id")
    }
    counts: dict[str, np.ndarray] = {}
    used = 0
    for chain in chosen:
        native = truth.get(chain.name, set())
        if len(native) < 5:  # a strand of a duplex, or no structure of its own
            continue
        used += 1
        folding = ViennaRNA(0.01, 0).fold(chain.sequence)
        sets = {"MFE": from_dot_bracket(folding.mfe), "MEA": from_dot_bracket(folding.mea)}
        for bound in (0.5, 0.7, 0.95):
            kept = folding.probability >= bound
            sets[f"p >= {bound}"] = zip(folding.i[kept], folding.j[kept], strict=True)
        seen = chain.observed
        for label, pairs in sets.items():
            said = {(i, j) for i, j in pairs if seen[i] and seen[j]}
            row = np.array([len(said & native), len(said), len(native)])
            counts[label] = counts.get(label, 0) + row
    for label, (right, said, native) in counts.items():
        print(
            f"{label}: PPV {right / said:.3f}, sensitivity {right / native:.3f} "
            f"({used} chains, {native} canonical pairs)"
        )


if __name__ == "__main__":
    run(tuple(sys.argv[1:]) or PARTS)
