import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.families.consensus import CONSENSUS_COLUMNS, consensus_table, residue_of_column
from rna_predict.families.covariance_models import read_models
from rna_predict.families.infernal import make_program
from rna_predict.families.members import ALIGNMENT_SCHEMA, chain_sequences
from rna_predict.families.search import search_families
from rna_predict.secondary.pairs import CANONICAL, annotate_pairs

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"
CLOVERLEAF = "(((((((..((((........)))).(((((.......))))).....(((((.......))))))))))))...."


@pytest.fixture(scope="module")
def models(root):
    return read_models([root / "config" / "example" / "rfam"])


def members(sequences, models):
    """Align sequences to the families that they are members of."""
    _, rows = search_families(sequences, models, make_program("pyinfernal", 1.0, 1.0))
    return pd.DataFrame(rows, columns=ALIGNMENT_SCHEMA.names)


def pairs_of(dot_bracket):
    stack, pairs = [], set()
    for place, letter in enumerate(dot_bracket):
        if letter == "(":
            stack.append(place)
        elif letter == ")":
            pairs.add((stack.pop(), place))
    return pairs


def test_a_trna_gets_its_cloverleaf_in_its_own_numbering(models):
    sequences = {"x": TRNA, "flanked": "AAAAAAA" + TRNA}
    table = consensus_table(sequences, members(sequences, models), models)
    assert dict(table.dtypes.astype(str)) == dict(CONSENSUS_COLUMNS)
    found = {
        name: set(zip(rows["i"], rows["j"], strict=True))
        for name, rows in table.groupby("chain_id")
    }
    assert found["x"] == pairs_of(CLOVERLEAF)
    assert found["flanked"] == {(i + 7, j + 7) for i, j in found["x"]}
    assert ((table["probability"] > 0.5) & (table["probability"] <= 1)).all()
    assert set(table["family"]) == {"RF00005"}


def test_a_broken_pair_is_left_out_and_the_others_stay(models):
    broken = TRNA[:2] + "A" + TRNA[3:]  # was G3-C70
    sequences = {"whole": TRNA, "broken": broken}
    table = consensus_table(sequences, members(sequences, models), models)
    found = {
        name: set(zip(rows["i"], rows["j"], strict=True))
        for name, rows in table.groupby("chain_id")
    }
    assert found["whole"] - found["broken"] == {(2, 69)}
    for name, pairs in found.items():
        assert {sequences[name][i] + sequences[name][j] for i, j in pairs} <= set(CANONICAL)


def test_pairs_come_in_the_order_of_the_chains_with_ascending_positions(models):
    sequences = {"b": TRNA, "other": "ACGU" * 10, "a": TRNA}
    table = consensus_table(sequences, members(sequences, models).iloc[::-1], models)
    assert list(dict.fromkeys(table["chain_id"])) == ["b", "a"]
    assert (table["i"] < table["j"]).all()
    assert table.groupby("chain_id")["i"].is_monotonic_increasing.all()


def test_a_copy_with_other_bases_takes_the_alignment_of_its_parent(models):
    parent = members({"x": TRNA}, models)
    copies = parent.assign(chain_id="x~swap1")
    table = consensus_table({"x~swap1": "A" * len(TRNA)}, copies, models)
    assert table.empty  # no pair of A and A


def test_no_members_give_an_empty_table_of_the_same_types(models):
    table = consensus_table({"x": "ACGU" * 10}, members({}, models), models)
    assert len(table) == 0
    assert dict(table.dtypes.astype(str)) == dict(CONSENSUS_COLUMNS)


def test_a_member_of_an_absent_model_is_an_error(models):
    others = [model for model in models if model.family != "RF00005"]
    with pytest.raises(InputError, match="x was aligned to a model of RF00005 that is not there"):
        consensus_table({"x": TRNA}, members({"x": TRNA}, models), others)


def test_columns_are_turned_round():
    columns = np.array([2, 3, -1, 5])
    assert residue_of_column(columns, 10, 7).tolist() == [-1, -1, 10, 11, -1, 13, -1]


def test_consensus_pairs_of_the_example_are_seen_in_3d(models, example_chains):
    chains = [chain for chain in example_chains if chain.name in {"1ehz_A", "6tna_A", "1kxk_A"}]
    sequences = chain_sequences(chains)
    table = consensus_table(sequences, members(sequences, models), models)
    seen = annotate_pairs(chains)
    seen = seen[(seen["lw"] == "cWW") & seen["bases"].isin(CANONICAL)]
    truth = set(zip(seen["chain_id"], seen["i"], seen["j"], strict=True))
    found = set(zip(table["chain_id"], table["i"], table["j"], strict=True))
    assert len(found & truth) / len(found) > 0.95
    assert len(found & truth) / len(truth) > 0.8
