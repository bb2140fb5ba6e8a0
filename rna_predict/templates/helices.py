"""A-form helices: which ones pair probabilities speak of, and where their atoms are.

A residue of a duplex is known by its level (its base pair, counted along the helix) and its strand:
that is enough to place it, so that a helix, its continuation across an internal loop and a single
strand that stacks on it are all lists of residues with levels (:class:`Stack`).

A helix is the power of one step between base pairs. Slide, rise, roll, twist and chi are those that
close the O3'-P bond and its angles at the ideal values of ``constants`` with the median torsions of
C3'-endo residues, nearest to the means of A-RNA (Olson et al. 2001, J Mol Biol 313:229).
"""

from dataclasses import dataclass
from functools import cache
from math import cos, radians, sin
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from rna_predict.constants import ALPHABET, BASE_ATOMS, BASE_FRAME, N_BACKBONE, TORSIONS, slot_mask
from rna_predict.evaluate.reference import reference_table
from rna_predict.geometry.nerf import build_atoms
from rna_predict.geometry.superpose import apply_motion, superpose

SLIDE, RISE = -1.66, 3.32
"""Angstrom."""
ROLL, TWIST, CHI = radians(8.55), radians(31.4), radians(-164.8)
LEAST_PROBABILITY: Final = 0.5
LEAST_PAIRS: Final = 3
"""Stacked pairs that are a helix."""
MOST_UNPAIRED: Final = 8
"""Residues of an internal loop, both strands together, across which helices stack."""
MIN_HAIRPIN: Final = 3


@dataclass(frozen=True, eq=False)
class Stack:
    """Residues of one continuous A-form duplex.

    Attributes
    ----------
    residue : (m,) int
    level : (m,) int
        Base pair of each, rising towards the 3' end of strand 0.
    strand : (m,) int
        0 or 1.
    paired : (m,) bool
        Whether it is in a predicted pair; others only stack.
    """

    residue: Int[np.ndarray, " m"]
    level: Int[np.ndarray, " m"]
    strand: Int[np.ndarray, " m"]
    paired: Bool[np.ndarray, " m"]


@cache
def helix_torsions() -> Float[np.ndarray, " torsions"]:
    """Give the torsions of an A-form residue in the order of ``constants.TORSIONS``, radians.

    Medians over the C3'-endo residues of the reference table, most of which are in helices; chi of
    a helix.
    """
    table = reference_table()
    table = table[(table["kind"] == "torsion") & (table["pucker"] == "C3'-endo")]
    medians = table[table["base"] == "all"].set_index("atoms")["median"]
    torsions = np.deg2rad(medians.loc[list(TORSIONS)].to_numpy())
    torsions[TORSIONS.index("chi")] = CHI
    return torsions


@cache
def helix_residues() -> Float[np.ndarray, "5 23 3"]:
    """Give an A-form residue of each kind in the frame of its base pair.

    Returns
    -------
    (5, 23, 3) float, angstrom
        Standard reference frame; NaN in slots without an atom. An unknown residue has the backbone
        of a purine's.
    """
    torsions = torch.from_numpy(np.tile(helix_torsions(), (len(ALPHABET), 3, 1)))
    kinds = torch.arange(len(ALPHABET))[:, None].expand(-1, 3)
    built = build_atoms(torsions, kinds).numpy()[:, 1]
    built[~slot_mask()] = np.nan
    for kind, letter in enumerate(ALPHABET[:-1]):
        names = BASE_ATOMS[letter]
        plane = np.array([[*BASE_FRAME[letter][name], 0.0] for name in names])
        base = slice(N_BACKBONE, N_BACKBONE + len(names))
        built[kind] = apply_motion(built[kind], *superpose(built[kind, base], plane))
    built[-1, :N_BACKBONE] = built[0, :N_BACKBONE]
    built.setflags(write=False)
    return built


def place_stack(
    kinds: Int[np.ndarray, " m"], level: Int[np.ndarray, " m"], strand: Int[np.ndarray, " m"]
) -> Float[np.ndarray, "m 23 3"]:
    """Place residues in an A-form duplex.

    Parameters
    ----------
    kinds : (m,) int
        Position of each letter in ``constants.ALPHABET``.
    level, strand : (m,) int
        See :class:`Stack`.

    Returns
    -------
    (m, 23, 3) float, angstrom
        In the frame of the base pair at the lowest level; NaN in slots without an atom.
    """
    if not len(level):
        return np.zeros((0, *helix_residues().shape[1:]))
    rotations, origins = _frames(int(np.ptp(level)) + 1)
    turned = np.where(strand[:, None], [1.0, -1.0, -1.0], [1.0, 1.0, 1.0])
    local = helix_residues()[kinds] * turned[:, None]
    row = level - level.min()
    return local @ np.swapaxes(rotations, 1, 2)[row] + origins[row, None]


