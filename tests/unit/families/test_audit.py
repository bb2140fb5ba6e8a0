from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.families.audit import audit_splits
from rna_predict.families.clusters import cluster_sequences
from rna_predict.families.splits import split_chains
from rna_predict.structure.chain import model_chain

SIDES = ["train"] * 4 + ["validation"] * 2 + ["test"] * 2


def chain(name, seed, letter="A", date="2000-01-01"):
    sequence = "".join(np.random.default_rng(seed).choice(list("ACGU"), 40))
    made = model_chain(name, sequence, np.full((40, 23, 3), np.nan, dtype=np.float32))
    return replace(made, chain=letter, release_date=date)


@pytest.fixture
def clean():
    """Eight unrelated chains with their tables: four to train, two and two."""
    chains = [chain(f"e{k}", k) for k in range(8)]
    names = [chain.name for chain in chains]
    splits = pd.DataFrame({"chain_id": names, "component": names, "split": SIDES})
    families = pd.DataFrame(
        {"chain_id": ["e0_A", "e1_A", "e6_A"], "family": ["RF1", "RF1", "RF2"], "evalue": 1e-9}
    )
    clusters = pd.DataFrame({"chain_id": names, "cluster": names})
    return {"chains": chains, "splits": splits, "families": families, "clusters": clusters}


def with_sequence(chain, sequence):
    return replace(chain, sequence=sequence, residue_names=tuple(sequence))


def audit(tables, **options):
    return audit_splits(**tables, **options)


def leaks(table):
    return [tuple(row) for row in table[["kind", "train_chain", "test_chain"]].to_numpy()]


def test_a_clean_split_passes(clean):
    table = audit(clean, targets={"t": clean["chains"][7].sequence}, cutoff="2001-01-01")
    assert table.empty
    assert list(table.columns) == ["kind", "train_chain", "test_chain", "value", "detail"]


def test_a_shared_family_is_caught(clean):
    clean["families"].loc[3] = ("e7_A", "RF1", 1e-4)
    (row,) = audit(clean).itertuples()
    assert (row.kind, row.train_chain, row.test_chain, row.value) == (
        "family", "e0_A", "e7_A", "RF1",
    )  # fmt: skip
    assert "train and test; 2 chains of train" in row.detail


def test_weak_family_hits_are_no_label(clean):
    clean["families"].loc[3] = ("e7_A", "RF1", 0.5)
    assert audit(clean).empty
    assert leaks(audit(clean, family_evalue=1.0)) == [("family", "e0_A", "e7_A")]


@pytest.mark.parametrize(("table", "kind"), [("clusters", "cluster"), ("splits", "component")])
def test_a_shared_cluster_or_component_is_caught(clean, table, kind):
    clean[table].loc[4, kind] = "e2_A"
    assert leaks(audit(clean)) == [(kind, "e2_A", "e4_A")]


def test_a_shared_entry_is_caught(clean):
    clean["chains"][6] = replace(clean["chains"][6], entry="e2", chain="B")
    for table in ("splits", "clusters", "families"):
        clean[table]["chain_id"] = clean[table]["chain_id"].replace("e6_A", "e2_B")
    assert leaks(audit(clean)) == [("entry", "e2_A", "e2_B")]


def test_an_identical_sequence_is_caught_once(clean):
    clean["chains"][5] = with_sequence(clean["chains"][5], clean["chains"][1].sequence)
    assert leaks(audit(clean)) == [("sequence", "e1_A", "e5_A")]


def test_a_similar_sequence_is_caught_whatever_the_clusters_say(clean):
    sequence = clean["chains"][1].sequence
    similar = sequence[:20] + ("A" if sequence[20] != "A" else "C") + sequence[21:]
    clean["chains"][7] = with_sequence(clean["chains"][7], similar)
    (row,) = audit(clean).itertuples()
    assert (row.kind, row.train_chain, row.test_chain) == ("identity", "e1_A", "e7_A")
    assert float(row.value) == pytest.approx(39 / 40, abs=1e-3)
    assert audit(clean, identity=0.99).empty


def test_a_leak_between_validation_and_test_is_caught(clean):
    clean["chains"][7] = with_sequence(clean["chains"][7], clean["chains"][4].sequence)
    assert leaks(audit(clean)) == [("sequence", "e4_A", "e7_A")]


@pytest.mark.parametrize(("position", "side"), [(2, "train"), (5, "validation")])
def test_a_target_in_train_or_validation_is_caught(clean, position, side):
    (row,) = audit(clean, targets={"mine": clean["chains"][position].sequence}).itertuples()
    assert (row.kind, row.train_chain, row.test_chain) == ("target", f"e{position}_A", "mine")
    assert side in row.detail


