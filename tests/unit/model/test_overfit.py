"""The smallest size learns real RNA: its samples from pure noise are those structures.

The proof that torsion net, Pairformer, merger, diffusion, losses and sampler work together, and
that what is learned of one RNA does not push out another. Minutes on one core.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rna_predict.angles.torsions import measure_torsions
from rna_predict.data.batch import collate
from rna_predict.data.features import sequence_inputs
from rna_predict.data.records import read_record
from rna_predict.data.truth import structure_truth
from rna_predict.evaluate.rmsd import rmsd
from rna_predict.model.inputs import Features
from rna_predict.model.network import RnaNetwork
from rna_predict.model.sampler import SamplerSettings
from rna_predict.structure.links import linked_to_previous
from rna_predict.training.levels import compare
from rna_predict.training.objective import loss_terms, weigh
from rna_predict.training.settings import LossWeights, ModelFile

TINY = read_record(ModelFile, Path(__file__).parents[3] / "config" / "model" / "tiny.yaml")
KEPT = ("diffusion", "smooth_lddt", "bond", "torsion", "distogram")
WEIGHTS = LossWeights(**{name: 0.0 for name in vars(LossWeights()) if name not in KEPT})
"""The terms that fold; those of fine geometry would double the time."""
COPIES = 16
RATE = 2e-3


def item(chain):
    """Give a chain as the training sees it, without any base pairs as input."""
    positions = np.arange(len(chain))
    none = np.zeros((0, 2), dtype=np.int64)
    linked = linked_to_previous(chain.coords, chain.auth_numbers)
    torsions = measure_torsions(chain.coords, chain.kinds, linked)
    truth = structure_truth(chain.coords, chain.atom_mask, torsions, none, positions)
    return chain.name, sequence_inputs(chain.sequence, none, np.zeros(0)), truth


def learn(chains, steps):
    """Train `tiny` on whole chains by turns: Adam with warm-up and a linear descent of its rate."""
    torch.manual_seed(0)
    network, batches = RnaNetwork(TINY.dimensions), [collate([item(chain)]) for chain in chains]
    phase = replace(TINY.training.phases[0], parts=(), losses=WEIGHTS, noised_copies=COPIES)
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE, betas=(0.9, 0.95))
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 20) * max(0.05, 1 - step / steps)
        batch = batches[step % len(batches)]
        terms = loss_terms(network, batch, phase, TINY.training, generator)
        optimizer.zero_grad()
        weigh(terms, phase.losses)[0].backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimizer.step()
    return network, batches


@torch.no_grad()
def draw(network, batches, count=3):
    """Sample structures of all chains from pure noise; (count, n, 23, 3) of each."""
    generator = torch.Generator().manual_seed(1)
    drawn = []
    for batch in batches:
        features = Features(**batch.inputs)
        trunk = network.trunk(features, TINY.training.recycles)
        samples = network.sample(trunk, features, count, SamplerSettings(), generator)
        drawn.append(samples[0].numpy())
    return drawn


def judge(sample, chain):
    """Compare a sample with the structure, and its mirror image."""
    native, mask = np.nan_to_num(chain.coords), chain.atom_mask
    mirrored = rmsd(sample[mask] * [-1.0, 1.0, 1.0], native[mask])
    return {**compare(sample.astype(float), native, mask), "mirrored": mirrored}


@pytest.fixture(scope="module")
def chain_of(example_chains):
    """Find a chain of the embedded example by its entry."""
    return lambda entry: next(chain for chain in example_chains if chain.entry == entry)


@pytest.mark.slow
def test_tiny_learns_a_pseudoknot_of_26_residues(chain_of):
    chain = chain_of("2a43")
    (samples,) = draw(*learn([chain], steps=200))
    for sample in samples:
        result = judge(sample, chain)
        assert result["rmsd"] < 3.0
        assert result["mirrored"] > 6.0


@pytest.mark.slow
def test_tiny_learns_a_trna_to_below_two_angstrom(chain_of):
    chain = chain_of("1ehz")
    (samples,) = draw(*learn([chain], steps=800))
    for sample in samples:
        result = judge(sample, chain)
        assert result["rmsd"] < 2.0
        assert result["lddt"] > 0.85
        assert result["mirrored"] > 6.0


@pytest.mark.slow
def test_tiny_learns_four_rnas_of_different_size_at_once(chain_of):
    chains = [chain_of(entry) for entry in ("2a43", "1xjr", "1kxk", "1ehz")]
    assert [len(chain) for chain in chains] == [26, 47, 70, 76]
    for chain, samples in zip(chains, draw(*learn(chains, steps=1200)), strict=True):
        for sample in samples:
            assert judge(sample, chain)["rmsd"] < 3.0, chain.name
