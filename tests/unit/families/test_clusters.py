import numpy as np

from rna_predict.families.clusters import cluster_sequences
from rna_predict.families.similarity import align
from rna_predict.structure.chain import model_chain


def chain(name, sequence):
    return model_chain(name, sequence, np.full((len(sequence), 23, 3), np.nan, dtype=np.float32))


def clusters(chains, identity=0.9, coverage=0.8):
    table = cluster_sequences(chains, identity, coverage)
    return dict(zip(table["chain_id"], table["cluster"], strict=True))


def random_sequence(rng, length):
    return "".join(rng.choice(list("ACGU"), length))


def flip(sequence, *positions):
    letters = list(sequence)
    for position in positions:
        letters[position] = "A" if letters[position] != "A" else "C"
    return "".join(letters)


def test_similar_chains_share_a_cluster_named_after_the_longest():
    base = random_sequence(np.random.default_rng(0), 50)
    chains = [
        chain("d", base[:45]),
        chain("c", flip(base, 10, 30)),
        chain("b", base),
        chain("other", random_sequence(np.random.default_rng(1), 50)),
    ]
    assert clusters(chains) == {"d_A": "b_A", "c_A": "b_A", "b_A": "b_A", "other_A": "other_A"}


def test_a_chain_of_neighbours_is_one_cluster():
    base = random_sequence(np.random.default_rng(2), 60)
    steps = [flip(base, *range(k)) for k in (0, 5, 10, 15)]
    assert align(steps[0], steps[3])[0] < 0.9
    assert len(set(clusters([chain(f"s{k}", text) for k, text in enumerate(steps)]).values())) == 1


def test_fragments_below_the_coverage_stay_apart():
    base = random_sequence(np.random.default_rng(3), 60)
    assert len(set(clusters([chain("a", base), chain("b", base[:40])]).values())) == 2


def test_chains_shorter_than_any_k_mer_are_clustered_by_equality():
    chains = [chain("a", "A"), chain("b", "A"), chain("c", "GC"), chain("d", "GC"), chain("e", "G")]
    assert clusters(chains) == {
        "a_A": "a_A",
        "b_A": "a_A",
        "c_A": "c_A",
        "d_A": "c_A",
        "e_A": "e_A",
    }


def test_the_order_of_chains_does_not_matter():
    rng = np.random.default_rng(4)
    base = [random_sequence(rng, 30) for _ in range(6)]
    chains = [chain(f"c{k}", flip(base[k % 6], *range(k // 6))) for k in range(24)]
    assert clusters(chains) == clusters(chains[::-1])
    assert len(set(clusters(chains).values())) == 6


def test_no_chains_give_an_empty_table():
    table = cluster_sequences([], 0.9, 0.8)
    assert list(table.columns) == ["chain_id", "cluster"]
    assert table.empty
