"""Reference annotations: RNApolis, an independent program, on the complexes of the shared data."""

import math
from collections.abc import Callable
from functools import cache, partial
from itertools import islice
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from rnapolis import annotator
from rnapolis.common import ResidueAuth
from rnapolis.tertiary import Atom, Residue3D, Structure3D

from rna_predict.constants import SLOT_ATOMS, UNKNOWN
from rna_predict.structure.chain import Chain
from rna_predict.structure.mmcif import read_entry

Contacts = dict[tuple[int, int], set[str]]


def seeded_complexes(folder: Path, n: int) -> list[list[Chain]]:
    """Draw n entries with RNA by a seed; give the chains of the first model of each."""
    paths = sorted(folder.glob("*.cif.gz"))
    order = np.random.default_rng(0).permutation(len(paths))
    entries = (read_entry(paths[k])[0] for k in order)
    return list(islice(filter(None, entries), n))


def rnapolis_structure(chains: list[Chain]) -> Structure3D:
    """Give the residues of a complex to RNApolis, counted through the chains, as their parents."""
    residues = []
    sequence = "".join(chain.sequence for chain in chains)
    coords = np.concatenate([chain.coords for chain in chains])
    for i, base in enumerate(sequence):
        present = np.flatnonzero(np.isfinite(coords[i]).all(-1))
        if base != UNKNOWN and len(present):
            auth = ResidueAuth("A", i, None, base)
            names = SLOT_ATOMS[base]
            atoms = tuple(
                Atom(None, None, auth, 1, names[k], *map(float, coords[i, k]), 1.0) for k in present
            )
            residues.append(Residue3D(None, auth, 1, base, atoms))
    return Structure3D(residues)


def rnapolis_pairs(chains: list[Chain]) -> Contacts:
    """Give RNApolis' base pairs of a complex with their classes; a pair may have several."""
    found: Contacts = {}
    with mock.patch.object(annotator, "angle_between_vectors", _angle):
        pairs, _, _ = annotator.find_pairs(rnapolis_structure(chains), 1)
    for pair in pairs:
        key = pair.nt1.auth.number, pair.nt2.auth.number
        found.setdefault(key, set()).add(pair.lw.value)
    return found


def rnapolis_stackings(chains: list[Chain]) -> Contacts:
    """Give RNApolis' stacked bases of a complex with their topology."""
    with mock.patch.object(annotator, "angle_between_vectors", _angle):
        stackings = annotator.find_stackings(rnapolis_structure(chains), 1)
    return {(s.nt1.auth.number, s.nt2.auth.number): {s.topology.value} for s in stackings}


def _angle(first: np.ndarray, second: np.ndarray) -> float:
    """Stand in for RNApolis' own, which fails on a cosine of 1 + 1e-16."""
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return math.acos(np.clip(first @ second / length, -1, 1)) if length else math.pi


@pytest.fixture(scope="session")
def complexes(shared_data: Path) -> Callable[[int], list[list[Chain]]]:
    """Give a function that draws n complexes of the shared data."""
    return cache(partial(seeded_complexes, shared_data / "pdb"))


@pytest.fixture(scope="session")
def reference_pairs() -> Callable[[list[Chain]], Contacts]:
    """Give :func:`rnapolis_pairs`."""
    return rnapolis_pairs


@pytest.fixture(scope="session")
def reference_stackings() -> Callable[[list[Chain]], Contacts]:
    """Give :func:`rnapolis_stackings`."""
    return rnapolis_stackings
