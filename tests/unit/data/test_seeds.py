"""Derived seeds."""

import torch

from rna_predict.data.seeds import derive_seed, torch_generator


def test_seeds_differ_by_every_part_and_by_its_type():
    seeds = [
        derive_seed(0, "noise", 1),
        derive_seed(0, "noise", 2),
        derive_seed(1, "noise", 1),
        derive_seed(0, "crop", 1),
        derive_seed(0, "noise", "1"),
        derive_seed(0, "noise1"),
    ]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_seed_is_the_same_on_every_machine():
    assert derive_seed(0, "noise", 1) == 1307499804404071638


def test_generator_repeats_its_draws():
    first = torch.randn(3, generator=torch_generator("cpu", 0, "noise"))
    assert torch.equal(first, torch.randn(3, generator=torch_generator("cpu", 0, "noise")))
