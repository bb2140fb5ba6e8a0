"""Where a helix that no template holds may lie: on a strand that leads to it.

A helix is joined to what is there already by the residues between, the link. The first place lets
it go on in A-form, stacked as if there were no link or a paired one; the others have links drawn
from the conformers of residues outside helices.
"""

from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int

from rna_predict.constants import BACKBONE_ATOMS
from rna_predict.geometry.nerf import build_atoms
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.templates.contacts import beads, clashing, overstretched
from rna_predict.templates.helices import Stack, helix_torsions, place_stack
from rna_predict.templates.loop_conformers import sample_conformers

RIGID: Final = [BACKBONE_ATOMS.index(a) for a in ("C4'", "O4'", "C3'", "O3'", "C2'", "C1'")]
"""Atoms that say where a residue is."""
LONGEST_LINK: Final = 12
DRAWS: Final = 40
STRETCHED_COST: Final = 8.0
"""Clashing residues that a gap which cannot be closed counts as."""
STACKED_BONUS: Final = 2.0
"""Clashing residues that the place in A-form may have more than others."""


def draw_strands(
    kinds: Int[np.ndarray, " k"], count: int, generator: np.random.Generator
) -> Float[np.ndarray, "count k 23 3"]:
    """Draw single strands: the first in A-form, the others of loop conformers.

    Parameters
    ----------
    kinds : (k,) int
        Position of each letter in ``constants.ALPHABET``.
    count : int
    generator : numpy Generator

    Returns
    -------
    (count, k, 23, 3) float64, angstrom
        Slots that the base lacks hold its glycosidic nitrogen.
    """
    torsions = sample_conformers(count * len(kinds), generator).reshape(count, len(kinds), -1)
    torsions[0] = helix_torsions()
    sequence = torch.as_tensor(kinds).expand(count, -1)
    return build_atoms(torch.from_numpy(torsions), sequence).numpy()


def nearest_link(placed: np.ndarray, stack: Stack) -> tuple[int, tuple[int, int]] | None:
    """Find the shortest link of a stack to residues that are placed.

    Parameters
    ----------
    placed : (n,) bool
    stack : Stack

    Returns
    -------
    length : int
        Steps along the chain.
    ends : (int, int)
        The placed residue, and that of the stack. None where every link is longer than
        ``LONGEST_LINK``.
    """
    there = np.flatnonzero(placed)
    if not len(there):
        return None
    steps = np.abs(there[:, None] - stack.residue)
    row, column = np.unravel_index(steps.argmin(), steps.shape)
    if steps[row, column] > LONGEST_LINK:
        return None
    return int(steps[row, column]), (int(there[row]), int(stack.residue[column]))


def place_by_link(
    coords: Float[np.ndarray, "n 23 3"],
    kinds: Int[np.ndarray, " n"],
    stack: Stack,
    ends: tuple[int, int],
    generator: np.random.Generator,
) -> tuple[Float[np.ndarray, "m 23 3"], float]:
    """Place a stack at the end of a link.

    Parameters
    ----------
    coords : (n, 23, 3) float, angstrom
        NaN in residues that are not placed.
    kinds : (n,) int
    stack : Stack
    ends : (int, int)
        As of :func:`nearest_link`.
    generator : numpy Generator
        Of the draws.

    Returns
    -------
    (m, 23, 3) float, angstrom
        Of the draws that with the fewest clashes and gaps that cannot be closed.
    cost : float
        Its clashing residues, a gap that cannot be closed counting ``STRETCHED_COST``.
    """
    anchor, joint = ends
    first, last = min(ends), max(ends)
    strand = draw_strands(kinds[first : last + 1], DRAWS, generator)
    real = np.broadcast_to(coords[anchor, RIGID], (DRAWS, len(RIGID), 3))
    tip = apply_motion(strand[:, joint - first, RIGID],
                       *superpose(strand[:, anchor - first, RIGID], real))  # fmt: skip
    ideal = place_stack(kinds[stack.residue], stack.level, stack.strand)
    column = int(np.flatnonzero(stack.residue == joint)[0])
    start = np.broadcast_to(ideal[column, RIGID], tip.shape)
    rotation, translation = superpose(start, tip)
    places = ideal @ np.swapaxes(rotation, 1, 2)[:, None] + translation[:, None, None]
    there = np.flatnonzero(np.isfinite(coords[:, RIGID[0]]).all(-1))
    close = clashing(beads(places), stack.residue, beads(coords[there]), there)
    whole = np.repeat(coords[None], DRAWS, axis=0)
    whole[:, stack.residue] = places
    cost = close.sum(1) + STRETCHED_COST * overstretched(whole)
    best = int((cost - STACKED_BONUS * (np.arange(DRAWS) == 0)).argmin())
    return places[best], float(cost[best])
