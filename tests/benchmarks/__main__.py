"""Run all benchmarks, or those named: ``python -m tests.benchmarks structures network``."""

import importlib
import sys

ALL = (
    *("fetch", "structures", "angles", "kinematics", "pairs", "folding", "families", "splits"),
    *("augment", "scores", "puzzles", "minimize", "page", "network"),
)

if __name__ == "__main__":
    for name in sys.argv[1:] or ALL:
        print(f"# {name}")
        importlib.import_module(f"tests.benchmarks.{name}").run()
