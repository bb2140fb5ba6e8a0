import numpy as np
import pytest

from rna_predict.constants import SLOT_INDEX
from rna_predict.refine.pierced_rings import pierced_rings

SLOT = SLOT_INDEX["N"]


def knots(chain, coords):
    return pierced_rings(chain, coords, np.ones(len(chain) - 1, dtype=bool))


@pytest.mark.parametrize(
    ("ring", "what"), [(("C4'", "O4'", "C1'", "C2'", "C3'"), "sugar"), (("N1", "C4", "C5"), "base")]
)
def test_a_bond_through_a_ring_is_a_knot(motif, ring, what):
    coords = motif.coords.astype(np.float64)
    slot = SLOT_INDEX[motif.sequence[3]]
    atoms = coords[3, [slot[name] for name in ring]]
    centre = atoms.mean(0)
    normal = np.linalg.svd(atoms - centre)[2][2]
    bond = [SLOT["O5'"], SLOT["C5'"]]
    coords[20, bond] = centre + np.array([[-0.7], [0.7]]) * normal
    found = knots(motif, coords)
    number = motif.auth_numbers[3]
    expected = f"O5'-C5' through the {what} ring of {number}"
    assert expected in [knot.detail for knot in found if knot.residue == 20]
    coords[20, bond] += 3.0 * normal
    again = knots(motif, coords)
    assert expected not in [knot.detail for knot in again]


def test_a_heap_of_atoms_is_no_knot_and_takes_no_time(chain):
    whole = chain("1y26_X")
    heap = whole.coords.astype(np.float64) * 0.02
    assert not knots(whole, heap)


def test_a_native_has_none(chain):
    whole = chain("1ehz_A")
    assert not knots(whole, whole.coords.astype(np.float64))
