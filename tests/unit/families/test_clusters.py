import shutil

import numpy as np
import pytest

from rna_predict.errors import InputError
from rna_predict.families.cluster_programs import CD_HIT, MMSEQS
from rna_predict.families.clusters import cluster_sequences, recluster, similarity_labels
from rna_predict.families.components import label_chains
from rna_predict.families.similarity import align
from rna_predict.structure.chain import model_chain


def chain(name, sequence):
    return model_chain(name, sequence, np.full((len(sequence), 23, 3), np.nan, dtype=np.float32))


def clusters(chains, identity=0.9, coverage=0.8, program="builtin"):
    table = cluster_sequences(chains, identity, coverage, program=program)
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


def stepping_stones():
    """Make two chains that only a third one ties together."""
    base = random_sequence(np.random.default_rng(5), 40)
    other = base.translate(str.maketrans("ACGU", "CAUG"))
    left, middle = (base[:20] + other[20 : 20 + k] + base[20 + k :] for k in (6, 3))
    return [chain("left", left), chain("middle", middle), chain("right", base)]


def test_clusters_fall_apart_without_the_chain_that_holds_them_together():
    chains = [*stepping_stones(), chain("far", "ACGU" * 10), chain("twin", "ACGU" * 10)]
    table = cluster_sequences(chains, 0.9, 0.8)
    assert table["cluster"].nunique() == 2
    by_name = {one.name: one for one in chains}
    left = recluster(table, by_name, {"middle_A"}, 0.9, 0.8).set_index("chain_id")["cluster"]
    assert set(left.index) == {"left_A", "right_A", "far_A", "twin_A"}
    assert left["left_A"] != left["right_A"]
    assert left["far_A"] == left["twin_A"]
    assert recluster(table, by_name, set(), 0.9, 0.8).equals(table)


def test_clusters_of_two_sides_are_taken_apart_into_pairs_and_others_are_not():
    chains = [*stepping_stones(), chain("far", "ACGU" * 10), chain("twin", "ACGU" * 10)]
    by_name = {one.name: one for one in chains}
    labels = label_chains(chains, cluster_sequences(chains, 0.9, 0.8))
    sides = {"left_A": "train", "right_A": "test", "far_A": "train"}
    changed = similarity_labels(labels, by_name, sides, 0.9, 0.8)
    assert set(changed) == {"left_A", "middle_A", "right_A"}
    assert not set(changed["left_A"]) & set(changed["right_A"])
    assert ("similar", "left_A", "middle_A") in changed["middle_A"]
    assert ("similar", "middle_A", "right_A") in changed["right_A"]
    assert ("entry", "left") in changed["left_A"]
    assert not similarity_labels(labels, by_name, {"left_A": "train"}, 0.9, 0.8)


@pytest.mark.parametrize(("program", "command"), [("mmseqs", MMSEQS), ("cd-hit", CD_HIT)])
def test_a_program_that_is_not_on_path_is_named(monkeypatch, tmp_path, program, command):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=f"{command}: not on PATH; install it, or set families"):
        clusters([chain("a", "ACGU" * 10)], program=program)


@pytest.mark.tool
@pytest.mark.parametrize(("program", "command"), [("mmseqs", MMSEQS), ("cd-hit", CD_HIT)])
def test_programs_join_similar_chains_and_no_others(program, command):
    if shutil.which(command) is None:
        pytest.skip(f"{command} is not on PATH")
    rng = np.random.default_rng(6)
    bases = [random_sequence(rng, 120) for _ in range(5)]
    chains = [chain(f"b{k}", base) for k, base in enumerate(bases)]
    chains += [chain(f"near{k}", flip(base, 5, 115)) for k, base in enumerate(bases)]
    chains += [chain(f"part{k}", base[:60]) for k, base in enumerate(bases)]
    chains.append(chain("short", "GGCC"))
    assert clusters(chains, program=program) == clusters(chains)


@pytest.mark.parametrize(("program", "command"), [("mmseqs", MMSEQS), ("cd-hit", CD_HIT)])
def test_the_failure_of_a_program_shows_its_words(monkeypatch, tmp_path, program, command):
    (tmp_path / command).write_text("#!/bin/sh\necho no memory left >&2\nexit 3\n")
    (tmp_path / command).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(InputError, match=f"{command}: ended with status 3: no memory left"):
        clusters([chain("a", "ACGU" * 10)], program=program)


def test_identities_below_what_cd_hit_allows_are_refused():
    with pytest.raises(InputError, match=r"clusters at 0.75 or more, got 0.5"):
        clusters([chain("a", "ACGU" * 10)], identity=0.5, program="cd-hit")
