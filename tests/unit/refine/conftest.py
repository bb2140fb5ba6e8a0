"""Chains of the example by name, parts of them, and noise."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from rna_predict.structure.chain import Chain


@pytest.fixture(scope="session")
def chain(example_chains: list[Chain]) -> Callable[[str], Chain]:
    """Give a chain of the example by its name."""
    by_name = {chain.name: chain for chain in example_chains}
    return by_name.__getitem__


@pytest.fixture(scope="session")
def part() -> Callable[[Chain, slice], Chain]:
    """Keep some residues of a chain, with their numbers."""

    def cut(chain: Chain, rows: slice) -> Chain:
        return replace(
            chain,
            sequence=chain.sequence[rows],
            residue_names=chain.residue_names[rows],
            coords=chain.coords[rows],
            atom_mask=chain.atom_mask[rows],
            auth_numbers=chain.auth_numbers[rows],
            ins_codes=chain.ins_codes[rows],
        )

    return cut


@pytest.fixture(scope="session")
def motif(chain: Callable[[str], Chain], part: Callable[[Chain, slice], Chain]) -> Chain:
    """Give a hairpin of 26 nt with all its atoms, the first phosphate among them."""
    return part(chain("1q9a_A"), slice(1, None))


@pytest.fixture(scope="session")
def noisy() -> Callable[..., Chain]:
    """Add Gaussian noise (angstrom) to every coordinate of a chain."""

    def add(chain: Chain, noise: float, seed: int = 0) -> Chain:
        shift = noise * np.random.default_rng(seed).normal(size=chain.coords.shape)
        return chain.with_coords((chain.coords + shift).astype(np.float32))

    return add
