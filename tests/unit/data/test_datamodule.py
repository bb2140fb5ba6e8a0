"""Batches by number."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from rna_predict.data.datamodule import RnaData, TrainingBatches, WholeChains
from rna_predict.data.dataset import load_examples
from rna_predict.data.features import Templates
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


@pytest.fixture
def with_homologs(examples):
    training, validation = examples
    return [
        replace(
            part,
            examples=tuple(
                replace(
                    e, homologs=np.arange(20 * len(e.chain)).reshape(20, -1).astype(np.uint8) % 6
                )
                for e in part.examples
            ),
        )
        for part in (training, validation)
    ]


def test_draws_show_other_rows_in_other_numbers_and_none_at_times(with_homologs):
    batches = TrainingBatches(with_homologs[0], 1, 99, 0.0, seed=0, msa_rows=6)
    again = TrainingBatches(with_homologs[0], 1, 99, 0.0, seed=0, msa_rows=6)
    shown = [batches[number].inputs["msa"] for number in range(100)]
    assert {rows.shape[1] for rows in shown} == set(range(7))
    assert all(torch.equal(again[k].inputs["msa"], shown[k]) for k in (0, 17, 99))
    counts = np.bincount([rows.shape[1] for rows in shown])
    assert counts.min() > 4


def test_validation_shows_the_same_rows_always_and_as_many_as_allowed(with_homologs):
    first, second = (WholeChains(with_homologs[1], 99, 9, msa_rows=6) for _ in range(2))
    assert torch.equal(first[1].inputs["msa"], second[1].inputs["msa"])
    assert first[1].inputs["msa"].shape == (1, 6, 45)
    assert WholeChains(with_homologs[1], 99, 9, msa_rows=99)[1].inputs["msa"].shape[1] == 20


def templates_of(name, sequence):
    """Give one template of every chain but 2abc_A."""
    if name == "2abc_A":
        return None
    frames = np.ones((1, len(sequence), 3, 4), dtype=np.float32)
    return Templates(frames[..., 3], frames[..., :3], np.ones((1, len(sequence)), dtype=bool))


def test_half_of_the_training_draws_and_all_validation_chains_have_their_templates(examples):
    batches = TrainingBatches(examples[0], 1, 99, 0.0, 0, template_features=templates_of)
    shown = Counter()
    for number in range(200):
        batch = batches[number]
        shown[batch.names[0], batch.inputs["template_mask"].shape[1]] += 1
    assert shown["2abc_A", 0] == 40
    assert 60 < sum(count for (_, templates), count in shown.items() if templates) < 100
    whole = WholeChains(examples[1], 99, 9, template_features=templates_of)
    assert all(whole[k].inputs["template_mask"].all() for k in range(2))
    assert [whole[k].inputs["template_mask"].shape[1] for k in range(2)] == [1, 1]


def test_templates_are_asked_for_by_name_and_sequence_of_the_chain_or_of_a_copys_parent(examples):
    """Nothing else is told, and nothing is left out here: that is for the one who is asked."""
    asked = set()

    def note(*told):
        asked.add(told)

    batches = TrainingBatches(examples[0], 5, 99, 0.5, 0, template_features=note)
    for number in range(20):
        batches[number]
    whole = WholeChains(examples[1], 99, 9, template_features=note)
    whole[0]
    chains = [example.chain for example in (*examples[0].examples, examples[1].examples[0])]
    assert asked == {(chain.name, chain.sequence) for chain in chains}


def test_without_a_socket_there_are_no_templates(examples):
    data = RnaData(*examples, size=2, crop=10, copied=0.0, seed=0, stretch=2, limit=99, count=9)
    for batch in (*data.train_dataloader(), *data.val_dataloader()):
        assert batch.inputs["template_mask"].shape[1] == 0


def test_loaders_hand_on_rows_and_templates(with_homologs):
    options = {"size": 2, "crop": 10, "copied": 0.0, "seed": 0, "stretch": 9, "limit": 99}
    data = RnaData(*with_homologs, **options, count=9, msa_rows=3, template_features=templates_of)
    for loader in (data.train_dataloader(), data.val_dataloader()):
        batches = list(loader)
        assert max(batch.inputs["msa"].shape[1] for batch in batches) == 3
        assert any(batch.inputs["template_mask"].shape[1] for batch in batches)
