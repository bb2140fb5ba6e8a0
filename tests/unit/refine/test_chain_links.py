from dataclasses import replace

import numpy as np

from rna_predict.constants import SLOT_INDEX
from rna_predict.refine.chain_links import close_links, joined_residues, segments

SLOT = SLOT_INDEX["N"]


def opened(chain, cut, gap):
    """Move what follows a residue away from what precedes it."""
    coords = chain.coords.astype(np.float64)
    bond = coords[cut, SLOT["P"]] - coords[cut - 1, SLOT["O3'"]]
    coords[cut:] += gap * bond / np.linalg.norm(bond)
    return coords


def test_a_whole_chain_is_joined_and_left_alone(motif):
    coords = motif.coords.astype(np.float64)
    joined, repairs = joined_residues(motif, coords)
    assert joined.all() and not repairs
    found, repairs = close_links(motif.sequence, coords, joined)
    assert not repairs
    np.testing.assert_array_equal(found, coords)


def test_a_torn_link_is_joined_and_its_phosphate_shares_the_gap(motif):
    coords = opened(motif, 12, 3.0)
    joined, repairs = joined_residues(motif, coords)
    assert joined.all() and not repairs
    found, repairs = close_links(motif.sequence, coords, joined)
    assert [(r.kind, r.residue, r.detail) for r in repairs] == [
        ("closed_link", 12, "O3'-P was 4.6 A")
    ]
    phosphorus = found[12, SLOT["P"]]
    arms = [found[11, SLOT["O3'"]], found[12, SLOT["O5'"]]]
    lengths = np.linalg.norm(arms - phosphorus, axis=1)
    assert abs(lengths[0] - lengths[1]) < 0.3 and lengths.max() < 3.4
    oxygens = found[12, [SLOT["OP1"], SLOT["OP2"]]]
    assert np.allclose(np.linalg.norm(oxygens - phosphorus, axis=1), 1.48, atol=0.2)
    moved = np.flatnonzero(np.nanmax(np.abs(found - coords), axis=(1, 2)) > 0)
    assert moved.tolist() == [12]


def test_a_phosphate_that_left_alone_comes_back(motif):
    coords = motif.coords.astype(np.float64)
    away = coords.copy()
    away[12, :3] += 1.5 * (coords[12, SLOT["P"]] - coords[11, SLOT["O3'"]])
    joined, _ = joined_residues(motif, away)
    found, repairs = close_links(motif.sequence, away, joined)
    assert [repair.residue for repair in repairs] == [12]
    assert np.nanmax(np.linalg.norm(found - coords, axis=-1)) < 0.4


def test_a_far_gap_stays_open_and_is_told(motif):
    coords = opened(motif, 12, 15.0)
    joined, repairs = joined_residues(motif, coords)
    assert np.flatnonzero(~joined).tolist() == [11]
    assert [(r.kind, r.residue) for r in repairs] == [("open_link", 12)]
    assert segments(motif.observed, joined) == ((0, 12), (12, 26))
    assert not close_links(motif.sequence, coords, joined)[1]


def test_a_gap_in_numbering_is_no_torn_link(motif):
    numbers = motif.auth_numbers.copy()
    numbers[12:] += 5
    coords = opened(motif, 12, 3.0)
    apart = replace(motif.with_coords(coords.astype(np.float32)), auth_numbers=numbers)
    joined, repairs = joined_residues(apart, coords)
    assert np.flatnonzero(~joined).tolist() == [11] and not repairs


def test_missing_residues_split_the_stretches():
    observed = np.array([True, True, False, True, True])
    joined = np.array([True, False, False, True])
    assert segments(observed, joined) == ((0, 2), (3, 5))
