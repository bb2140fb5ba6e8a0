"""Torsions against MDAnalysis' own functions, residue by residue, and over the whole shared set."""

import os
import tempfile
import warnings
from pathlib import Path

import MDAnalysis
import numpy as np
from MDAnalysis.analysis import nuclinfo

from rna_predict.angles.check import check_angles
from rna_predict.angles.table import measure_angles
from rna_predict.structure.chain import Chain
from rna_predict.structure.mmcif import read_chains, read_entry, write_chain
from tests.benchmarks.clock import compare, seconds

ROOT = Path(__file__).parents[2]
NAMES = ("1y26", "1kxk", "2gdi", "1ehz")


def run() -> None:
    """Print the comparisons, then the times for all shared entries where they are at hand."""
    example = ROOT / "config/example/pdb"
    for chain in (read_chains(example / f"{name}.cif.gz")[0] for name in NAMES):
        compare_with_nuclinfo(chain)
    shared = Path(os.environ.get("RNA_PREDICT_SHARED", ROOT.parent / "shared" / "data")) / "pdb"
    paths = sorted(shared.glob("*.cif.gz"))
    if paths:
        measure_all([chain for path in paths for chain in read_entry(path)[0]])


def compare_with_nuclinfo(chain: Chain) -> None:
    """Measure the same residues in both ways: those with a neighbour on either side."""
    step = np.diff(chain.auth_numbers) == 1
    whole = np.isfinite(measure_angles([chain], "mdanalysis")[0]).all(1)
    inner = np.flatnonzero(whole[1:-1] & step[:-1] & step[1:]) + 1
    numbers = chain.auth_numbers[inner].tolist()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MDAnalysis guesses what the file does not say
        path = Path(folder) / "chain.pdb"
        write_chain(path, chain)
        universe = MDAnalysis.Universe(str(path))
        segment = universe.residues[0].segment.segid
        compare(
            f"{chain.name}: all 16 angles of {len(chain)} nt against nuclinfo's seven and phase "
            f"of {len(numbers)}",
            lambda: measure_angles([chain], "mdanalysis"),
            lambda: [
                (nuclinfo.tors(universe, segment, i), nuclinfo.phase_as(universe, segment, i))
                for i in numbers
            ],
            n=5,
        )


def measure_all(chains: list[Chain]) -> None:
    """Print the time that all angles of many chains take, and that of their check."""
    angles = measure_angles(chains, "mdanalysis")
    keys = [(chain.name, chain.model) for chain in chains]
    stored = dict(zip(keys, angles, strict=True))
    measured = seconds(lambda: measure_angles(chains, "mdanalysis"))
    checked = seconds(lambda: check_angles(chains, stored))
    residues = sum(map(len, chains))
    print(
        f"{len(chains)} chains, {residues} nt: measured in {measured:.2f} s "
        f"({1e6 * measured / residues:.1f} us/nt), checked in {checked:.2f} s"
    )
