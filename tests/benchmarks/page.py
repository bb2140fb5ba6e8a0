"""The page of a run with fifty targets: how large it is and how soon a browser shows it."""

import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

from rna_predict.evaluate.scores import score_models
from rna_predict.report.render import build_report
from rna_predict.structure.mmcif import read_chains
from tests.unit.report.browser import Browser, find_chromium
from tests.unit.report.conftest import write_run

EXAMPLE = Path(__file__).parents[2] / "config/example/pdb"
ENTRIES = ("1a9n", "1xjr", "1y26", "2gdi", "6tna")
TARGETS = 50
ROUNDS = 5


def run() -> None:
    """Print sizes and times."""
    program = find_chromium()
    if program is None:
        raise SystemExit("needs Chromium")
    chains = [read_chains(EXAMPLE / f"{entry}.cif.gz")[0] for entry in ENTRIES]
    copies = [replace(chains[k % len(chains)], entry=f"t{k:03d}") for k in range(TARGETS)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        quick = partial(score_models, hydrogens=False)  # its 250 clash scores take minutes
        with patch("tests.unit.report.conftest.score_models", quick):
            inputs = write_run(folder / "run", copies, tuple(chain.name for chain in copies))
        page = folder / "index.html"
        start = time.perf_counter()
        build_report(inputs, page)
        built = time.perf_counter() - start
        browser = Browser(program, folder / "profile")
        seconds = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            browser.open(page)
            browser.run("document.querySelector('.viewer').scrollIntoView()")
            browser.wait("document.querySelector('.viewer').dataset.drawn")
            seconds.append(time.perf_counter() - start)
            browser.call("Page.navigate", url="about:blank")
        browser.close()
        size = page.stat().st_size / 1e6
    shown = ", ".join(f"{value:.2f}" for value in seconds)
    print(f"{TARGETS} targets of {min(map(len, copies))}-{max(map(len, copies))} nt, five models")
    print(f"page {size:.1f} MB, built in {built:.1f} s; loaded, first 3D view drawn: {shown} s")
