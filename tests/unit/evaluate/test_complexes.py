from dataclasses import replace

import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.evaluate.bonds import expected_links
from rna_predict.evaluate.complexes import join_chains, pair_complexes


@pytest.fixture
def duplex(chain, part):
    """Two halves of one chain, as two chains whose numbers follow each other."""
    whole = chain("1y26_X")
    return [
        replace(part(whole, slice(0, 40)), chain="A"),
        replace(part(whole, slice(40, len(whole))), chain="B"),
    ]


def test_nothing_is_bonded_across_the_seam(duplex, chain):
    joined = join_chains(duplex)
    assert len(joined) == len(chain("1y26_X"))
    assert joined.chain == "A+B"
    broken = duplex[1].with_coords(duplex[1].coords + np.float32(50))
    links = expected_links(join_chains([duplex[0], broken]))
    assert not links[39]
    assert links.sum() == len(joined) - 2


def test_a_single_chain_stays_as_it_is(chain):
    assert join_chains([chain("1y26_X")]) is chain("1y26_X")


def test_chains_pair_by_name_in_any_order(duplex):
    pairs = pair_complexes(duplex[::-1], duplex)
    assert pairs.how == "number"
    n = len(duplex[1])
    assert np.array_equal(pairs.native, np.arange(40 + n))
    assert np.array_equal(pairs.model, np.r_[n : n + 40, 0:n])


def test_chains_of_other_names_pair_by_sequence(duplex):
    renamed = [replace(duplex[1], chain="X"), replace(duplex[0], chain="Y")]
    pairs = pair_complexes(renamed, duplex)
    assert np.array_equal(pairs.model[:40], np.arange(40) + len(duplex[1]))


def test_swapped_names_do_not_pair_what_does_not_fit(duplex):
    swapped = [replace(duplex[0], chain="B"), replace(duplex[1], chain="A")]
    pairs = pair_complexes(swapped, duplex)
    assert np.array_equal(pairs.model, np.arange(len(pairs.native)))


def test_a_missing_chain_leaves_its_residues_unpaired(duplex):
    pairs = pair_complexes(duplex[1:], duplex)
    assert np.array_equal(pairs.native, np.arange(len(duplex[1])) + 40)
    assert np.array_equal(pairs.model, np.arange(len(duplex[1])))


def test_nothing_in_common_says_which_chains_were_tried(duplex, chain):
    with pytest.raises(InputError, match="chain A with A.*chain A with B"):
        pair_complexes([replace(chain("1xjr_A"), chain="A")], duplex)
