"""Batches by number."""

from collections import Counter
from dataclasses import replace

import pytest
import torch

from rna_predict.data.datamodule import RnaData, TrainingBatches, WholeChains
from rna_predict.data.dataset import load_examples
from rna_predict.structure.store import write_chains


@pytest.fixture
def examples(tmp_path, make_chain, make_tables, make_annotations):
    training = [make_chain(f"{k}abc", "GCAU" * (3 + k), k) for k in range(1, 6)]
    other = [make_chain("8abc", "GGAUC" * 4, 8), make_chain("9abc", "GGAUC" * 9, 9)]
    paths = make_tables(tmp_path, {"train": training, "validation": other})
    copies = [
        replace(training[0], chain=f"A~swap{k}", parent="1abc_A", tier="pair_swap") for k in (1, 2)
    ]
    files = [tmp_path / f"augmented_{name}" for name in ("angles", "pairs", "probabilities")]
    write_chains(copies, tmp_path / "augmented")
    make_annotations(copies, *files)
    paths = replace(
        paths,
        augmented=tmp_path / "augmented",
        augmented_angles=files[0],
        augmented_probabilities=files[2],
    )
    return load_examples(paths, "train"), load_examples(paths, "validation")


def names(batches, numbers):
    return [name for number in numbers for name in batches[number].names]


def test_each_pass_shows_every_chain_once_in_another_order(examples):
    batches = TrainingBatches(examples[0], size=1, crop=99, copied=0.0, seed=0)
    passes = [names(batches, range(5 * k, 5 * k + 5)) for k in range(4)]
    assert all(sorted(order) == sorted(passes[0]) for order in passes)
    assert len({tuple(order) for order in passes}) > 1
    assert sorted(passes[0]) == [f"{k}abc_A" for k in range(1, 6)]


def test_batch_depends_on_seed_and_number_alone(examples):
    first = TrainingBatches(examples[0], size=2, crop=10, copied=0.5, seed=3)
    later = TrainingBatches(examples[0], size=2, crop=10, copied=0.5, seed=3)
    for number in (7, 0, 4):
        a, b = first[number], later[number]
        assert a.names == b.names
        assert torch.equal(a.inputs["residue_index"], b.inputs["residue_index"])
        assert torch.equal(a.truth.coords, b.truth.coords)
    other = TrainingBatches(examples[0], size=2, crop=10, copied=0.5, seed=4)
    assert names(first, range(10)) != names(other, range(10))


def test_processes_share_the_draws_of_a_step(examples):
    alone = TrainingBatches(examples[0], size=4, crop=99, copied=0.0, seed=0)
    parts = [TrainingBatches(examples[0], 2, 99, 0.0, 0, rank=k, world=2) for k in range(2)]
    assert alone[3].names == parts[0][3].names + parts[1][3].names


def test_crops_are_not_longer_than_asked(examples):
    batches = TrainingBatches(examples[0], size=2, crop=10, copied=0.0, seed=0)
    assert {batches[number].inputs["sequence"].shape for number in range(10)} == {(2, 10)}


def test_copies_stand_in_for_their_parent_as_often_as_asked(examples):
    batches = TrainingBatches(examples[0], size=5, crop=99, copied=0.5, seed=0)
    seen = Counter(names(batches, range(100)))
    copied = seen["1abc_A~swap1"] + seen["1abc_A~swap2"]
    assert copied + seen["1abc_A"] == 100
    assert 35 < copied < 65
    assert min(seen["1abc_A~swap1"], seen["1abc_A~swap2"]) > 10


def test_validation_chains_are_whole_and_bounded(examples):
    whole = WholeChains(examples[1], limit=30, count=9)
    assert [batch.names for batch in (whole[k] for k in range(len(whole)))] == [("8abc_A",)]
    assert len(WholeChains(examples[1], limit=99, count=1)) == 1
    assert len(WholeChains(examples[1], limit=99, count=9)) == 2


def test_loaders_give_whole_batches(examples):
    data = RnaData(*examples, size=2, crop=10, copied=0.0, seed=0, stretch=3, limit=99, count=9)
    assert [len(batch.names) for batch in data.train_dataloader()] == [2, 2, 2]
    assert [batch.names for batch in data.val_dataloader()] == [("8abc_A",), ("9abc_A",)]


def test_worker_processes_give_the_same_batches(examples):
    options = {"size": 2, "crop": 10, "copied": 0.5, "seed": 0, "stretch": 3, "limit": 99}
    alone, helped = (RnaData(*examples, **options, count=9, workers=w) for w in (0, 1))
    for ours, theirs in zip(alone.train_dataloader(), helped.train_dataloader(), strict=True):
        assert ours.names == theirs.names
        assert torch.equal(ours.truth.coords, theirs.truth.coords)


def test_splits_cannot_be_exchanged(examples):
    with pytest.raises(ValueError, match="expected the split 'train'"):
        RnaData(*examples[::-1], size=2, crop=10, copied=0.0, seed=0, stretch=3, limit=99, count=9)
