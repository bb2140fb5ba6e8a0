import numpy as np
import pandas as pd
import pytest

from rna_predict.families.clusters import cluster_sequences
from rna_predict.families.splits import split_chains
from rna_predict.families.summary import compare_with_random, summarise_split
from rna_predict.structure.chain import model_chain

SHARES = (0.7, 0.15, 0.15)


def chain(entry, length=20, seed=0):
    sequence = "".join(np.random.default_rng(seed).choice(list("ACGU"), length))
    return model_chain(entry, sequence, np.full((length, 23, 3), np.nan, dtype=np.float32))


def test_sides_and_forced_chains_are_counted():
    chains = [chain(name, length, seed) for seed, (name, length) in enumerate(
        [("a", 30), ("b", 50), ("c", 20), ("d", 40)]
    )]  # fmt: skip
    splits = pd.DataFrame({
        "chain_id": ["a_A", "b_A", "c_A", "d_A"], "component": ["a_A", "a_A", "c_A", "d_A"],
        "split": ["train", "train", "test", "quarantine"],
    })  # fmt: skip
    hits = pd.DataFrame({
        "chain_id": ["a_A", "a_A", "b_A", "c_A"], "family": ["RF1", "RF2", "RF1", "RF3"],
        "evalue": [1e-9, 1e-9, 1e-9, 0.5],
    })  # fmt: skip
    clusters = cluster_sequences(chains, 0.9, 0.8)
    table = summarise_split(
        chains, splits, hits, clusters, fractions=SHARES, family_evalue=1e-3,
        forced={"held out": {"b_A", "c_A"}},
    ).set_index("side")  # fmt: skip
    assert list(table.index) == ["train", "validation", "test", "quarantine", "held out"]
    assert table["chains"].tolist() == [2, 0, 1, 1, 2]
    assert table["residues"].tolist() == [80, 0, 20, 40, 70]
    assert table["share"].tolist() == pytest.approx([0.8, 0, 0.2, 0.4, 0.7])
    assert table["wanted"].tolist() == pytest.approx([*SHARES, np.nan, np.nan], nan_ok=True)
    assert table["families"].tolist() == [2, 0, 0, 0, 1]
    assert table["components"].tolist() == [1, 0, 1, 1, 2]


def test_a_random_split_leaks_and_one_by_components_does_not():
    chains = [chain(f"e{k}", 30, seed=k // 3) for k in range(60)]
    hits = pd.DataFrame({"chain_id": [], "family": [], "evalue": []})
    clusters = cluster_sequences(chains, 0.9, 0.8)
    splits = split_chains(chains, hits, clusters, fractions=SHARES)
    options = {"fractions": SHARES, "family_evalue": 1e-3, "identity": 0.9, "coverage": 0.8}
    table = compare_with_random(chains, splits, hits, clusters, **options, seed=0)
    table = table.set_index("what")
    assert list(table.columns) == ["components", "random"]
    for side in ("train", "validation", "test"):
        assert table.loc[f"{side}: chains"].nunique() == 1
    assert table.loc["leaks: all", "components"] == "0"
    assert int(table.loc["leaks: sequence", "random"]) > 0
    assert float(table.loc["test chains with a leak", "components"]) == 0
    assert float(table.loc["test chains 0.9 like training", "random"]) > 0.5
    again = compare_with_random(chains, splits, hits, clusters, **options, seed=0)
    pd.testing.assert_frame_equal(table, again.set_index("what"))