def _frames(count: int) -> tuple[Float[np.ndarray, "k 3 3"], Float[np.ndarray, "k 3"]]:
    """Give the axes and origins of consecutive base pairs; the first is the identity.

    A step slides in the frame half-way between its pairs: half a twist, half a roll.
    """
    half = _turn_z(TWIST / 2)
    step = half @ _turn_y(ROLL) @ half
    shift = half @ _turn_y(ROLL / 2) @ np.array([0.0, SLIDE, RISE])
    rotations = [np.eye(3)]
    for _ in range(count - 1):
        rotations.append(rotations[-1] @ step)
    axes = np.stack(rotations)
    return axes, np.concatenate([np.zeros((1, 3)), np.cumsum(axes[:-1] @ shift, axis=0)])


def find_helices(
    probability: Float[np.ndarray, "n n"],
    least: float = LEAST_PROBABILITY,
    pairs: int = LEAST_PAIRS,
) -> list[Int[np.ndarray, "_ 2"]]:
    """List helices of likely pairs, stacked without a bulge.

    Parameters
    ----------
    probability : (n, n) float
        Symmetric.
    least : float
        Probability of a pair that counts. Where probabilities of several sources let a residue
        have two such pairs, the likelier stands.
    pairs : int
        Stacked pairs that are a helix.

    Returns
    -------
    list of (k, 2) int
        Residues of each pair, the first rising and the second falling by one; in the order of
        their first residues.
    """
    i, j = np.nonzero(np.triu(probability, MIN_HAIRPIN + 1) > least)
    partner = np.full(len(probability), -1)
    for row in np.argsort(-probability[i, j], kind="stable").tolist():
        if partner[i[row]] < 0 and partner[j[row]] < 0:
            partner[i[row]], partner[j[row]] = j[row], i[row]
    first = np.flatnonzero(partner > np.arange(len(partner)))
    if not len(first):
        return []
    ends = np.stack([first, partner[first]], axis=1)
    breaks = np.flatnonzero((np.diff(ends, axis=0) != [1, -1]).any(1)) + 1
    return [helix for helix in np.split(ends, breaks) if len(helix) >= pairs]


def stack_helices(helices: list[Int[np.ndarray, "_ 2"]]) -> list[Stack]:
    """Unite helices that face each other across small internal loops and bulges.

    Helices of one arm are known to stack in most such loops: as many residues as both strands of
    the loop have go on as pairs, the rest of the longer strand bulges out and is in no stack.

    Parameters
    ----------
    helices : list of (k, 2) int
        As :func:`find_helices` gives them.

    Returns
    -------
    list of Stack
        Each residue is in at most one.
    """
    chained: list[list[np.ndarray]] = []
    for helix in helices:
        for arm in chained:
            left, right = helix[0] - arm[-1][-1] - 1, arm[-1][-1, 1] - helix[0, 1] - 1
            if left[0] >= 0 and right >= 0 and left[0] + right <= MOST_UNPAIRED:
                arm.append(helix)
                break
        else:
            chained.append([helix])
    return [_stack(arm) for arm in chained]


def _stack(arm: list[Int[np.ndarray, "_ 2"]]) -> Stack:
    """Give the residues of an arm their levels."""
    parts, top = [], 0
    for place, helix in enumerate(arm):
        if place:
            (i, j), (a, b) = arm[place - 1][-1], helix[0]
            both = min(a - i, j - b) - 1
            steps = np.arange(both)
            loop = np.stack([i + 1 + steps, j - 1 - steps], axis=1)
            parts.append((loop, top + steps, False))
            top += both
        levels = top + np.arange(len(helix))
        parts.append((helix, levels, True))
        top += len(helix)
    pairs = np.concatenate([pairs for pairs, _, _ in parts])
    level = np.concatenate([level for _, level, _ in parts])
    paired = np.concatenate([np.full(len(level), known) for _, level, known in parts])
    return Stack(
        residue=pairs.T.ravel(),
        level=np.tile(level, 2),
        strand=np.repeat([0, 1], len(level)),
        paired=np.tile(paired, 2),
    )


def _turn_z(angle: float) -> Float[np.ndarray, "3 3"]:
    c, s = cos(angle), sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _turn_y(angle: float) -> Float[np.ndarray, "3 3"]:
    c, s = cos(angle), sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
