"""Reading entries against gemmi alone; torsions against MDAnalysis' own functions."""

import gzip
import tempfile
import warnings
from pathlib import Path

import gemmi
import MDAnalysis
from MDAnalysis.analysis import nuclinfo

from rna_predict.angles.table import measure_angles
from rna_predict.structure.mmcif import read_chains, read_entry, write_chain
from tests.benchmarks.clock import compare

EXAMPLE = Path(__file__).parents[2] / "config/example/pdb"


def run() -> None:
    """Print both comparisons."""
    paths = sorted(EXAMPLE.glob("*.cif.gz"))
    texts = [gzip.decompress(path.read_bytes()).decode() for path in paths]
    compare(
        f"{len(texts)} entries, read_entry against gemmi's reading",
        lambda: [read_entry(path) for path in paths],
        lambda: [gemmi.read_structure(str(path)) for path in paths],
        n=5,
    )
    (chain,) = read_chains(EXAMPLE / "1y26.cif.gz")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MDAnalysis guesses what the file does not say
        path = Path(folder) / "chain.pdb"
        write_chain(path, chain)
        universe = MDAnalysis.Universe(str(path))
        segment = universe.residues[0].segment.segid
        inner = range(int(chain.auth_numbers[1]), int(chain.auth_numbers[-1]))
        compare(
            f"{len(inner)} nt, all angles of the chain against nuclinfo's seven",
            lambda: measure_angles([chain], "mdanalysis"),
            lambda: [nuclinfo.tors(universe, seg=segment, i=i) for i in inner],
            n=5,
        )
