from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.families.clusters import cluster_sequences
from rna_predict.families.components import find_components
from rna_predict.families.splits import split_chains
from rna_predict.structure.chain import model_chain

NO_FAMILIES = pd.DataFrame({"chain_id": [], "family": [], "evalue": []})
SHARES = (0.7, 0.15, 0.15)


def chain(entry, letter="A", length=30, seed=None):
    seed = sum(ord(c) * 7**k for k, c in enumerate(entry + letter)) if seed is None else seed
    sequence = "".join(np.random.default_rng(seed).choice(list("ACGU"), length))
    made = model_chain(entry, sequence, np.full((length, 23, 3), np.nan, dtype=np.float32))
    return replace(made, chain=letter)


def families(*rows):
    return pd.DataFrame(rows, columns=["chain_id", "family", "evalue"])


def split(chains, hits=NO_FAMILIES, **options):
    options = {"fractions": SHARES, **options}
    clusters = cluster_sequences(chains, 0.9, 0.8)
    return split_chains(chains, hits, clusters, **options).set_index("chain_id")


def test_components_join_through_families_clusters_and_entries():
    chains = [chain("a"), chain("b"), chain("b", "B"), chain("c", seed=1), chain("d", seed=1)]
    chains.append(chain("e"))
    hits = families(("a_A", "RF1", 1e-9), ("b_A", "RF1", 0.5), ("e_A", "RF1", 2.0))
    hits.loc[3] = ("b_B", "RF2", 1e-5)
    hits.loc[4] = ("c_A", "RF2", 1e-5)
    clusters = cluster_sequences(chains, 0.9, 0.8)
    wide = find_components(chains, hits, clusters, 1.0)
    assert wide == {**dict.fromkeys(["a_A", "b_A", "b_B", "c_A", "d_A"], "a_A"), "e_A": "e_A"}
    narrow = find_components(chains, hits, clusters, 1e-3)
    assert narrow["a_A"] == "a_A"
    assert narrow["b_A"] == narrow["d_A"] == "b_A"


def test_a_chain_without_a_cluster_is_refused():
    chains = [chain("a"), chain("b")]
    clusters = cluster_sequences(chains[:1], 0.9, 0.8)
    with pytest.raises(InputError, match="no row for chain b_A"):
        find_components(chains, NO_FAMILIES, clusters, 1.0)


def test_tables_without_their_columns_are_refused():
    with pytest.raises(InputError, match="families: no column evalue; columns: chain_id, family"):
        find_components([], NO_FAMILIES[["chain_id", "family"]], NO_FAMILIES, 1.0)


def test_components_are_never_cut():
    chains = [chain(f"e{k}", letter, 20 + k) for k in range(40) for letter in "AB"]
    hits = families(*((f"e{k}_A", f"RF{k % 11}", 1e-6) for k in range(40)))
    table = split(chains, hits)
    assert (table.groupby("component")["split"].nunique() == 1).all()
    assert table.index.tolist() == [chain.name for chain in chains]
    assert set(table["split"]) == {"train", "validation", "test"}


def test_fractions_of_residues_are_met_closely():
    chains = [chain(f"e{k}", length=10 + k % 50) for k in range(300)]
    table = split(chains)
    lengths = pd.Series({chain.name: len(chain) for chain in chains})
    shares = lengths.groupby(table["split"]).sum() / lengths.sum()
    assert shares["train"] == pytest.approx(0.7, abs=0.005)
    assert shares["validation"] == pytest.approx(0.15, abs=0.005)


def test_the_same_seed_gives_the_same_split_in_any_order_of_chains():
    chains = [chain(f"e{k}", length=20) for k in range(60)]
    first, again = split(chains, seed=1), split(chains[::-1], seed=1)
    assert first.sort_index().equals(again.sort_index())
    assert not first["split"].equals(split(chains, seed=2)["split"])


def test_a_small_side_is_no_single_large_component():
    chains = [chain(f"e{k}", length=20) for k in range(100)] + [chain("big", length=280)]
    for seed in range(5):
        assert split(chains, seed=seed).loc["big_A", "split"] == "train"


def test_hold_outs_go_to_test_with_their_relatives():
    chains = [chain(f"e{k}") for k in range(20)] + [chain("e3", "B")]
    hits = families(("e3_B", "RF1", 1e-4), ("e5_A", "RF1", 1e-4), ("e7_A", "RF1", 0.1))
    table = split(chains, hits, holdouts=["e3_A", "e9"])
    held = table[table["reason"] == "holdout"]
    assert set(held.index) == {"e3_A", "e3_B", "e5_A", "e9_A"}
    assert set(held["split"]) == {"test"}
    assert table.loc["e7_A", "component"] != table.loc["e5_A", "component"]


