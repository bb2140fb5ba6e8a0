"""New bases on old frames: ideal, in place, and only where there is room."""

import numpy as np
import pytest

from rna_predict.augment.substitution import (
    CLASH,
    bonds,
    clashing,
    new_base,
    rebuildable,
    substitute,
)
from rna_predict.constants import BASE_ATOMS, BASES, N_BACKBONE, SLOT_INDEX
from rna_predict.geometry.frames import ideal_base


@pytest.fixture(scope="module")
def chain(example_chains):
    return next(chain for chain in example_chains if chain.entry == "1y26")


def distances(points):
    return np.linalg.norm(points[:, None] - points, axis=-1)


@pytest.mark.parametrize("letter", BASES)
def test_every_base_takes_any_other_ones_place_with_ideal_atoms(chain, letter):
    for i in np.flatnonzero(rebuildable(chain))[:20].tolist():
        base = new_base(chain, i, letter)
        np.testing.assert_allclose(distances(base), distances(ideal_base(letter)), atol=1e-5)
        slots = SLOT_INDEX[chain.sequence[i]]
        old = chain.coords[i, [slots["C1'"], slots["N9" if "N9" in slots else "N1"]]]
        np.testing.assert_allclose(base[0], old[1], atol=1e-4)


def test_backbone_and_other_residues_are_untouched(chain):
    room = np.zeros((0, 3))
    for i in range(30, 40):
        letter = "C" if chain.sequence[i] != "C" else "U"
        made = substitute(chain, [{i: letter}], room)
        if made is chain:
            continue
        assert made.sequence == chain.sequence[:i] + letter + chain.sequence[i + 1 :]
        assert made.residue_names[i] == letter
        np.testing.assert_array_equal(made.coords[:, :N_BACKBONE], chain.coords[:, :N_BACKBONE])
        np.testing.assert_array_equal(np.delete(made.coords, i, 0), np.delete(chain.coords, i, 0))
        break
    else:
        pytest.fail("no residue had room")


def test_a_base_without_room_is_not_built_and_its_partner_stays_too(chain):
    spots = np.flatnonzero(rebuildable(chain)).tolist()
    free = [i for i in spots if chain.sequence[i] == "U" and substitute(chain, [{i: "C"}]) != chain]
    first, second = free[0], spots[-1]
    atom = new_base(chain, first, "C")[BASE_ATOMS["C"].index("N4")]
    near = atom[None] + [[0.0, 0.0, CLASH - 0.1]]
    letter = "A" if chain.sequence[second] == "G" else "G"
    assert substitute(chain, [{first: "C"}], near) is chain
    assert substitute(chain, [{first: "C", second: letter}], near) is chain
    free = substitute(chain, [{first: "C"}], atom[None] + 100.0)
    assert free.sequence[first] == "C"
    assert clashing(free, [first], near) == {first}
    assert clashing(free, [first], atom[None] + 100.0) == set()


def test_watson_crick_pairs_bond_in_any_other_ones_place(chain, example_pairs):
    ready = rebuildable(chain)
    found = tried = 0
    for i, j in example_pairs:
        if ready[i] and ready[j] and chain.sequence[i] + chain.sequence[j] in ("GC", "AU"):
            for one, other in ("GC", "CG", "AU", "UA"):
                tried += 1
                found += bonds(chain, {i: one, j: other})
    assert tried >= 20
    assert found >= 0.9 * tried
    assert not bonds(chain, {0: "G", 30: "C"})


@pytest.fixture(scope="module")
def example_pairs(chain):
    from rna_predict.secondary.pairs import find_pairs

    i, j, lw = find_pairs(chain.kinds, chain.coords)
    return [(int(a), int(b)) for a, b, name in zip(i, j, lw, strict=True) if name == "cWW"]
