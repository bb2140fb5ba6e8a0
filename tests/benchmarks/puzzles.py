"""All models of RNA-Puzzles, all scores."""

import os
import time
from pathlib import Path

from rna_predict.evaluate.models import read_complex, read_complexes
from rna_predict.evaluate.scores import score_models

FOLDER = Path(os.environ.get("RNA_PREDICT_SHARED", "../shared/data")) / "rna_puzzles"


def run() -> None:
    """Score everything with two processes, without and with the clash score."""
    for hydrogens in (False, True):
        start, count = time.perf_counter(), 0
        for folder in sorted(FOLDER.glob("rp*")):
            paths = sorted((folder / "models").iterdir())
            table = score_models(
                read_complexes(paths),
                read_complex(folder / "native.pdb"),
                [path.name for path in paths],
                hydrogens=hydrogens,
                jobs=2,
            )
            count += int((table["error"] == "").sum())
        what = "with" if hydrogens else "without"
        print(f"{count} models {what} the clash score: {time.perf_counter() - start:.0f} s")
