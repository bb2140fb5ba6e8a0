"""Torsion statistics of residues outside base pairs: conformers and how common they are.

``loop_conformers.tsv`` beside this module: of the first models of the shared data at 2.5 angstrom
or better, one chain for each distinct sequence (``evaluate.reference.reference_chains``), without
the RNA-Puzzles and the targets of the example, all residues of whole chains that no canonical base
pair holds, within the chain or with another: 7,214 residues of 464 chains, 40 conformers, seed 0.
"""

from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Float

from rna_predict.constants import TORSIONS

BUILT: Final = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "chi", "nu2", "nu3")
"""Torsions of a conformer: all that the kinematics builds from."""
ROUNDS: Final = 100
"""Most rounds of the clustering."""


@cache
def read_conformers() -> tuple[Float[np.ndarray, "k 9"], Float[np.ndarray, " k"]]:
    """Read the committed table.

    Returns
    -------
    torsions : (k, 9) float, radians
        Columns as ``BUILT``.
    share : (k,) float
        Of the residues; adds up to 1.
    """
    with (files("rna_predict.templates") / "loop_conformers.tsv").open() as file:
        table = pd.read_csv(file, sep="\t")
    count = table["n"].to_numpy()
    return np.deg2rad(table[list(BUILT)].to_numpy()), count / count.sum()


def sample_conformers(count: int, generator: np.random.Generator) -> Float[np.ndarray, "count 14"]:
    """Draw conformers by how common they are.

    Parameters
    ----------
    count : int
        Residues.
    generator : numpy Generator
        Source of randomness.

    Returns
    -------
    (count, 14) float, radians
        In the order of ``constants.TORSIONS``; those that follow from others (nu0, nu1, nu4, eta,
        theta) are 0: nothing is built from them.
    """
    conformers, share = read_conformers()
    chosen = generator.choice(len(share), size=count, p=share)
    torsions = np.zeros((count, len(TORSIONS)))
    torsions[:, [TORSIONS.index(name) for name in BUILT]] = conformers[chosen]
    return torsions


def cluster_conformers(
    torsions: Float[np.ndarray, "n 9"], count: int, generator: np.random.Generator
) -> pd.DataFrame:
    """Choose residues that stand for all: the nearest to each mean of a k-means clustering.

    On the sines and cosines of all torsions, from a start of k-means++ (Arthur & Vassilvitskii
    2007), so that a conformer is one that some residue has.

    Parameters
    ----------
    torsions : (n, 9) float, radians
        Finite; columns as ``BUILT``.
    count : int
        Conformers, at most n.
    generator : numpy Generator
        Of the start.

    Returns
    -------
    DataFrame
        Columns n (residues of the cluster) and ``BUILT`` (degrees), the most common first.

    Raises
    ------
    ValueError
        If there are fewer residues than conformers.
    """
    if len(torsions) < count:
        raise ValueError(f"expected at least {count} residues, got {len(torsions)}")
    points = np.concatenate([np.sin(torsions), np.cos(torsions)], axis=1)
    centres = points[[generator.integers(len(points))]]
    while len(centres) < count:
        square = _squares(points, centres).min(axis=1)
        chosen = generator.choice(len(points), p=square / square.sum())
        centres = np.concatenate([centres, points[[chosen]]])
    labels = np.full(len(points), -1)
    for _ in range(ROUNDS):
        nearest = _squares(points, centres).argmin(axis=1)
        if (nearest == labels).all():
            break
        labels = nearest
        members = labels == np.arange(count)[:, None]
        kept = members.any(axis=1)
        centres[kept] = (members @ points)[kept] / members.sum(axis=1)[kept, None]
    middle = _squares(points, centres).argmin(axis=0)
    table = pd.DataFrame(np.rad2deg(torsions[middle]), columns=list(BUILT))
    table.insert(0, "n", np.bincount(labels, minlength=count))
    return table[table["n"] > 0].sort_values("n", ascending=False, ignore_index=True)


def _squares(
    points: Float[np.ndarray, "n d"], centres: Float[np.ndarray, "k d"]
) -> Float[np.ndarray, "n k"]:
    """Give squared distances."""
    square = (points**2).sum(1)[:, None] + (centres**2).sum(1) - 2 * points @ centres.T
    return np.maximum(square, 0.0)
