"""Parts of a native's secondary structure: stems, loops, single strands."""

from typing import Final

import numpy as np
from jaxtyping import Int

from rna_predict.secondary.pairs import annotate_pairs, canonical_pairs
from rna_predict.structure.chain import Chain

ELEMENTS: Final = ("stem", "loop", "strand")


def find_canonical_pairs(chain: Chain) -> Int[np.ndarray, "p 2"]:
    """Annotate the canonical pairs of a structure.

    Parameters
    ----------
    chain : Chain
        One chain, or those of a complex joined.

    Returns
    -------
    (p, 2) int
        cWW pairs of A-U, G-C and G-U, those of pseudoknots among them; ``i < j``, by i.
    """
    return canonical_pairs(annotate_pairs([chain]))[["i", "j"]].to_numpy(dtype=np.int64)


def structural_elements(length: int, pairs: Int[np.ndarray, "p 2"]) -> list[str]:
    """Name the part of the secondary structure that each residue is in.

    Parameters
    ----------
    length : int
    pairs : (p, 2) int
        Canonical pairs, ``i < j``.

    Returns
    -------
    list of str
        ``stem`` for paired residues, ``loop`` for those that a pair encloses, else ``strand``.
    """
    inside = np.zeros(length + 1, dtype=np.int64)
    np.add.at(inside, pairs[:, 0], 1)
    np.add.at(inside, pairs[:, 1], -1)
    names = np.where(np.cumsum(inside[:-1]) > 0, "loop", "strand").astype("<U6")
    names[pairs.ravel()] = "stem"
    return names.tolist()
