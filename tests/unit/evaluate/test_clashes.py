import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from rna_predict.constants import BASE_BONDS, SLOT_INDEX, SUGAR_BONDS, slot_mask
from rna_predict.evaluate.clashes import RADII, clash_pairs, clash_score
from rna_predict.structure.chain import model_chain


def lone_atoms(*atoms):
    """Make a chain of one atom a residue, (base, name, position), too far apart to be joined."""
    coords = np.full((len(atoms), 23, 3), np.nan, dtype=np.float32)
    for row, (base, name, position) in enumerate(atoms):
        coords[row, SLOT_INDEX[base][name]] = position
    return model_chain("x", "".join(base for base, _, _ in atoms), coords)


def test_experimental_structures_have_few_clashes(chain):
    assert clash_score(chain("1q9a_A")) == 0.0
    assert clash_score(chain("1y26_X")) < 2.0


def test_carbons_clash_from_an_overlap_of_0_4_on():
    touching = 2 * RADII["C"]
    for gap, clashes in ((-0.41, 1), (-0.39, 0)):
        pair = lone_atoms(("A", "C2", (0, 0, 0)), ("A", "C8", (touching + gap, 0, 0)))
        assert len(clash_pairs(pair)) == clashes
    assert clash_score(lone_atoms(("A", "C2", (0, 0, 0)), ("A", "C8", (2.0, 0, 0)))) == 500.0


def test_donor_and_acceptor_may_come_closer_than_two_acceptors():
    at = (2.45, 0, 0)
    assert len(clash_pairs(lone_atoms(("G", "N1", (0, 0, 0)), ("U", "O4", at)))) == 0
    assert len(clash_pairs(lone_atoms(("A", "N1", (0, 0, 0)), ("U", "O4", at)))) == 1


def bonds_between(chain):
    """Count the bonds between all atoms of an unbroken chain, by walking its bonds."""
    first, second = [], []
    for i, base in enumerate(chain.sequence):
        slot = SLOT_INDEX[base]
        pairs = [(slot[a], slot[b]) for a, b in SUGAR_BONDS + BASE_BONDS[base]]
        first += [23 * i + a for a, _ in pairs]
        second += [23 * i + b for _, b in pairs]
        if i + 1 < len(chain):
            first.append(23 * i + slot["O3'"])
            second.append(23 * (i + 1) + slot["P"])
    size = 23 * len(chain)
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(size, size))
    return dijkstra(graph, directed=False, unweighted=True)


def test_exactly_the_atoms_up_to_three_bonds_apart_are_spared(chain):
    good = chain("434d_A")
    squeezed = good.with_coords(good.coords * np.float32(0.4))
    points = squeezed.coords.reshape(-1, 3)[np.flatnonzero(squeezed.atom_mask)]
    distance = np.linalg.norm(points[:, None] - points, axis=-1)
    apart = bonds_between(good)
    i, j = np.flatnonzero(squeezed.atom_mask)[np.argwhere(distance < 1.6).T]
    # at 1.6 A even a donor and an acceptor clash: everything so near does, unless it is spared
    expected = {
        (a, b) for a, b in zip(i.tolist(), j.tolist(), strict=True) if a < b and apart[a, b] > 3
    }
    found = set(map(tuple, clash_pairs(squeezed).tolist()))
    assert len(expected) > 100 and expected <= found
    assert all(apart[a, b] > 3 for a, b in found)


def test_two_residues_on_one_another_clash(chain):
    good = chain("1kxk_A")
    coords = good.coords.copy()
    coords[40] = coords[20] + np.float32(0.3)
    coords[40, ~slot_mask()[good.kinds[40]]] = np.nan
    bad = good.with_coords(coords)
    assert len(clash_pairs(bad)) > 100
    assert clash_score(bad) > 10 * clash_score(good)


def test_rigid_motion_changes_nothing(chain, noisy):
    bad = noisy(chain("1q9a_A"), 0.5)
    moved = bad.with_coords(bad.coords[..., [1, 2, 0]] + np.float32(3))
    assert np.array_equal(clash_pairs(bad), clash_pairs(moved)) and len(clash_pairs(bad)) > 5


def test_a_chain_without_atoms_has_no_score(chain):
    good = chain("1q9a_A")
    assert np.isnan(clash_score(good.with_coords(np.full_like(good.coords, np.nan))))
