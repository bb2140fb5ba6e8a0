"""Run all benchmarks, or those named: ``python -m tests.benchmarks structures network``."""

import sys

from tests.benchmarks import folding, network, scores, structures

ALL = {
    "structures": structures.run,
    "scores": scores.run,
    "network": network.run,
    "folding": folding.run,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or ALL:
        print(f"# {name}")
        ALL[name]()
