"""lDDT of one model against biotite's."""

from pathlib import Path

import biotite.structure as biotite
import numpy as np

from rna_predict.evaluate.lddt import lddt, native_contacts
from rna_predict.structure.mmcif import read_chains
from tests.benchmarks.clock import compare

EXAMPLE = Path(__file__).parents[2] / "config/example/pdb"


def run() -> None:
    """Print the comparison."""
    (native,) = read_chains(EXAMPLE / "1y26.cif.gz")
    rng = np.random.default_rng(0)
    model = native.coords + rng.normal(0, 1, native.coords.shape).astype(np.float32)
    residue, slot = np.nonzero(native.atom_mask)

    def atoms(coords: np.ndarray) -> biotite.AtomArray:
        array = biotite.AtomArray(len(residue))
        array.coord, array.res_id = coords[residue, slot], residue + 1
        array.element[:], array.chain_id[:] = "C", "A"
        return array

    theirs = atoms(native.coords), atoms(model)
    contacts = native_contacts(native.coords, native.atom_mask)
    assert abs(lddt(model, contacts)[0] - biotite.lddt(*theirs)) < 1e-5
    compare(
        f"{len(native)} nt, lDDT of one model, contacts made anew",
        lambda: lddt(model, native_contacts(native.coords, native.atom_mask)),
        lambda: biotite.lddt(*theirs),
        n=5,
    )
    compare(
        f"{len(native)} nt, lDDT of one more model of the same native",
        lambda: lddt(model, contacts),
        lambda: biotite.lddt(*theirs),
        n=5,
    )
