"""Newcomers and an earlier split: nothing old moves, and bridges are quarantined."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.families.audit import audit_splits
from rna_predict.families.clusters import cluster_sequences
from rna_predict.families.splits import split_chains
from rna_predict.families.stability import spread_sides
from rna_predict.structure.chain import model_chain

SHARES = (0.6, 0.2, 0.2)
RF1, RF2, RF3 = ("family", "RF1"), ("family", "RF2"), ("family", "RF3")


def chain(entry, letter="A", sequence=None, seed=0, date="2000-01-01"):
    if sequence is None:
        rng = np.random.default_rng([seed, *entry.encode(), *letter.encode()])
        sequence = "".join(rng.choice(list("ACGU"), 30))
    coords = np.full((len(sequence), 23, 3), np.nan, dtype=np.float32)
    return replace(model_chain(entry, sequence, coords), chain=letter, release_date=date)


def families(*rows):
    return pd.DataFrame(rows, columns=["chain_id", "family", "evalue"])


def split(chains, hits, previous=None, **options):
    clusters = cluster_sequences(chains, 0.9, 0.8)
    options = {"fractions": SHARES, **options}
    return split_chains(chains, hits, clusters, previous=previous, **options)


def audit(chains, table, hits, **options):
    return audit_splits(chains, table, hits, cluster_sequences(chains, 0.9, 0.8), **options)


def previous(**sides):
    rows = [(name, side, "") for name, side in sides.items()]
    return pd.DataFrame(rows, columns=["chain_id", "split", "reason"])


def test_a_newcomer_takes_the_side_of_its_relatives_through_others():
    labels = {"old": [RF1], "near": [RF1, RF2], "far": [RF2], "free": [RF3]}
    sides, quarantined = spread_sides(labels, {"old": "validation"}, {})
    assert sides == {"old": "validation", "near": "validation", "far": "validation"}
    assert quarantined == {}


def test_a_bridge_is_quarantined_with_both_sides_and_both_edges():
    labels = {"a": [RF1], "b": [RF2], "new": [RF1, RF2], "other": [RF1]}
    sides, quarantined = spread_sides(labels, {"a": "train", "b": "test"}, {})
    assert quarantined == {"new": "train by family RF1 with a; test by family RF2 with b"}
    assert sides["other"] == "train"


def test_newcomers_that_only_together_are_a_bridge_lose_the_fewest():
    labels = {"a": [RF1], "b": [RF2], "x": [RF1, RF3], "y": [RF1, RF3], "z": [RF2, RF3]}
    sides, quarantined = spread_sides(labels, {"a": "train", "b": "test"}, {})
    assert quarantined == {"z": "train by family RF3 with x; test by family RF2 with b"}
    assert sides["x"] == sides["y"] == "train"


def test_what_is_quarantined_passes_nothing_on():
    labels = {"a": [RF1], "b": [RF2], "new": [RF1, RF2, RF3], "next": [RF3]}
    sides, _ = spread_sides(labels, {"a": "train", "b": "test"}, {})
    assert "next" not in sides


def test_a_hold_out_related_to_training_is_quarantined():
    labels = {"a": [RF1], "held": [RF1, RF2], "next": [RF2]}
    sides, quarantined = spread_sides(labels, {"a": "train"}, {"held": "test", "next": "test"})
    assert quarantined == {
        "held": "train by family RF1 with a; test as a hold-out or a relative of one"
    }
    assert sides["next"] == "test"


def test_a_similar_sequence_that_joins_two_clusters_is_quarantined_and_the_audit_passes():
    base = "GACUUAGCCAGGAUUCACGUCAUUGCGAUACCGUAGGCUA"
    other = base.translate(str.maketrans("ACGU", "CAUG"))
    left, middle = (base[:20] + other[20 : 20 + k] + base[20 + k :] for k in (6, 3))
    old = [chain("a", sequence=left), chain("b", sequence=base)]
    more = [chain(f"c{k}") for k in range(3)]
    new = chain("m", sequence=middle)
    sides = {"a_A": "train", "b_A": "test", "c0_A": "train", "c1_A": "validation", "c2_A": "train"}
    assert len(set(cluster_sequences(old, 0.9, 0.8)["cluster"])) == 2
    assert len(set(cluster_sequences([*old, new], 0.9, 0.8)["cluster"])) == 1
    chains = [*old, *more, new]
    table = split(chains, families(), previous(**sides)).set_index("chain_id")
    assert {name: table.loc[name, "split"] for name in sides} == sides
    assert table.loc["m_A", "split"] == "quarantine"
    assert "train by similar" in table.loc["m_A", "reason"]
    assert "test by similar" in table.loc["m_A", "reason"]
    assert audit(chains, table.reset_index(), families()).empty


def test_a_hold_out_that_trained_is_refused():
    chains = [chain("a"), chain("b"), chain("c")]
    before = previous(a_A="train", b_A="test", c_A="validation")
    with pytest.raises(InputError, match="a_A is held out, but in train .* cannot move"):
        split(chains, families(), before, holdouts=["a"])


def test_weak_ties_of_a_hold_out_stay_cut_when_chains_are_added():
    chains = [chain(f"e{k}") for k in range(12)]
    hits = families(("e0_A", "RF1", 1e-9), ("e1_A", "RF1", 0.5), ("e2_A", "RF1", 0.5))
    before = split(chains, hits, holdouts=["e0"])
    new = chain("n")
    hits.loc[3] = ("n_A", "RF1", 0.1)
    after = split([*chains, new], hits, before, holdouts=["e0"]).set_index("chain_id")
    assert after.loc["n_A", "split"] == after.loc["e1_A", "split"]
    assert after.loc["n_A", "component"] == after.loc["e1_A", "component"]
    assert after.loc["e0_A", "reason"] == "holdout"
    assert audit([*chains, new], after.reset_index(), hits).empty


def test_a_newcomer_too_new_for_the_side_of_its_relatives_is_quarantined():
    chains = [
        chain("a"),
        chain("b"),
        chain("c"),
        chain("n", date="2021-01-01"),
        chain("m", date=""),
    ]
    hits = families(("a_A", "RF1", 1e-9), ("n_A", "RF1", 1e-9))
    before = previous(a_A="train", b_A="test", c_A="validation")
    table = split(chains, hits, before, cutoff="2020-01-01").set_index("chain_id")
    assert table.loc["n_A", "split"] == "quarantine"
    assert table.loc["n_A", "reason"] == "train by its relatives; test by its date (2021-01-01)"
    assert tuple(table.loc["m_A", ["split", "reason"]]) == ("test", "cutoff")
    assert audit(chains, table.reset_index(), hits, cutoff="2020-01-01").empty


def test_quarantined_chains_are_newcomers_again_and_lost_chains_do_not_matter():
    chains = [chain("a"), chain("b"), chain("c"), chain("q")]
    before = previous(a_A="train", b_A="test", c_A="validation", q_A="quarantine", gone_A="test")
    table = split(chains, families(), before).set_index("chain_id")
    assert table.loc["q_A", "split"] in {"train", "validation", "test"}
    assert list(table.index) == ["a_A", "b_A", "c_A", "q_A"]


def test_sides_that_do_not_exist_are_refused():
    with pytest.raises(InputError, match="quarantine, got 'dev'"):
        split([chain("a")], families(), previous(a_A="dev"))


def test_an_unchanged_set_is_split_as_before():
    chains = [chain(f"e{k}") for k in range(40)]
    before = split(chains, families(), holdouts=["e3"], seed=1)
    again = split(chains, families(), before, holdouts=["e3"], seed=2)
    pd.testing.assert_frame_equal(before, again)


def random_chains(rng, count):
    """Make chains that share entries, sequences, similar sequences and families by chance."""
    stems = ["".join(rng.choice(list("ACGU"), 30)) for _ in range(count // 2)]
    chains, hits = [], []
    for number in range(count):
        sequence = list(stems[rng.integers(len(stems))])
        for position in rng.choice(30, rng.integers(0, 4), replace=False):
            sequence[position] = rng.choice(list("ACGU"))
        entry = f"e{rng.integers(count)}" if rng.random() < 0.3 else f"s{number}"
        chains.append(chain(entry, f"c{number}", "".join(sequence)))
        if rng.random() < 0.5:
            for family in rng.choice(count // 3, rng.integers(1, 3)):
                evalue = float(10.0 ** rng.uniform(-9, 1))
                hits.append((chains[-1].name, f"RF{family}", evalue))
    return chains, families(*hits)


@pytest.mark.parametrize("seed", range(12))
def test_no_chain_ever_moves_and_nothing_leaks_whatever_is_added(seed):
    rng = np.random.default_rng(seed)
    chains, hits = random_chains(rng, 60)
    held = [chains[0].name]
    order = [chains[0], *(chains[k] for k in 1 + rng.permutation(59))]
    table = split(order[:20], hits, holdouts=held, seed=seed)
    met_bridge = False
    for size in (30, 31, 45, 60):
        before = table[table["split"] != "quarantine"].set_index("chain_id")["split"]
        table = split(order[:size], hits, table, holdouts=held, seed=seed)
        after = table.set_index("chain_id")
        assert (after.loc[before.index, "split"] == before).all(), f"seed {seed}"
        assert set(after.index) == {one.name for one in order[:size]}
        leaks = audit(order[:size], table, hits)
        assert leaks.empty, f"seed {seed}: {leaks.to_string()}"
        away = after[after["split"] == "quarantine"]
        assert away["reason"].str.contains("train|validation").all(), f"seed {seed}"
        assert not set(away.index) & set(before.index)
        met_bridge |= len(away) > 0
    assert met_bridge or seed not in {0, 1, 2}, f"seed {seed} was to have a bridge"


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_chains_does_not_matter_to_newcomers(seed):
    rng = np.random.default_rng(100 + seed)
    chains, hits = random_chains(rng, 40)
    before = split(chains[:20], hits, seed=seed)
    one = split(chains, hits, before, seed=seed).set_index("chain_id").sort_index()
    mixed = [chains[k] for k in rng.permutation(40)]
    other = split(mixed, hits, before, seed=seed).set_index("chain_id").sort_index()
    pd.testing.assert_frame_equal(one[["split", "component"]], other[["split", "component"]])
