from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rna_predict.families.clusters import cluster_sequences
from rna_predict.families.neighbours import (
    SHORTEST,
    describe,
    find_neighbours,
    representatives,
)

NO_FAMILIES = pd.DataFrame({"chain_id": [], "family": [], "evalue": []})


def renamed(chain, entry, sequence=None):
    """Give a copy of a structure under another entry, and with another sequence."""
    sequence = chain.sequence if sequence is None else sequence
    bare = chain.coords.copy()
    bare[:, 12:] = np.nan
    mask = np.isfinite(bare).all(-1)
    return replace(chain, entry=entry, sequence=sequence, coords=bare, atom_mask=mask)


def shuffled(chain, seed):
    letters = np.random.default_rng(seed).permutation(list("ACGU" * len(chain)))[: len(chain)]
    return "".join(letters)


@pytest.fixture
def chains(example_chains):
    by_name = {chain.name: chain for chain in example_chains}
    kept = [by_name[name] for name in ("1ehz_A", "1y26_X", "1kxk_A", "2gdi_X", "1duq_A")]
    return [*kept, renamed(kept[0], "9fak", shuffled(kept[0], 0))]


def test_a_fold_is_found_under_another_sequence(chains):
    clusters = cluster_sequences(chains, 0.9, 0.8)
    assert clusters["cluster"].nunique() == len(chains)
    table = find_neighbours(chains, NO_FAMILIES, clusters, 1e-3, 0.45)
    assert table[["chain_id", "neighbour"]].to_numpy().tolist() == [["1ehz_A", "9fak_A"]]
    assert table["tm"].item() == pytest.approx(1.0, abs=1e-3)


def test_chains_of_one_component_are_not_compared(chains):
    hits = pd.DataFrame(
        {"chain_id": ["1ehz_A", "9fak_A"], "family": "RF00005", "evalue": [1e-9, 1e-4]}
    )
    clusters = cluster_sequences(chains, 0.9, 0.8)
    assert find_neighbours(chains, hits, clusters, 1e-3, 0.45).empty
    assert len(find_neighbours(chains, hits, clusters, 1e-5, 0.45)) == 1


def test_no_threshold_is_no_search(chains):
    table = find_neighbours(chains, NO_FAMILIES, cluster_sequences(chains, 0.9, 0.8), 1e-3, 0.0)
    assert list(table.columns) == ["chain_id", "neighbour", "tm"]
    assert table.empty


def test_short_chains_have_no_neighbours(example_chains):
    helix = next(chain for chain in example_chains if chain.name == "1duq_A")
    assert len(helix) < SHORTEST
    twins = [helix, renamed(helix, "9fak", shuffled(helix, 1))]
    clusters = cluster_sequences(twins, 0.9, 0.8)
    assert find_neighbours(twins, NO_FAMILIES, clusters, 1e-3, 0.45).empty


def test_the_most_complete_chain_stands_for_a_cluster(chains):
    full = chains[0]
    holes = full.coords.copy()
    holes[:30] = np.nan
    broken = replace(full, entry="0aaa").with_coords(holes)
    clusters = pd.DataFrame(
        {"chain_id": ["0aaa_A", "1ehz_A", "1y26_X"], "cluster": ["c", "c", "d"]}
    )
    found = representatives([broken, full, chains[1]], clusters)
    assert [chain.name for chain in found] == ["1ehz_A", "1y26_X"]


def test_the_twin_is_nearest_and_the_choice_is_kept_to(chains):
    shapes = describe(chains)
    everything = np.ones(len(shapes), dtype=bool)
    twin = shapes.names.index("9fak_A")
    assert shapes.nearest(0, everything, 2, 0.0)[0] == twin
    assert 0 not in shapes.nearest(0, everything, 10, 0.0)
    few = np.arange(len(shapes)) == 1
    assert shapes.nearest(0, few, 10, 0.0).tolist() == [1]
    lengths = shapes.lengths[shapes.nearest(0, everything, 10, 0.9)]
    assert (np.minimum(lengths, 76) >= 0.9 * np.maximum(lengths, 76)).all()


def test_a_pair_has_one_score_whichever_comes_first(chains):
    shapes = describe(chains)
    assert shapes.similarity(0, 3) == shapes.similarity(3, 0)


def test_chains_without_coordinates_are_left_out(chains):
    bare = chains[0].with_coords(np.full_like(chains[0].coords, np.nan))
    assert describe([bare]).names == []
    assert len(describe([])) == 0