def test_weak_hits_join_what_is_not_held_out():
    chains = [chain(f"e{k}") for k in range(20)]
    hits = families(("e1_A", "RF1", 0.5), ("e2_A", "RF1", 0.5), ("e3_A", "RF1", 1e-9))
    table = split(chains, hits, holdouts=["e3"])
    assert table.loc["e1_A", "component"] == table.loc["e2_A", "component"] == "e1_A"
    assert table.loc["e3_A", "component"] == "e3_A"


def test_chains_like_a_target_are_hold_outs():
    chains = [chain(f"e{k}") for k in range(20)]
    target = chains[4].sequence[:10] + "N" + chains[4].sequence[11:]
    table = split(chains, targets={"mine": target, "strange": "A" * 30})
    assert list(table.index[table["reason"] == "holdout"]) == ["e4_A"]


def test_chains_of_the_family_of_a_target_are_hold_outs():
    chains = [chain(f"e{k}") for k in range(20)]
    hits = families(("e4_A", "RF1", 1e-9), ("e5_A", "RF1", 0.5), ("e6_A", "RF2", 1e-9))
    of_targets = families(("mine", "RF1", 1e-12), ("mine", "RF2", 0.2))
    table = split(chains, hits, targets={"mine": "A" * 30}, target_families=of_targets)
    assert list(table.index[table["reason"] == "holdout"]) == ["e4_A"]


def test_structural_neighbours_are_one_component_and_follow_a_hold_out():
    chains = [chain(f"e{k}") for k in range(20)]
    near = pd.DataFrame({"chain_id": ["e1_A", "e3_A"], "neighbour": ["e2_A", "gone_A"]})
    table = split(chains, neighbours=near, holdouts=["e2"])
    assert table.loc["e1_A", "component"] == table.loc["e2_A", "component"]
    assert set(table.index[table["reason"] == "holdout"]) == {"e1_A", "e2_A"}


def test_members_by_their_score_are_relatives_whatever_their_e_value():
    chains = [chain(f"e{k}") for k in range(20)]
    hits = families(("e1_A", "RF1", 0.1), ("e2_A", "RF1", 1e-9), ("e3_A", "RF1", 0.1))
    hits["label"] = ["True", "True", "False"]
    table = split(chains, hits, holdouts=["e2"])
    assert set(table.index[table["reason"] == "holdout"]) == {"e1_A", "e2_A"}


def test_new_and_undated_chains_go_to_test_with_their_relatives():
    dates = ["2001-01-01", "2020-01-01", "", "2010-01-01", "2009-12-31", *["1999-01-01"] * 15]
    chains = [replace(chain(f"e{k}"), release_date=date) for k, date in enumerate(dates)]
    hits = families(("e0_A", "RF1", 1e-9), ("e1_A", "RF1", 1e-9))
    table = split(chains, hits, cutoff="2010-01-01")
    late = table[table["reason"] == "cutoff"]
    assert set(late.index) == {"e0_A", "e1_A", "e2_A", "e3_A"}
    assert set(late["split"]) == {"test"}
    assert set(table["split"]) == {"train", "validation", "test"}


@pytest.mark.parametrize(
    ("lengths", "holdouts"),
    [((90, 5, 5), []), ((30, 30, 30), ["e0"]), ((50, 30, 31, 32), ["e0"]), ((500, 8, 9), ["e1"])],
)
def test_validation_is_never_empty_with_three_components(lengths, holdouts):
    chains = [chain(f"e{k}", length=length) for k, length in enumerate(lengths)]
    assert set(split(chains, holdouts=holdouts)["split"]) == {"train", "validation", "test"}


def test_sides_of_no_share_stay_empty_and_overfull_test_leaves_proportions():
    chains = [chain(f"e{k}") for k in range(40)]
    two = split(chains, fractions=(0.8, 0.2, 0.0))
    assert two["split"].value_counts().to_dict() == {"train": 32, "validation": 8}
    held = split(chains, holdouts=[f"e{k}" for k in range(20)], fractions=(0.6, 0.2, 0.2))
    assert held["split"].value_counts().to_dict() == {"test": 20, "train": 15, "validation": 5}


def test_no_chains_give_an_empty_table():
    table = split_chains([], NO_FAMILIES, cluster_sequences([], 0.9, 0.8), fractions=SHARES)
    assert list(table.columns) == ["chain_id", "component", "split", "reason"]
    assert table.empty


def test_impossible_splits_are_refused():
    chains = [chain("a"), chain("b")]
    with pytest.raises(InputError, match="three shares that add up to 1"):
        split(chains, fractions=(0.7, 0.2, 0.2))
    with pytest.raises(InputError, match="nothing to train on"):
        split(chains, holdouts=["a", "b"])
