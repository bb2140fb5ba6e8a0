"""Annotate stacked bases in 3D structures, vectorised.

Two bases are stacked when a ring of the one lies close above a ring of the other and their planes
are nearly parallel: the criteria of Gabb et al. (1996) J Mol Graph 14:6, with the angles chosen on
models of four RNA-Puzzles, so that their stacking fidelity is that of the official tables, which
rest on MC-Annotate. Its own output is met exactly, topology included, where it is at hand.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from rna_predict.secondary.bases import Bases, fit_bases, ring_centres
from rna_predict.secondary.contacts import contacts_between, contacts_within
from rna_predict.structure.chain import Chain

CANDIDATE_DISTANCE: Final = 9.0
"""Bases whose centres are farther apart have no rings within ``MAX_DISTANCE`` (angstrom)."""
MAX_DISTANCE: Final = 4.5
"""Distance between the centres of two stacked rings (angstrom)."""
MAX_TILT: Final = 35.0
"""Angle between the normals of two stacked bases (degrees)."""
MAX_SHIFT: Final = 35.0
"""Angle between the line of ring centres and the nearer normal of the two (degrees)."""
CHUNK: Final = 20_000
"""Candidate pairs looked at together: bounds memory."""

TOPOLOGIES: Final = ("upward", "downward", "inward", "outward")
"""How the normals of i and j lie, as MC-Annotate names it: both along the way from i to j (``>>``),
both against it (``<<``), facing each other (``><``), turned away from each other (``<>``)."""


def annotate_stackings(chains: Sequence[Chain]) -> pd.DataFrame:
    """Annotate the stacked bases within each chain.

    Parameters
    ----------
    chains : sequence of Chain
        Modified residues count as their parents; residues with fewer than three base atoms, or
        without a parent, stack on nothing.

    Returns
    -------
    DataFrame
        Columns chain_id, model, i, j (positions in the full sequence, ``i < j``), topology (one
        of :data:`TOPOLOGIES`) and bases (their letters); sorted by chain as given, i, j.
    """
    return contacts_within(chains, find_stackings, "topology")


def annotate_stackings_between(chains: Sequence[Chain]) -> pd.DataFrame:
    """Annotate the stacked bases of different chains of the same entry and model.

    Parameters
    ----------
    chains : sequence of Chain
        Of any number of entries.

    Returns
    -------
    DataFrame
        Columns first_chain, second_chain (chain_id), model, i, j (position in each), topology,
        bases; the chain given earlier comes first.
    """
    return contacts_between(chains, find_stackings, "topology")


def find_stackings(
    kinds: Int[np.ndarray, " n"],
    coords: Float[np.ndarray, "n 23 3"],
    structure: Int[np.ndarray, " n"] | None = None,
) -> tuple[Int[np.ndarray, " s"], Int[np.ndarray, " s"], np.ndarray]:
    """Find the stacked bases among residues of one structure, or of several side by side.

    Parameters
    ----------
    kinds : (n,) int
        Position in ``constants.ALPHABET``.
    coords : (n, 23, 3) float, angstrom
        NaN where an atom is missing. Residues may be of several chains.
    structure : (n,) int, optional
        Label of the structure of each residue, if there are several.

    Returns
    -------
    i, j : (s,) int
        Stacked residues, neighbours in sequence or not, ``i < j``, sorted.
    topology : (s,) str
        One of :data:`TOPOLOGIES`.
    """
    bases = fit_bases(kinds, coords, structure)
    rings = bases.place(ring_centres())
    pairs = bases.neighbours(CANDIDATE_DISTANCE)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    chunks = [pairs[start : start + CHUNK] for start in range(0, max(len(pairs), 1), CHUNK)]
    parts = zip(*(_stacked(bases, rings, chunk) for chunk in chunks), strict=True)
    pairs, topology = (np.concatenate(part) for part in parts)
    return (
        bases.residue[pairs[:, 0]],
        bases.residue[pairs[:, 1]],
        np.array(TOPOLOGIES)[topology],
    )


def _stacked(
    bases: Bases, rings: Float[np.ndarray, "m 2 3"], pairs: Int[np.ndarray, "c 2"]
) -> tuple[Int[np.ndarray, "s 2"], Int[np.ndarray, " s"]]:
    """Choose the stacked ones of candidate pairs; give them and their topologies."""
    cosine = (bases.normal[pairs[:, 0]] * bases.normal[pairs[:, 1]]).sum(-1)
    pairs = pairs[np.abs(cosine) >= np.cos(np.deg2rad(MAX_TILT))]
    first, second = bases.normal[pairs[:, 0]], bases.normal[pairs[:, 1]]
    line = rings[pairs[:, 1], None] - rings[pairs[:, 0]][:, :, None]
    line = line.reshape(-1, rings.shape[1] ** 2, 3)
    distance = np.linalg.norm(line, axis=-1)
    along = [(line @ normal[:, :, None])[..., 0] for normal in (first, second)]
    height = np.maximum(*np.abs(along))
    above = height >= distance * np.cos(np.deg2rad(MAX_SHIFT))
    # A pyrimidine has no second ring: NaN, which no comparison accepts.
    distance = np.where(above & (distance <= MAX_DISTANCE), distance, np.inf)
    nearest = distance.argmin(1)
    stacked = np.isfinite(distance[np.arange(len(pairs)), nearest])
    up, down = (part[np.arange(len(pairs)), nearest][stacked] > 0 for part in along)
    topology = np.select([up & down, ~up & ~down, up & ~down], [0, 1, 2], 3)
    return pairs[stacked], topology
