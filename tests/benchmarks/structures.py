"""Reading entries against gemmi alone; torsions against MDAnalysis' own functions; the stores.

The whole way is measured on the shared data where it is there.
"""

import gzip
import os
import tempfile
import warnings
from pathlib import Path
from statistics import median

import gemmi
import MDAnalysis
import numpy as np
from MDAnalysis.analysis import nuclinfo

from rna_predict.angles.table import measure_angles
from rna_predict.structure.chain import Chain
from rna_predict.structure.export import ChainExport, export_chains
from rna_predict.structure.facts import read_facts
from rna_predict.structure.filters import Limits, filter_chains
from rna_predict.structure.mmcif import read_chains, read_entry, write_chain
from rna_predict.structure.store import read_chain, write_chains
from tests.benchmarks.clock import compare, seconds

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config/example/pdb"
LIMITS = Limits(5, 500, 9.0, 0.5, 0.3, 0.3, 0.3)
"""Those of config.yaml."""
LOOKS = 200
"""Chains that are looked up in a store."""


def run() -> None:
    """Print all comparisons."""
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
    shared = Path(os.environ.get("RNA_PREDICT_SHARED", ROOT.parent / "shared" / "data"))
    if (shared / "pdb").is_dir():
        with tempfile.TemporaryDirectory() as folder:
            _whole_way(shared, Path(folder))
            _stores(shared, Path(folder))


def _whole_way(shared: Path, folder: Path) -> None:
    """Compare entries to filtered chains and angles in files with gemmi's reading alone."""
    paths = sorted((shared / "pdb").glob("*.cif.gz"))
    facts = read_facts(shared / "entries.tsv")

    def ours() -> None:
        kept: list[Chain] = []
        for path in paths:
            kept += filter_chains(read_entry(path, known=facts[path.name[:4]])[0], LIMITS)[0]
        write_chains(kept, folder / "kept.parquet")
        measure_angles(kept, "mdanalysis")

    compare(
        f"{len(paths)} entries, parse, filter, store and angles against gemmi's reading",
        ours,
        lambda: [gemmi.read_structure(str(path)) for path in paths],
        n=1,
    )


def _stores(shared: Path, folder: Path) -> None:
    """Print size and access times of both stores with all chains in all models."""
    paths = sorted((shared / "pdb").glob("*.cif.gz"))
    chains = [chain for path in paths for chain in read_entry(path, models="all")[0]]
    atoms = sum(int(chain.atom_mask.sum()) for chain in chains)
    print(f"{len(chains)} chain models, {atoms} atoms:")
    table, packed = folder / "chains.parquet", folder / "chains.safetensors"
    for path, write in ((table, write_chains), (packed, export_chains)):
        time = seconds(lambda path=path, write=write: write(chains, path))
        print(f"  {path.name}: {path.stat().st_size / 1e6:.1f} MB, written in {time:.2f} s")
    print(f"  opening the export: {1e3 * seconds(lambda: ChainExport(packed)):.1f} ms")
    export = ChainExport(packed)
    rows = np.random.default_rng(0).choice(len(chains), size=LOOKS, replace=False).tolist()
    keys = [export.keys()[row] for row in rows]
    for name, look in (("store", lambda key: read_chain(table, *key)),
                       ("export", lambda key: export.get(*key))):  # fmt: skip
        times = [1e3 * seconds(lambda key=key, look=look: look(key)) for key in keys]
        print(f"  one chain from the {name}: median {median(times):.3f}, most {max(times):.3f} ms")
