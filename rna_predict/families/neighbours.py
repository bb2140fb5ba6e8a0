"""Structural neighbours: chains that fold alike, whatever their sequences and families.

Comparing all with all would take hours. A chain is compared with those nearest to it by four
descriptors: distances along the chain resampled to a grid, the distribution of distances, contacts
by their separation in sequence, and words of three bases. Each ranks the others and the ranks are
summed. Of the 22 pairs of different components with a TM-score of 0.45 or more that a comparison of
55 chains with all others found, 91 % were within the 20 nearest, 95 % within 30, all within 50.

TM-scores are divided by the longer chain. Divided by the shorter one, any hairpin would resemble
every ribosome. Below ``SHORTEST`` residues a high score says little: d0 has no formula there, and
pieces of one helix score as high as relatives do. From there on 5 of 1,500 random pairs of
different components had 0.45 or more, and all were relatives that no family or cluster knew (tRNA
stems, riboswitches, guide RNAs).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from scipy.spatial.distance import pdist, squareform
from scipy.stats import rankdata

from rna_predict.constants import BASES, SLOT_INDEX
from rna_predict.families.components import find_components
from rna_predict.families.folds import SMALLEST, fold_similarity
from rna_predict.structure.chain import Chain

SHORTEST: Final = 30
"""Observed residues from which a high TM-score means that two chains are related."""
NEAREST: Final = 30
"""Chains of other components that each is compared with."""
GRID: Final = 24
FAR: Final = 15.0
"""Greatest difference (angstrom) that one cell of the grid can make."""
DISTANCES: Final = np.append(np.arange(0.0, 100.0, 2.5), np.inf)
"""Edges of the distribution of distances (angstrom)."""
CONTACT: Final = 14.0
"""Distance (angstrom) of a contact."""
SEPARATIONS: Final = np.append(2.0 ** np.arange(1.5, 8.5, 0.5), np.inf)
WORD: Final = 3
NEIGHBOUR_COLUMNS: Final = ("chain_id", "neighbour", "tm")


@dataclass(frozen=True, eq=False)
class Shapes:
    """Chains and what they look like.

    Attributes
    ----------
    names : list of str
    points : list of (n, 3) float, angstrom
        Observed C3'.
    lengths : (k,) int
        Their numbers.
    descriptors : tuple of (k, d) float
        Any difference of rows is summed as it is, but for the first, see ``FAR``.
    """

    names: list[str]
    points: list[Float[np.ndarray, "_ 3"]]
    lengths: Int[np.ndarray, " k"]
    descriptors: tuple[Float[np.ndarray, "k _"], ...]

    def __len__(self) -> int:
        """Give the number of chains."""
        return len(self.names)

    def join(self, other: "Shapes") -> "Shapes":
        """Put two lists one after the other."""
        pairs = zip(self.descriptors, other.descriptors, strict=False)
        return Shapes(
            self.names + other.names,
            self.points + other.points,
            np.concatenate([self.lengths, other.lengths]),
            tuple(np.concatenate(pair) for pair in pairs),
        )

    def similarity(self, row: int, other: int, least: float = 0.0) -> float:
        """Give the TM-score of two chains, divided by the longer one.

        The search starts from the chain whose name comes first, so that a pair has one score.
        """
        pair = sorted((row, other), key=lambda k: self.names[k])
        return fold_similarity(*(self.points[k] for k in pair), least=least)

    def nearest(
        self, row: int, among: Bool[np.ndarray, " k"], count: int, ratio: float
    ) -> Int[np.ndarray, " c"]:
        """Give the rows nearest to one, nearest first.

        Parameters
        ----------
        row : int
        among : (k,) bool
            Rows to choose from.
        count : int
            At most so many.
        ratio : float
            Least length of the shorter over the longer chain: no TM-score exceeds it.
        """
        shorter = np.minimum(self.lengths, self.lengths[row])
        rows = np.flatnonzero(
            among & (shorter >= ratio * np.maximum(self.lengths, self.lengths[row]))
        )
        rows = rows[rows != row]
        ranks = np.zeros(len(rows))
        for number, table in enumerate(self.descriptors):
            difference = np.abs(table[rows] - table[row])
            ranks += rankdata(np.minimum(difference, FAR if number == 0 else np.inf).sum(1))
        return rows[np.argsort(ranks, kind="stable")[:count]]


def describe(chains: Sequence[Chain]) -> Shapes:
    """Compute the descriptors of chains; those with few observed residues are left out."""
    slot = SLOT_INDEX["N"]["C3'"]
    found = [(chain, chain.coords[chain.atom_mask[:, slot], slot]) for chain in chains]
    found = [(chain, points) for chain, points in found if len(points) >= SMALLEST]
    rows = [_describe(points, chain.sequence) for chain, points in found]
    return Shapes(
        [chain.name for chain, _ in found],
        [points for _, points in found],
        np.array([len(points) for _, points in found], dtype=np.int64),
        tuple(np.array(column) for column in zip(*rows, strict=True)),
    )


def representatives(chains: Sequence[Chain], clusters: pd.DataFrame) -> list[Chain]:
    """Give of each cluster the chain with the most observed residues, the first among equals."""
    cluster = dict(zip(clusters["chain_id"], clusters["cluster"], strict=True))
    best: dict[str, Chain] = {}
    counts: dict[str, int] = {}
    for chain in sorted(chains, key=lambda chain: (chain.name, chain.model)):
        count, key = int(chain.observed.sum()), cluster[chain.name]
        if count > counts.get(key, -1):
            best[key], counts[key] = chain, count
    return list(best.values())


def find_neighbours(
    chains: Sequence[Chain],
    families: pd.DataFrame,
    clusters: pd.DataFrame,
    max_evalue: float,
    least: float,
    count: int = NEAREST,
) -> pd.DataFrame:
    """Find chains of different components that fold alike.

    Parameters
    ----------
    chains, families, clusters, max_evalue
        As in :func:`~rna_predict.families.components.find_components`; each cluster is looked at
        through its most complete chain.
    least : float
        Least TM-score, divided by the longer chain; 0 for no search.
    count : int
        How many chains of other components each is compared with.

    Returns
    -------
    DataFrame
        Columns chain_id, neighbour, tm: one row a pair, of ``SHORTEST`` observed residues at
        least.
    """
    rows = []
    component = find_components(chains, families, clusters, max_evalue) if least > 0 else {}
    shapes = describe(representatives(chains, clusters) if least > 0 else [])
    long = shapes.lengths >= SHORTEST
    heads = np.array([component[name] for name in shapes.names], dtype=object)
    seen = set()
    for row in np.flatnonzero(long).tolist():
        for other in shapes.nearest(row, long & (heads != heads[row]), count, least).tolist():
            pair = min(row, other), max(row, other)
            if pair not in seen:
                seen.add(pair)
                tm = shapes.similarity(*pair, least=least)
                if tm >= least:
                    rows.append((*sorted(shapes.names[k] for k in pair), round(tm, 4)))
    table = pd.DataFrame(sorted(rows), columns=list(NEIGHBOUR_COLUMNS))
    return table.astype({"chain_id": "str", "neighbour": "str", "tm": "float64"})


def _describe(points: Float[np.ndarray, "n 3"], sequence: str) -> tuple[np.ndarray, ...]:
    """Give the grid, the distances, the contacts and the words of one chain."""
    n = len(points)
    position = np.linspace(0, n - 1, GRID)
    resampled = np.stack([np.interp(position, np.arange(n), axis) for axis in points.T], axis=1)
    distances = pdist(points.astype(np.float64))
    i, j = np.nonzero(np.triu(squareform(distances) < CONTACT, 3))
    codes = np.array([BASES.find(letter) for letter in sequence])
    windows = np.lib.stride_tricks.sliding_window_view(codes, min(WORD, len(codes)))
    windows = windows[(windows >= 0).all(1)]
    words = windows @ len(BASES) ** np.arange(windows.shape[1])
    counts = np.bincount(words, minlength=len(BASES) ** WORD)
    return (
        pdist(resampled),
        np.histogram(distances, DISTANCES)[0] / len(distances),
        np.histogram(j - i, SEPARATIONS)[0] / n,
        counts / max(counts.sum(), 1),
    )
