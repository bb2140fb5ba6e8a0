import numpy as np
import pandas as pd
import pytest

from rna_predict.evaluate.complexes import join_chains, pair_complexes
from rna_predict.evaluate.interactions import (
    Interactions,
    compare_interactions,
    f1_score,
    fidelity,
    find_interactions,
    paired_interactions,
)
from rna_predict.evaluate.pairing import Pairing, pair_residues
from rna_predict.structure.mmcif import read_chains


@pytest.fixture(scope="module")
def compared(official) -> pd.DataFrame:
    """Compare the interactions of all models of RNA-Puzzles with those of their natives."""
    rows = []
    for path, models in official.groupby("native"):
        native = read_chains(path)
        reference = find_interactions(join_chains(native))
        for index, row in models.iterrows():
            model = read_chains(row["model"])
            found = find_interactions(join_chains(model))
            paired = paired_interactions(found, pair_complexes(model, native))
            cis = [
                frozenset(key for key in side.watson_crick | side.others if key[2] == "cWW")
                for side in (paired, reference)
            ]
            values = compare_interactions(paired, reference)
            rows.append({"row": index, "cis_wc": fidelity(*cis)} | values)
    return official.join(pd.DataFrame(rows).set_index("row"))


def test_fidelity_is_the_geometric_mean_of_precision_and_sensitivity():
    native = frozenset((i, i + 10, "cWW") for i in range(8))
    model = frozenset((i, i + 10, "cWW") for i in range(4, 20))
    assert fidelity(model, native) == pytest.approx(np.sqrt(4 / 16 * 4 / 8))
    assert f1_score(model, native) == pytest.approx(2 * 4 / 24)
    assert fidelity(native, native) == 1.0
    assert fidelity(frozenset(), native) == 0.0
    assert np.isnan(fidelity(frozenset(), frozenset()))


def test_a_pair_of_another_class_is_another_pair():
    assert fidelity(frozenset({(1, 9, "tWW")}), frozenset({(1, 9, "cWW")})) == 0.0


def test_the_native_itself_has_all_its_interactions(chain):
    native = chain("1y26_X")
    found = find_interactions(native)
    pairing = pair_residues(native, native)
    values = compare_interactions(paired_interactions(found, pairing), found)
    assert set(values.values()) == {1.0}
    assert len(found.watson_crick) > 15
    assert len(found.stackings) > 40


def test_residues_that_stand_for_none_are_not_judged(chain, part):
    native = chain("1y26_X")
    piece = part(native, slice(0, 40))
    pairing = pair_residues(native, piece)
    paired = paired_interactions(find_interactions(native), pairing)
    assert compare_interactions(paired, find_interactions(piece))["inf_all"] > 0.95


def test_edges_are_turned_where_the_order_of_residues_is():
    found = find_interactions_of_one_pair()
    pairing = Pairing(np.array([0, 5]), np.array([7, 2]), "number")
    assert paired_interactions(found, pairing).others == {(2, 7, "tSH")}


def find_interactions_of_one_pair():
    none = frozenset()
    return Interactions(none, frozenset({(0, 5, "tHS")}), none, none, none, none)


@pytest.mark.parametrize(
    ("ours", "column", "count", "largest"),
    [
        ("inf_wc", "inf_inf_WC", 96, 0.03),
        ("cis_wc", "results_INF wc", 121, 0.03),  # the older table counts cWW pairs of any bases
        ("inf_all", "results_INF all", 121, 0.04),
        ("inf_stack", "results_INF stacking", 121, 0.06),
    ],
)
def test_close_to_the_official_tables_of_rna_puzzles(compared, ours, column, count, largest):
    table = compared[[ours, column]].dropna()
    assert len(table) == count
    assert (table[ours] - table[column]).abs().mean() < largest
    assert table.corr().iloc[0, 1] > 0.95
