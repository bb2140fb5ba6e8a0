"""Which chain and crop a training draw shows."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from rna_predict.data.datamodule import TrainingBatches
from rna_predict.data.dataset import load_examples
from rna_predict.data.draws import Draws, DrawSettings, Rung, chain_weights
from rna_predict.errors import InputError


@pytest.fixture
def training(tmp_path, make_chain, make_tables):
    chains = [make_chain(f"{k}abc", "GCAU" * (2 + 3 * k), k) for k in range(1, 6)]
    other = [make_chain("8abc", "GGAUC" * 4, 8)]
    examples = load_examples(make_tables(tmp_path, {"train": chains, "validation": other}), "train")
    clusters = {f"{k}abc_A": "big" if k > 2 else f"{k}" for k in range(1, 6)}
    return replace(examples, cluster_of=clusters)


def drawn(training, count=3000, longest=None, crop=99, **settings):
    draws = Draws(training, DrawSettings(**settings), crop, 0.0, seed=1)
    return Counter(draws.example(k, longest)[0].name for k in range(count))


def test_every_cluster_is_as_likely_as_every_other(training):
    count = drawn(training, weight="cluster")
    big = sum(count[f"{k}abc_A"] for k in (3, 4, 5))
    for seen in (count["1abc_A"], count["2abc_A"], big):
        assert abs(seen / 3000 - 1 / 3) < 0.04


def test_longer_chains_are_as_likely_as_the_power_of_what_they_show():
    lengths = np.array([25, 100, 400])
    weights = chain_weights(["a", "b", "c"], lengths, {}, DrawSettings(length_power=0.5), 100)
    assert np.allclose(weights, [5, 10, 10])


def test_chain_without_a_cluster_is_refused_where_clusters_are_weighed(training):
    with pytest.raises(InputError, match="3abc_A.*no cluster"):
        Draws(
            replace(training, cluster_of={"1abc_A": "1", "2abc_A": "2"}),
            DrawSettings(weight="cluster"), 99, 0.0, 0,
        )  # fmt: skip


def test_curriculum_draws_short_chains_until_its_step_and_all_after(training):
    rungs = (Rung(5, 20), Rung(10, 32))
    batches = TrainingBatches(
        training, 2, 99, 0.0, 0, draws=DrawSettings(bucket=1), curriculum=rungs, accumulate=2
    )
    longest = [max(_sizes(batches, range(*n))) for n in ((0, 10), (10, 20), (20, 60))]
    assert longest == [20, 32, 68]


def _sizes(batches, numbers):
    return [int(batches[n].inputs["residue_mask"].sum(1).max()) for n in numbers]


def test_curriculum_shorter_than_every_chain_is_an_error(training):
    with pytest.raises(InputError, match="no chain of at most 5 nt"):
        drawn(training, 1, longest=5)


def test_buckets_hold_the_same_draws_with_less_padding(training):
    plain, sorted_ = (
        TrainingBatches(training, 4, 99, 0.0, 3, draws=DrawSettings(bucket=bucket))
        for bucket in (1, 10)
    )
    names = [Counter(n for k in range(20) for n in b[k].names) for b in (plain, sorted_)]
    assert names[0] == names[1]

    def padding(batches):
        masks = [batches[k].inputs["residue_mask"] for k in range(20)]
        return 1 - sum(int(m.sum()) for m in masks) / sum(m.numel() for m in masks)

    assert padding(sorted_) < 0.5 * padding(plain)


def test_buckets_deal_every_draw_to_one_process(training):
    shared = [
        TrainingBatches(training, 2, 99, 0.0, 3, rank, 2, DrawSettings(bucket=4)) for rank in (0, 1)
    ]
    alone = TrainingBatches(training, 4, 99, 0.0, 3, draws=DrawSettings(bucket=4))
    both = Counter(n for b in shared for k in range(4) for n in b[k].names)
    assert both == Counter(n for k in range(4) for n in alone[k].names)


def test_crop_in_space_shows_parts_that_are_apart_in_the_sequence(training):
    draws = Draws(training, DrawSettings(spatial=1.0), 12, 0.0, seed=0)
    gaps = [np.diff(draws.example(k)[1]).max() for k in range(40)]
    assert max(gaps) > 1
    stretches = Draws(training, DrawSettings(), 12, 0.0, seed=0)
    assert all(np.diff(stretches.example(k)[1]).max() == 1 for k in range(40))


@pytest.mark.parametrize(
    "wrong", [{"bucket": 0}, {"spatial": 1.5}, {"length_power": -1.0}, {"poor_weight": -0.1}]
)
def test_settings_that_no_draw_can_be_made_with_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DrawSettings(**wrong)


def test_poorly_resolved_chains_are_drawn_less(training):
    resolutions = {"1abc_A": 3.3, "2abc_A": 4.5, "3abc_A": float("nan")}
    examples = [
        replace(e, chain=replace(e.chain, resolution=resolutions.get(e.name, 2.0)))
        for e in training.examples
    ]
    count = drawn(replace(training, examples=tuple(examples)), poor_weight=0.25)
    poor = sum(count[name] for name in resolutions) / 3000
    assert abs(poor - 0.75 / 2.75) < 0.03
