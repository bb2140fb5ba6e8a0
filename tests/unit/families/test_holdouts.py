import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.families.clusters import cluster_sequences
from rna_predict.families.holdouts import forced_chains, read_holdouts, unknown_holdouts
from rna_predict.structure.chain import model_chain


def chain(entry, seed):
    sequence = "".join(np.random.default_rng(seed).choice(list("ACGU"), 30))
    return model_chain(entry, sequence, np.full((30, 23, 3), np.nan, dtype=np.float32))


def test_hold_outs_are_read_by_chain_or_by_entry(tmp_path):
    path = tmp_path / "holdouts.tsv"
    path.write_text("puzzle\tpdb_id\nrp1\t3MEI\nrp2\t3p59\nrp3\t3mei\n")
    assert read_holdouts(path) == ["3mei", "3p59"]
    path.write_text("pdb_id\tchain_id\n3mei\t3mei_A\n3mei\t3mei_a\n")
    assert read_holdouts(path) == ["3mei_A", "3mei_a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("puzzle\nrp1\n", "expected a column chain_id or pdb_id; columns: puzzle"),
        ("pdb_id\tn\n3mei\t1\n\t2\n", "row 2: no pdb_id"),
    ],
)
def test_tables_without_ids_are_refused(tmp_path, text, message):
    path = tmp_path / "holdouts.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_holdouts(path)


def test_unknown_hold_outs_are_told():
    chains = [chain("a", 0), chain("b", 1)]
    assert unknown_holdouts(chains, ["a", "b_A", "b_C", "zzzz"]) == ["b_C", "zzzz"]


def test_weak_hits_force_more_to_test():
    chains = [chain(name, seed) for seed, name in enumerate("abcde")]
    hits = pd.DataFrame(
        [("a_A", "RF1", 1e-9), ("b_A", "RF1", 1e-5), ("c_A", "RF1", 0.5), ("d_A", "RF2", 1e-9)],
        columns=["chain_id", "family", "evalue"],
    )
    near = pd.DataFrame({"chain_id": ["c_A"], "neighbour": ["e_A"]})
    clusters = cluster_sequences(chains, 0.9, 0.8)

    def forced(max_evalue):
        return forced_chains(
            chains, hits, clusters, ["a"], {"t": "A" * 30}, hits[3:], near, max_evalue=max_evalue,
            identity=0.9, coverage=0.8,
        )  # fmt: skip

    assert forced(1e-3) == {"a_A", "b_A", "d_A"}
    assert forced(1.0) == {"a_A", "b_A", "c_A", "d_A", "e_A"}
