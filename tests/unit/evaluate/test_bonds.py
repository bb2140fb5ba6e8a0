from dataclasses import replace

import numpy as np

from rna_predict.constants import BASE_BONDS, SLOT_INDEX, SUGAR_BONDS
from rna_predict.evaluate.bonds import bond_deviations, expected_links


def test_experimental_structures_have_nearly_ideal_bonds(chain):
    for name in ("1q9a_A", "1kxk_A", "1duq_A"):
        assert np.sqrt((bond_deviations(chain(name)) ** 2).mean()) < 0.03


def test_every_bond_of_a_whole_chain_is_measured_once(chain):
    whole = chain("1kxk_A")
    expected = sum(len(SUGAR_BONDS) + len(BASE_BONDS[base]) for base in whole.sequence)
    first = whole.atom_mask[0, [SLOT_INDEX["A"][name] for name in ("P", "OP1", "OP2")]]
    missing = 0 if first.all() else 3
    assert len(bond_deviations(whole)) == expected - missing + len(whole) - 1


def test_a_displaced_atom_spoils_its_bonds_only(chain):
    good = chain("1q9a_A")
    coords = good.coords.copy()
    coords[5, SLOT_INDEX["A"]["O2'"]] += 2.0
    before, after = bond_deviations(good), bond_deviations(good.with_coords(coords))
    changed = np.abs(after - before) > 1e-6
    assert changed.sum() == 1 and after[changed] > 0.5


def test_a_stretched_link_is_a_bond_and_a_gap_in_numbering_is_none(chain):
    good = chain("1q9a_A")
    coords = good.coords.copy()
    coords[10:] += 20.0
    broken = good.with_coords(coords)
    assert expected_links(broken).all()
    assert bond_deviations(broken).max() > 15.0
    numbers = good.auth_numbers.copy()
    numbers[10:] += 5
    gap = replace(broken, auth_numbers=numbers)
    assert np.flatnonzero(~expected_links(gap)).tolist() == [9]
    assert bond_deviations(gap).max() < 0.2


def test_an_empty_chain_has_no_deviations(chain):
    good = chain("1q9a_A")
    assert len(bond_deviations(good.with_coords(np.full_like(good.coords, np.nan)))) == 0
