"""Augmented copies: of training chains alone, labelled, and right in every atom they claim."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.augment.check import changed_residues
from rna_predict.augment.contacts import find_contacts
from rna_predict.augment.copies import Settings, augment_chains
from rna_predict.augment.pair_swap import swappable_pairs
from rna_predict.constants import BASE_ATOMS, N_BACKBONE, SLOT_INDEX
from rna_predict.errors import InputError
from rna_predict.geometry.frames import ideal_base
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.secondary.fold import fold_chains
from rna_predict.secondary.pairs import annotate_pairs, canonical_pairs
from rna_predict.secondary.viennarna import ViennaRNA

SETTINGS = Settings(
    coordinate_copies=2, coordinate_noise=0.5, swap_copies=2, swap_probability=0.9, loop_copies=2,
    loop_fraction=0.4, homolog_copies=2, homolog_identity=0.6, held_identity=0.9,
    held_coverage=0.8, seed=3,
)  # fmt: skip
OFF = dict.fromkeys(("coordinate_copies", "swap_copies", "loop_copies", "homolog_copies"), 0)
COMPLEMENT = str.maketrans("ACGU", "UGCA")


@pytest.fixture(scope="module")
def chains(example_chains):
    return [chain for chain in example_chains if chain.entry in {"1y26", "2gdi", "1xjr", "1ehz"}]


@pytest.fixture(scope="module")
def tables(chains):
    splits = pd.DataFrame(
        {
            "chain_id": [chain.name for chain in chains],
            "split": ["test" if chain.entry == "1ehz" else "train" for chain in chains],
        }
    )
    probabilities, _ = fold_chains(chains, ViennaRNA(0.01, 0))
    return splits, annotate_pairs(chains), probabilities


@pytest.fixture(scope="module")
def family_rows(chains):
    """Three rows of 1y26, two of them near enough, and one of the chain in the test split."""
    sequence = next(chain.sequence for chain in chains if chain.entry == "1y26")
    other = next(chain.sequence for chain in chains if chain.entry == "1ehz")
    near, far = sequence[:40].translate(COMPLEMENT), sequence.translate(COMPLEMENT)
    rows = [
        ("1y26_X", 0.61, near + "-" * (len(sequence) - 40)),
        ("1y26_X", 0.61, sequence[:43] + far[43:]),
        ("1y26_X", 0.60, far),
        ("1ehz_A", 0.9, other.translate(COMPLEMENT)),
    ]
    return pd.DataFrame(rows, columns=["chain_id", "identity", "row"])


@pytest.fixture(scope="module")
def made(chains, tables, family_rows):
    return augment_chains(chains, *tables, SETTINGS, family_rows=family_rows)


@pytest.fixture(scope="module")
def parents(chains):
    return {chain.name: chain for chain in chains}


def test_only_training_chains_have_copies_and_every_copy_names_its_parent(made, chains):
    copies, report = made
    assert {copy.parent for copy in copies} == {c.name for c in chains if c.entry != "1ehz"}
    assert len({copy.name for copy in copies}) == len(copies)
    assert all(
        copy.chain.startswith(copy.parent.split("_")[1] + "~" + copy.tier) for copy in copies
    )
    counted = {tier: sum(copy.tier == tier for copy in copies) for tier in report["tier"]}
    assert dict(zip(report["tier"], report["copies"], strict=True)) == counted
    assert counted["coordinates"] == 6
    assert min(counted[tier] for tier in ("pair_swap", "loop", "homolog")) >= 2
    assert set(zip(report["parents"], report["factor"], strict=True)) >= {(3, 2.0)}


def test_tier_one_is_noise_of_the_stated_size_and_a_rigid_motion(made, parents):
    for copy in made[0]:
        if copy.tier != "coordinates":
            continue
        parent = parents[copy.parent]
        assert copy.sequence == parent.sequence
        mask = parent.atom_mask
        assert np.array_equal(copy.atom_mask, mask)
        rotation, translation = superpose(copy.coords[mask], parent.coords[mask])
        moved = apply_motion(copy.coords[mask], rotation, translation)
        assert np.std(moved - parent.coords[mask]) == pytest.approx(0.5, rel=0.1)
        assert np.linalg.norm(copy.coords[mask] - parent.coords[mask], axis=-1).mean() > 2


def test_tier_two_swaps_pairs_and_leaves_everything_else(made, parents, tables):
    pairs = tables[1]
    for copy in made[0]:
        if copy.tier != "pair_swap":
            continue
        parent = parents[copy.parent]
        changed = np.flatnonzero(changed_residues(copy, parent))
        assert len(changed)
        np.testing.assert_array_equal(copy.coords[:, :N_BACKBONE], parent.coords[:, :N_BACKBONE])
        same = np.setdiff1d(np.arange(len(copy)), changed)
        np.testing.assert_array_equal(copy.coords[same], parent.coords[same])
        own = pairs[pairs["chain_id"] == copy.parent]
        for i in changed:
            (row,) = own[(own["i"] == i) | (own["j"] == i)].itertuples()
            assert row.lw == "cWW"
            assert {row.i, row.j} <= set(changed)
            assert copy.sequence[row.i] + copy.sequence[row.j] in {"AU", "UA", "GC", "CG"}
            assert parent.residue_names[i] == parent.sequence[i]
            assert copy.residue_names[i] == copy.sequence[i]


def test_new_bases_are_ideal_and_their_pairs_close_enough_to_bond(made, parents, tables):
    pairs, gaps = tables[1], []
    for copy in made[0]:
        parent = parents[copy.parent]
        for i in range(len(copy)):
            if copy.sequence[i] == parent.sequence[i]:
                continue
            size = len(BASE_ATOMS[copy.sequence[i]])
            base = copy.coords[i, N_BACKBONE : N_BACKBONE + size]
            ideal = ideal_base(copy.sequence[i])
            lengths = np.linalg.norm(base[:, None] - base, axis=-1)
            wanted = np.linalg.norm(ideal[:, None] - ideal, axis=-1)
            np.testing.assert_allclose(lengths, wanted, atol=1e-3)
        own = pairs[(pairs["chain_id"] == copy.parent) & (pairs["lw"] == "cWW")]
        for row in own.itertuples():
            ends = copy.sequence[row.i] + copy.sequence[row.j]
            if copy.tier == "pair_swap" and ends != parent.sequence[row.i] + parent.sequence[row.j]:
                spots = [
                    copy.coords[k, SLOT_INDEX[letter]["N1" if letter in "AG" else "N3"]]
                    for k, letter in zip((row.i, row.j), ends, strict=True)
                ]
                gaps.append(np.linalg.norm(spots[0] - spots[1]))
    assert len(gaps) >= 4
    assert np.abs(np.array(gaps) - 2.9).max() < 0.6


def test_tier_three_changes_the_interior_of_large_loops_alone(made, parents, tables):
    for copy in made[0]:
        if copy.tier != "loop":
            continue
        own = tables[1][tables[1]["chain_id"] == copy.parent]
        canonical = canonical_pairs(own)
        changed = np.flatnonzero(changed_residues(copy, parents[copy.parent]))
        assert len(changed)
        assert not set(changed) & ({*own["i"]} | {*own["j"]})
        helices = {*canonical["i"]} | {*canonical["j"]}
        assert not ({*(changed - 1)} | {*(changed + 1)}) & helices


def test_tier_four_takes_the_bases_of_near_homologs_and_keeps_pairs(
    made, parents, tables, family_rows
):
    copies = [copy for copy in made[0] if copy.tier == "homolog"]
    assert {copy.parent for copy in copies} == {"1y26_X"}
    parent, near = parents["1y26_X"], family_rows["row"].tolist()[:2]
    canonical = canonical_pairs(tables[1][tables[1]["chain_id"] == "1y26_X"])
    partner = dict(zip(canonical["i"], canonical["j"], strict=True))
    partner |= {j: i for i, j in partner.items()}
    alone = together = 0
    for copy in copies:
        changed = np.flatnonzero(changed_residues(copy, parent))
        assert any(all(row[i] == copy.sequence[i] for i in changed) for row in near)
        for i in changed:
            alone += i not in partner
            if i in partner:
                together += 1
                assert partner[i] in changed
                assert copy.sequence[i] + copy.sequence[partner[i]] in {"AU", "UA", "GC", "CG"}
    assert alone and together


def test_copies_near_to_what_is_evaluated_are_dropped_and_counted(
    made, chains, tables, family_rows
):
    first = next(copy for copy in made[0] if copy.tier == "homolog")
    copies, report = augment_chains(
        chains, *tables, SETTINGS, family_rows=family_rows, targets=[first.sequence]
    )
    dropped = report.set_index("tier")["dropped"]
    assert first.name not in {copy.name for copy in copies}
    assert dropped["homolog"] >= 1
    assert dropped["coordinates"] == 0
    assert len(copies) + dropped.sum() == len(made[0])


def test_copies_depend_on_the_seed_and_not_on_the_other_chains(made, chains, tables):
    fewer = augment_chains(chains[:2], *tables, SETTINGS)[0]
    by_name = {copy.name: copy for copy in made[0]}
    assert fewer
    for copy in fewer:
        np.testing.assert_array_equal(copy.coords, by_name[copy.name].coords)
        assert copy.sequence == by_name[copy.name].sequence
    other = augment_chains(chains[:2], *tables, replace(SETTINGS, seed=4))[0]
    assert not np.array_equal(other[0].coords, fewer[0].coords, equal_nan=True)


def test_tiers_can_be_switched_off(chains, tables, family_rows):
    off = replace(SETTINGS, **OFF)
    copies, report = augment_chains(chains, *tables, off, family_rows=family_rows)
    assert copies == []
    assert report["copies"].tolist() == [0, 0, 0, 0]
    assert set(report["note"]) == {"off"}
    loops = replace(SETTINGS, **{**OFF, "loop_copies": 1})
    assert {copy.tier for copy in augment_chains(chains, *tables, loops)[0]} == {"loop"}


def test_the_report_says_that_no_homologs_were_given(chains, tables):
    copies, report = augment_chains(chains, *tables, SETTINGS)
    assert "homolog" not in {copy.tier for copy in copies}
    assert report.set_index("tier")["note"]["homolog"] == (
        "no homologs of training chains were given"
    )


def test_a_chain_without_a_split_is_an_error(chains, tables):
    with pytest.raises(InputError, match="no split for 1 chains, the first 1ehz_A"):
        augment_chains(chains, tables[0][tables[0]["split"] == "train"], *tables[1:], SETTINGS)


def test_homologs_of_another_length_are_an_error(chains, tables):
    short = pd.DataFrame([("1y26_X", 0.9, "ACGU")], columns=["chain_id", "identity", "row"])
    with pytest.raises(InputError, match="homologs of 1y26_X: expected rows of its length 71"):
        augment_chains(chains, *tables, SETTINGS, family_rows=short)


def test_strained_pairs_are_left_as_they_are(chains, tables):
    chain = next(chain for chain in chains if chain.entry == "1y26")
    pairs, probabilities = (table[table["chain_id"] == chain.name] for table in tables[1:])
    contacts = find_contacts(chain, pairs)
    before = swappable_pairs(chain, contacts, probabilities, 0.9)
    i, j = before[0]
    coords = chain.coords.copy()
    axis = np.nanmean(coords[j], axis=0) - np.nanmean(coords[i], axis=0)
    coords[j] += 1.0 * axis / np.linalg.norm(axis)
    strained = chain.with_coords(coords)
    assert swappable_pairs(strained, contacts, probabilities, 0.9) == before[1:]
    between = find_contacts(chain, pairs, {i})
    assert swappable_pairs(chain, between, probabilities, 0.9) == before[1:]