def test_a_target_that_resembles_a_training_chain_is_caught(clean):
    sequence = clean["chains"][2].sequence[2:]
    assert leaks(audit(clean, targets={"mine": sequence})) == [("target", "e2_A", "mine")]


@pytest.mark.parametrize("date", ["2010-01-01", "2015-06-01", ""])
def test_chains_of_train_and_validation_from_the_cut_off_on_are_caught(clean, date):
    for position in (3, 4, 6):
        clean["chains"][position] = replace(clean["chains"][position], release_date=date)
    table = audit(clean, cutoff="2010-01-01")
    assert leaks(table) == [("date", "e3_A", ""), ("date", "e4_A", "")]
    assert set(table["value"]) == {date or "undated"}
    assert audit(clean).empty


@pytest.mark.parametrize(
    ("side", "caught"), [("train", True), ("validation", True), ("test", False)]
)
def test_a_chain_of_the_family_of_a_target_is_caught(clean, side, caught):
    clean["splits"].loc[clean["splits"]["chain_id"].isin(["e0_A", "e1_A"]), "split"] = side
    found = pd.DataFrame({"chain_id": ["mine"], "family": ["RF1"], "evalue": [1e-5]})
    table = audit(clean, targets={"mine": "A" * 40}, target_families=found)
    assert leaks(table) == [("target family", name, "mine") for name in ("e0_A", "e1_A")] * caught
    weak = found.assign(evalue=0.1)
    assert audit(clean, target_families=weak).empty


def test_a_member_by_its_score_is_caught_whatever_its_e_value(clean):
    clean["families"]["label"] = "True"
    clean["families"].loc[3] = ("e7_A", "RF1", 0.5, "True")
    assert leaks(audit(clean)) == [("family", "e0_A", "e7_A")]
    clean["families"].loc[3, "label"] = "False"
    assert audit(clean).empty


def test_chains_in_quarantine_are_in_no_side(clean):
    clean["splits"].loc[7, "split"] = "quarantine"
    clean["chains"][7] = with_sequence(clean["chains"][7], clean["chains"][1].sequence)
    clean["families"].loc[3] = ("e7_A", "RF1", 1e-9)
    assert audit(clean).empty


def test_a_cluster_that_only_quarantine_holds_together_is_none(clean):
    clean["clusters"].loc[[1, 6, 7], "cluster"] = "e1_A"
    assert leaks(audit(clean)) == [("cluster", "e1_A", "e6_A"), ("cluster", "e1_A", "e7_A")]
    clean["splits"].loc[7, "split"] = "quarantine"
    assert audit(clean).empty
    clean["chains"][6] = with_sequence(clean["chains"][6], clean["chains"][1].sequence)
    assert leaks(audit(clean)) == [("cluster", "e1_A", "e6_A"), ("sequence", "e1_A", "e6_A")]


def test_each_chain_that_leaks_has_a_row(clean):
    clean["splits"]["split"] = ["train", "train", "test", "test", *SIDES[4:]]
    clean["clusters"].loc[:3, "cluster"] = "same"
    assert leaks(audit(clean)) == [("cluster", "e0_A", "e2_A"), ("cluster", "e0_A", "e3_A")]


def test_a_split_of_whole_components_passes_and_a_random_one_does_not(example_chains):
    clusters = cluster_sequences(example_chains, 0.9, 0.8)
    families = pd.DataFrame(
        {"chain_id": ["1ehz_A", "1evv_A", "6tna_A"], "family": "RF00005", "evalue": 1e-15}
    )
    splits = split_chains(example_chains, families, clusters, fractions=(0.7, 0.15, 0.15))
    assert audit_splits(example_chains, splits, families, clusters).empty
    shuffled = splits.assign(split=np.random.default_rng(0).permutation(splits["split"]))
    assert len(audit_splits(example_chains, shuffled, families, clusters)) > 0


def test_malformed_splits_are_refused(clean):
    good = clean["splits"]
    for splits, message in (
        (good.assign(split="dev"), "got 'dev'"),
        (pd.concat([good, good[:1]]), "a second row of chain e0_A"),
        (good.assign(chain_id=["zz", *good["chain_id"][1:]]), "chain zz is not among"),
        (good.drop(columns="component"), "no column component"),
    ):
        with pytest.raises(InputError, match=message):
            audit({**clean, "splits": splits})
