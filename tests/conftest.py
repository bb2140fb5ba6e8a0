"""Fixtures shared by all tests: the embedded example and, where present, the larger shared data."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Tests run side by side, one a core; more threads in each would only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def root() -> Path:
    """Give the root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of the large data set, or skip the test where it is absent."""
    folder = Path(os.environ.get("RNA_PREDICT_SHARED", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the shared data is not at {folder}; set RNA_PREDICT_SHARED")
    return folder


@pytest.fixture(scope="session")
def example_chains() -> list:
    """Give all chains of the embedded example entries, first models, in order of entry."""
    from rna_predict.structure.mmcif import read_chains

    paths = sorted((ROOT / "config" / "example" / "pdb").glob("*.cif.gz"))
    return [chain for path in paths for chain in read_chains(path)]
