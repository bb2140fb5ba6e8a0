from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.families.clusters import cluster_sequences
from rna_predict.families.nearest import (
    compare_folds,
    fold_leaks,
    nearest_folds,
    nearest_sequences,
)


def planted(chain, entry, seed=0):
    """Give a copy of a structure under another entry and sequence."""
    letters = np.random.default_rng(seed).permutation(list("ACGU" * len(chain)))[: len(chain)]
    bare = chain.coords.copy()
    bare[:, 12:] = np.nan
    mask = np.isfinite(bare).all(-1)
    return replace(chain, entry=entry, sequence="".join(letters), coords=bare, atom_mask=mask)


def sides(**names):
    rows = [(name, name, side) for side, found in names.items() for name in found]
    return pd.DataFrame(rows, columns=["chain_id", "component", "split"])


@pytest.fixture
def chains(example_chains):
    by_name = {chain.name: chain for chain in example_chains}
    kept = [by_name[name] for name in ("1ehz_A", "1y26_X", "1kxk_A", "2gdi_X", "1duq_A", "1dqf_A")]
    return [*kept, planted(kept[0], "9fak"), planted(kept[4], "9hel")]


def compare(chains, splits, count=10):
    clusters = cluster_sequences(chains, 0.9, 0.8)
    return compare_folds(chains, splits, clusters, count=count, ratio=0.45)


def test_a_fold_planted_in_training_under_another_sequence_is_a_leak(chains):
    splits = sides(train=["9fak_A", "1y26_X", "1kxk_A"], test=["1ehz_A", "2gdi_X"])
    folds = compare(chains, splits)
    (leak,) = fold_leaks(folds, 0.45).itertuples()
    assert (leak.kind, leak.train_chain, leak.test_chain) == ("structure", "9fak_A", "1ehz_A")
    assert float(leak.value) == pytest.approx(1.0, abs=1e-3)
    assert "76 residues of train, 76 of test" in leak.detail
    assert not fold_leaks(folds, 0.2).empty


def test_different_folds_are_none(chains):
    splits = sides(train=["1y26_X", "1kxk_A"], test=["1ehz_A", "2gdi_X"], validation=["9fak_A"])
    folds = compare(chains, splits)
    assert len(folds) == 4
    assert fold_leaks(folds, 0.45).empty


def test_chains_in_quarantine_are_in_no_side(chains):
    splits = sides(train=["1y26_X"], test=["1ehz_A"], quarantine=["9fak_A"])
    assert set(compare(chains, splits)["train_chain"]) == {"1y26_X"}


def test_short_chains_are_reported_and_no_leak(chains):
    splits = sides(train=["9hel_A", "1kxk_A"], test=["1duq_A"])
    folds = compare(chains, splits)
    assert folds["tm"].max() == pytest.approx(1.0, abs=1e-3)
    assert fold_leaks(folds, 0.45).empty
    near = nearest_folds(splits, cluster_sequences(chains, 0.9, 0.8), folds)
    assert near["nearest_fold"].tolist() == ["9hel_A"]


def test_no_neighbours_are_no_comparison(chains):
    folds = compare(chains, sides(train=["9fak_A"], test=["1ehz_A"]), count=0)
    assert folds.empty
    assert fold_leaks(folds, 0.45).empty


def test_a_cluster_has_the_row_of_the_chain_that_stood_for_it(chains, example_chains):
    twin = next(chain for chain in example_chains if chain.name == "1evv_A")
    splits = sides(train=["9fak_A"], test=["1ehz_A", "1evv_A"])
    folds = compare([*chains, twin], splits)
    assert len(folds) == 1
    near = nearest_folds(splits, cluster_sequences([*chains, twin], 0.9, 0.8), folds)
    assert near["chain_id"].tolist() == ["1ehz_A", "1evv_A"]
    assert near["tm"].nunique() == 1
    assert set(near["nearest_fold"]) == {"9fak_A"}


def test_the_nearest_sequence_is_found_with_identity_and_coverage(chains):
    changed = chains[0].sequence
    changed = changed[:30] + ("A" if changed[30] != "A" else "C") + changed[31:]
    near = planted(chains[0], "9nea")
    near = replace(near, sequence=changed, residue_names=tuple(changed))
    splits = sides(train=["1y26_X", "9nea_A", "1kxk_A", "9fak_A"], test=["1ehz_A"])
    (row,) = nearest_sequences([*chains, near], splits).itertuples()
    assert (row.chain_id, row.nearest, row.coverage) == ("1ehz_A", "9nea_A", 1.0)
    assert row.identity == pytest.approx(75 / 76, abs=1e-4)


def test_a_part_of_a_longer_training_chain_is_seen(chains):
    whole = chains[0]
    part = replace(
        whole, entry="9par", sequence=whole.sequence[20:50],
        residue_names=whole.residue_names[20:50], coords=whole.coords[20:50],
        atom_mask=whole.atom_mask[20:50], auth_numbers=whole.auth_numbers[20:50],
        ins_codes=whole.ins_codes[20:50],
    )  # fmt: skip
    (row,) = nearest_sequences(
        [*chains, part], sides(train=["1ehz_A", "1y26_X"], test=["9par_A"])
    ).itertuples()
    assert (row.container, row.contained) == ("1ehz_A", 1.0)
    assert row.coverage < 0.8


def test_without_training_chains_nothing_is_nearest(chains):
    (row,) = nearest_sequences(chains, sides(test=["1ehz_A"])).itertuples()
    assert (row.nearest, row.container) == ("", "")
    assert np.isnan(row.identity)
