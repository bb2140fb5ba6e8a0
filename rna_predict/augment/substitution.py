"""New bases on the frames of old ones, where there is room for them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial import cKDTree

from rna_predict.constants import BASE_ATOMS, N_BACKBONE, PURINES, SLOT_INDEX
from rna_predict.geometry.frames import replace_base
from rna_predict.structure.chain import Chain

CLASH: Final = 2.6
"""A new base with an atom nearer than this to one of another residue is not built (angstrom)."""
BOND: Final = 2.9
"""Distance from N1 of the purine to N3 of the pyrimidine in a Watson-Crick pair (angstrom)."""
BOND_TOLERANCE: Final = 0.6
"""Largest departure from it in a substituted pair; strained pairs stay as they are (angstrom)."""
WATSON_CRICK: Final = ("GC", "CG", "AU", "UA")
"""Pairs that take one another's place: their C1' atoms lie alike, those of G-U do not."""

Change = Mapping[int, str]
"""New letters by position that come together or not at all: one residue, or the two of a pair."""


def rebuildable(chain: Chain) -> Bool[np.ndarray, " n"]:
    """Tell which residues are unmodified and have C1' and the atoms of their base's frame."""
    found = np.zeros(len(chain), dtype=bool)
    for i, (letter, name) in enumerate(zip(chain.sequence, chain.residue_names, strict=True)):
        if name == letter and letter in BASE_ATOMS and BASE_ATOMS[letter]:
            atoms = ("C1'", "N9", "C4") if letter in PURINES else ("C1'", "N1", "C2")
            found[i] = chain.atom_mask[i, [SLOT_INDEX[letter][atom] for atom in atoms]].all()
    return found


def new_base(chain: Chain, i: int, letter: str) -> Float[np.ndarray, "atoms 3"]:
    """Build the ideal base ``letter`` on the frame of base ``i``."""
    atoms = chain.coords[i]
    return replace_base(atoms[:N_BACKBONE], chain.sequence[i], atoms[N_BACKBONE:], letter)


def bonds(chain: Chain, pair: Change) -> bool:
    """Tell whether the new bases of a pair are as far apart as Watson-Crick pairs are.

    Parameters
    ----------
    chain : Chain
    pair : mapping of int to str
        Two residues, both rebuildable, and their new letters: one of ``WATSON_CRICK``.
    """
    ends = [
        new_base(chain, i, letter)[BASE_ATOMS[letter].index("N1" if letter in PURINES else "N3")]
        for i, letter in pair.items()
    ]
    return bool(abs(np.linalg.norm(ends[0] - ends[1]) - BOND) <= BOND_TOLERANCE)


def substitute(
    chain: Chain, changes: Sequence[Change], others: Float[np.ndarray, "k 3"] | None = None
) -> Chain:
    """Change bases; those without room, with all that had to change with them, stay.

    Parameters
    ----------
    chain : Chain
    changes : sequence of mapping of int to str
        No residue in two of them; all rebuildable.
    others : (k, 3) float, angstrom, optional
        Atoms of other chains, which need their room too.

    Returns
    -------
    Chain
        Sequence, residue names and base atoms changed, backbone untouched. The chain itself where
        no change was possible.
    """
    others = np.zeros((0, 3)) if others is None else others
    bases = {i: new_base(chain, i, letter) for change in changes for i, letter in change.items()}
    kept = list(changes)
    while kept:
        made = _build(chain, kept, bases)
        crowded = clashing(made, [i for change in kept for i in change], others)
        if not crowded:
            return made
        kept = [change for change in kept if not crowded & change.keys()]
    return chain


def clashing(chain: Chain, residues: Sequence[int], others: Float[np.ndarray, "k 3"]) -> set[int]:
    """List those residues of which a base atom is too near to an atom of another residue."""
    owner, slot = np.nonzero(chain.atom_mask)
    points = chain.coords[owner, slot]
    new = np.isin(owner, residues) & (slot >= N_BACKBONE)
    owners = np.concatenate([owner, np.full(len(others), -1)])
    near = cKDTree(points[new]).query_ball_tree(cKDTree(np.concatenate([points, others])), CLASH)
    return {
        int(own)
        for own, found in zip(owner[new], near, strict=True)
        if (owners[found] != own).any()
    }


def _build(chain: Chain, changes: Sequence[Change], bases: dict[int, np.ndarray]) -> Chain:
    """Put new bases into a chain."""
    letters, names = list(chain.sequence), list(chain.residue_names)
    coords = chain.coords.copy()
    for change in changes:
        for i, letter in change.items():
            coords[i, N_BACKBONE:] = np.nan
            coords[i, N_BACKBONE : N_BACKBONE + len(bases[i])] = bases[i]
            letters[i] = names[i] = letter
    return replace(
        chain,
        sequence="".join(letters),
        residue_names=tuple(names),
        coords=coords,
        atom_mask=np.isfinite(coords).all(-1),
    )
