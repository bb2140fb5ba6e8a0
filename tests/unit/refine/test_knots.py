import numpy as np
import pytest

from rna_predict.constants import SLOT_INDEX
from rna_predict.refine.knots import threaded_loops
from rna_predict.refine.pierced_rings import pierced_rings
from rna_predict.structure.chain import model_chain
from rna_predict.structure.mmcif import read_chains

SLOT = SLOT_INDEX["N"]


def knots(chain, joined=None):
    joined = np.ones(len(chain) - 1, dtype=bool) if joined is None else joined
    coords = chain.coords.astype(np.float64)
    return pierced_rings(chain, coords, joined) + threaded_loops(chain, coords, joined)


def threaded(hairpin, strand, aside):
    """Put a strand on the axis of a hairpin's loop, or that far from it (angstrom)."""
    loop = hairpin.coords[3:14].astype(np.float64)
    corners = loop[:, [SLOT["P"], SLOT["C4'"]]].reshape(-1, 3)
    plane = np.linalg.svd(corners - corners.mean(0))[2]
    coords = strand.coords.astype(np.float64)
    trace = coords[:, SLOT["C4'"]] - coords[:, SLOT["C4'"]].mean(0)
    axis = np.linalg.svd(trace)[2][0]
    across = np.cross(axis, plane[2])
    turn = np.array(
        [
            [0.0, -across[2], across[1]],
            [across[2], 0.0, -across[0]],
            [-across[1], across[0], 0.0],
        ]
    )
    rotation = np.eye(3) + turn + turn @ turn / (1 + axis @ plane[2])
    moved = (coords - coords[:, SLOT["C4'"]].mean(0)) @ rotation.T
    moved += corners.mean(0) + aside * plane[0]
    both = np.concatenate([hairpin.coords, moved.astype(np.float32)])
    joined = np.ones(len(both) - 1, dtype=bool)
    joined[len(hairpin) - 1] = False
    return model_chain("threaded", hairpin.sequence + strand.sequence, both), joined


@pytest.fixture(scope="module")
def parts(chain, part):
    """Give the anticodon hairpin of 1ehz and a strand of ten residues."""
    trna = chain("1ehz_A")
    return part(trna, slice(26, 43)), part(trna, slice(0, 10))


def test_a_strand_through_a_loop_is_a_knot(parts):
    chain, joined = threaded(*parts, aside=0.0)
    found = [knot for knot in knots(chain, joined) if "through the loop" in knot.detail]
    assert len(found) == 1
    assert found[0].kind == "knot" and 17 <= found[0].residue < 27
    assert "through the loop 4-14" in found[0].detail


def test_a_strand_beside_a_loop_is_none(parts):
    chain, joined = threaded(*parts, aside=40.0)
    assert not knots(chain, joined)


def test_the_example_has_no_knots(example_chains):
    for chain in example_chains:
        assert not knots(chain, np.ones(len(chain) - 1, dtype=bool)), chain.name


@pytest.mark.slow
def test_two_hundred_entries_have_no_knots(shared_data):
    paths = sorted((shared_data / "pdb").glob("*.cif.gz"))[::8][:200]
    for path in paths:
        for chain in read_chains(path):
            step = np.diff(chain.auth_numbers) == 1
            assert not knots(chain, step & chain.observed[1:] & chain.observed[:-1]), chain.name
