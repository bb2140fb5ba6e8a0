"""Fetching from a folder, all files checked, against cp, gzip -t and sha256sum; and again."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from rna_predict.structure.facts import read_facts
from rna_predict.structure.fetch import fetch_entries
from tests.benchmarks.clock import compare

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("RNA_PREDICT_SHARED", ROOT.parent / "shared" / "data"))


def run() -> None:
    """Print both comparisons, on the shared entries or else on those of the example."""
    shared = SHARED.is_dir()
    mirror = SHARED / "pdb" if shared else ROOT / "config/example/pdb"
    facts = read_facts(SHARED / "entries.tsv") if shared else None
    ids = sorted(path.name.partition(".")[0] for path in mirror.glob("*.cif.gz"))
    with tempfile.TemporaryDirectory() as name:
        raw, copy = Path(name) / "raw", Path(name) / "copy"

        def ours(fresh: bool) -> None:
            if fresh:
                shutil.rmtree(raw, ignore_errors=True)
            table = fetch_entries(
                ids,
                f"{mirror}/{{id}}.cif.gz",
                raw,
                facts=facts,
                checked=raw / ".checked" / "000.tsv",
            )
            assert (table["status"] == "ok").all()

        def tools() -> None:
            shutil.rmtree(copy, ignore_errors=True)
            subprocess.run(["cp", "-r", str(mirror), str(copy)], check=True)
            paths = [str(path) for path in copy.iterdir()]
            subprocess.run(["gzip", "-t", *paths], check=True)
            subprocess.run(["sha256sum", *paths], check=True, stdout=subprocess.DEVNULL)

        compare(f"{len(ids)} entries fetched, against tools", lambda: ours(True), tools, n=3)
        compare(
            f"{len(ids)} entries fetched before, against tools", lambda: ours(False), tools, n=3
        )
