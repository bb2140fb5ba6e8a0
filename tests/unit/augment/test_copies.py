"""Augmented copies: of training chains alone, labelled, and right in every atom they claim."""

import numpy as np
import pandas as pd
import pytest

from rna_predict.augment.copies import augment_chains
from rna_predict.augment.pair_swap import swappable_pairs
from rna_predict.constants import BASE_ATOMS, N_BACKBONE, SLOT_INDEX
from rna_predict.errors import InputError
from rna_predict.geometry.frames import ideal_base
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.secondary.fold import fold_chains
from rna_predict.secondary.pairs import annotate_pairs

OPTIONS = {
    "coordinate_copies": 2, "coordinate_noise": 0.5, "swap_copies": 2, "swap_probability": 0.9,
    "seed": 3,
}  # fmt: skip


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
    return splits, annotate_pairs(chains), fold_chains(chains, 0.01, 0)


@pytest.fixture(scope="module")
def made(chains, tables):
    return augment_chains(chains, *tables, **OPTIONS)


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
    assert counted["pair_swap"] >= 2


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
        changed = [
            i for i, (a, b) in enumerate(zip(copy.sequence, parent.sequence, strict=True)) if a != b
        ]
        assert changed
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


def test_copies_depend_on_the_seed_and_not_on_the_other_chains(made, chains, tables):
    fewer = augment_chains(chains[:2], *tables, **OPTIONS)[0]
    by_name = {copy.name: copy for copy in made[0]}
    assert fewer
    for copy in fewer:
        np.testing.assert_array_equal(copy.coords, by_name[copy.name].coords)
        assert copy.sequence == by_name[copy.name].sequence
    other = augment_chains(chains[:2], *tables, **{**OPTIONS, "seed": 4})[0]
    assert not np.array_equal(other[0].coords, fewer[0].coords, equal_nan=True)


def test_tiers_can_be_switched_off(chains, tables):
    off = {**OPTIONS, "coordinate_copies": 0, "swap_copies": 0}
    copies, report = augment_chains(chains, *tables, **off)
    assert copies == []
    assert report["copies"].tolist() == [0, 0]


def test_a_chain_without_a_split_is_an_error(chains, tables):
    with pytest.raises(InputError, match="no split for 1 chains, the first 1ehz_A"):
        augment_chains(chains, tables[0][tables[0]["split"] == "train"], *tables[1:], **OPTIONS)


def test_strained_pairs_are_left_as_they_are(chains, tables):
    chain = next(chain for chain in chains if chain.entry == "1y26")
    own = [table[table["chain_id"] == chain.name] for table in tables[1:]]
    before = swappable_pairs(chain, *own, 0.9, set())
    i, j = before[0]
    coords = chain.coords.copy()
    axis = np.nanmean(coords[j], axis=0) - np.nanmean(coords[i], axis=0)
    coords[j] += 1.0 * axis / np.linalg.norm(axis)
    assert swappable_pairs(chain.with_coords(coords), *own, 0.9, set()) == before[1:]
    assert swappable_pairs(chain, *own, 0.9, {i}) == before[1:]
