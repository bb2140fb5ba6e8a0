import numpy as np
import pandas as pd
import pytest

from rna_predict.report.folding import folding_accuracy

SEQUENCES = {"1abc_A": "GGGAAACCC", "1abc_B": "GGGAAACCC", "2xyz_A": "GCAAAAGC"}
SEEN = {name: np.ones(len(sequence), dtype=bool) for name, sequence in SEQUENCES.items()}
NATIVE = [("1abc_A", 0, 8), ("1abc_A", 1, 7), ("1abc_A", 2, 6), ("2xyz_A", 0, 7)]


def pairs(rows):
    table = pd.DataFrame(rows, columns=["chain_id", "i", "j"])
    return table.assign(lw="cWW", bases="GC")


def probable(rows):
    return pd.DataFrame(rows, columns=["chain_id", "i", "j", "probability"])


def accuracy(probabilities, structures=None, seen=SEEN, native=NATIVE):
    table = folding_accuracy(SEQUENCES, seen, pairs(native), probabilities, structures)
    return table.set_index("choice")


def test_pairs_are_right_if_they_are_in_the_structure():
    found = accuracy(
        probable(
            [("1abc_A", 0, 8, 0.99), ("1abc_A", 1, 7, 0.8), ("1abc_A", 3, 5, 0.6),
             ("2xyz_A", 1, 6, 0.96), ("2xyz_A", 0, 7, 0.1)]
        )
    )  # fmt: skip
    half, sure = found.loc["probability 0.5 or more"], found.loc["probability 0.95 or more"]
    assert (half["predicted"], half["right"], half["native"]) == (4, 2, 4)
    assert (half["ppv"], half["sensitivity"]) == (0.5, 0.5)
    assert (sure["ppv"], sure["sensitivity"]) == (0.5, 0.25)


def test_equal_sequences_count_once():
    twice = accuracy(probable([("1abc_A", 0, 8, 1.0), ("1abc_B", 0, 8, 1.0)]))
    assert (twice["chains"] == 2).all()
    assert (twice["predicted"] == 1).all()


def test_pairs_of_residues_that_were_not_seen_are_neither_right_nor_wrong():
    seen = SEEN | {"1abc_A": np.arange(9) != 8}
    found = accuracy(probable([("1abc_A", 0, 8, 1.0), ("1abc_A", 1, 7, 1.0)]), seen=seen)
    assert found["ppv"].tolist() == [1.0] * 3
    assert (found["native"] == 3).all()


def test_other_pairs_than_canonical_ones_are_not_looked_for():
    others = pd.concat([pairs(NATIVE), pairs([("2xyz_A", 2, 5)]).assign(lw="tHS")])
    table = folding_accuracy(SEQUENCES, SEEN, others, probable([]))
    assert (table["native"] == len(NATIVE)).all()


def test_structures_are_read_and_a_kind_that_no_chain_has_is_left_out():
    structures = pd.DataFrame(
        {"chain_id": ["1abc_A", "2xyz_A"], "mfe": ["(((...)))", "(......)"], "mea": ["", ""]}
    )
    found = accuracy(probable([]), structures)
    assert found.loc["least free energy (MFE)", ["ppv", "sensitivity"]].tolist() == [1.0, 1.0]
    assert len(found) == 4
    assert np.isnan(found.loc["probability 0.5 or more", "ppv"])


def test_without_chains_nothing_is_known():
    table = folding_accuracy({}, {}, pairs([]), probable([]))
    assert table["ppv"].isna().all() and table["sensitivity"].isna().all()
    assert table["chains"].sum() == pytest.approx(0)
