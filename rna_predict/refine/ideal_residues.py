"""Ideal nucleotides in their usual conformations, with the neighbours' atoms bonded to them.

The pattern that missing atoms are built from: the atoms of a residue and, beyond its two links, the
atoms that share a bond or an angle with it.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from jaxtyping import Bool, Float, Int

from rna_predict.constants import (
    ALPHABET,
    BASE_ATOMS,
    BASE_BONDS,
    N_BACKBONE,
    N_SLOTS,
    SLOT_INDEX,
    SUGAR_BONDS,
    TORSIONS,
)

OUTER = (("C3'", -1), ("O3'", -1), ("P", 1), ("OP1", 1), ("OP2", 1), ("O5'", 1))
"""Atoms of the neighbours that follow the 23 slots, and in which neighbour they are."""
N_WITH_OUTER = N_SLOTS + len(OUTER)
OUTER_BONDS = (
    *(("C3'-1", "O3'-1"), ("O3'-1", "P"), ("O3'", "P+1"), ("P+1", "OP1+1"), ("P+1", "OP2+1")),
    ("P+1", "O5'+1"),
)
CENTRES = (
    ("C1'", "O4'", "C2'", "N"), ("C2'", "C3'", "C1'", "O2'"), ("C3'", "C4'", "C2'", "O3'"),
    ("C4'", "C3'", "O4'", "C5'"), ("P", "O3'-1", "O5'", "OP1"), ("P", "O5'", "O3'-1", "OP2"),
)  # fmt: skip
"""Chiral centres and three neighbours each whose triple product about it is positive; N is the
base's N9 or N1."""
AMPLITUDE = 38.0
"""Degrees; of the pucker."""

USUAL = {
    "pucker": {18.0: 0.0, 162.0: 0.10},
    "chi": {-165.0: 0.0, -135.0: 0.05, -105.0: 0.10, -75.0: 0.15, 60.0: 0.30},
    "gamma": {55.0: 0.0, 175.0: 0.10, -65.0: 0.15},
    "alpha": {-65.0: 0.0, 150.0: 0.10, 70.0: 0.15},
    "epsilon": {-150.0: 0.0, -95.0: 0.10},
    "zeta": {-70.0: 0.0, 70.0: 0.15},
}
"""Degrees (of the pucker its phase), and what a conformation costs: it decides where the atoms that
are there do not, so the commonest is the cheapest (units of the fit, angstrom)."""


@dataclass(frozen=True, eq=False)
class IdealResidue:
    """One kind of residue in all conformations.

    Attributes
    ----------
    atoms : (c, 29, 3) float, angstrom
        The 23 slots and ``OUTER``; NaN in slots without an atom.
    cost : (c,) float
        Of the conformation.
    pairs : (p, 2) int
        Atoms whose distance is fixed: one or two bonds apart, or both of the base and its C1'.
    bonded : (p,) bool
        Which pairs are bonds.
    pucker : (c,) int
        0 for a C3'-endo sugar, 1 for C2'-endo.
    distance : (2, p) float, angstrom
        Of the pairs, by pucker.
    steps : (29, 29) int
        Bonds between two atoms.
    """

    atoms: Float[np.ndarray, "c 29 3"]
    cost: Float[np.ndarray, " c"]
    pairs: Int[np.ndarray, "p 2"]
    bonded: Bool[np.ndarray, " p"]
    pucker: Int[np.ndarray, " c"]
    distance: Float[np.ndarray, "2 p"]
    steps: Int[np.ndarray, "29 29"]


@cache
def ideal_residue(base: str) -> IdealResidue:
    """Build the conformations of a residue.

    Parameters
    ----------
    base : str
        A, C, G or U.

    Returns
    -------
    IdealResidue
    """
    atoms, cost = _conformations(base)
    steps = _bond_steps(base)
    rigid = np.zeros(N_WITH_OUTER, dtype=bool)
    rigid[N_BACKBONE - 1 : N_BACKBONE + len(BASE_ATOMS[base])] = True
    near = (steps <= 2) | (rigid[:, None] & rigid[None])
    first, second = np.nonzero(np.triu(near, 1))
    present = np.isfinite(atoms[0]).all(-1)
    kept = present[first] & present[second]
    first, second = first[kept], second[kept]
    pucker = np.repeat(np.arange(len(USUAL["pucker"])), len(atoms) // len(USUAL["pucker"]))
    one_each = atoms[np.unique(pucker, return_index=True)[1]]
    return IdealResidue(
        atoms=atoms,
        cost=cost,
        pairs=np.stack([first, second], axis=1),
        bonded=steps[first, second] == 1,
        pucker=pucker,
        distance=np.linalg.norm(one_each[:, first] - one_each[:, second], axis=-1),
        steps=steps,
    )


def usual_torsions(
    *names: str,
) -> tuple[Float[np.ndarray, "c torsions"], Float[np.ndarray, " c"]]:
    """Combine usual values.

    Parameters
    ----------
    *names : str
        Keys of ``USUAL``, the last changing fastest. Beta is 180 degrees, what is not named is 0.

    Returns
    -------
    torsions : (c, len(TORSIONS)) float, radians
    cost : (c,) float
    """
    choices = [USUAL[name] for name in names]
    values = dict(zip(names, np.deg2rad(list(product(*choices))).T, strict=True))
    cost = np.array([sum(costs) for costs in product(*(choice.values() for choice in choices))])
    phase, amplitude = values.pop("pucker"), np.deg2rad(AMPLITUDE)
    nu2, nu3 = amplitude * np.cos(phase), amplitude * np.cos(phase + np.deg2rad(144.0))
    values |= {"beta": np.pi, "delta": nu3 + np.deg2rad(120.0), "nu2": nu2, "nu3": nu3}
    torsions = np.zeros((len(cost), len(TORSIONS)))
    for name, value in values.items():
        torsions[:, TORSIONS.index(name)] = value
    return torsions, cost


@cache
def extended_slots(base: str) -> dict[str, int]:
    """Give the place of each atom name among the 29; ``N`` is the base's glycosidic nitrogen."""
    outer = {f"{name}{shift:+d}": N_SLOTS + row for row, (name, shift) in enumerate(OUTER)}
    return SLOT_INDEX[base] | outer | {"N": N_BACKBONE}


@cache
def centre_slots(base: str) -> Int[np.ndarray, "6 4"]:
    """Give the places of ``CENTRES`` among the 29 atoms."""
    slot = extended_slots(base)
    return np.array([[slot[name] for name in names] for names in CENTRES])


def chiral_volumes(
    atoms: Float[np.ndarray, "*batch 29 3"], base: str
) -> Float[np.ndarray, "*batch 6"]:
    """Measure the signed volumes at ``CENTRES``, angstrom^3: positive in D-ribose, NaN if unknown.

    Those of the sugar are the ones of :func:`rna_predict.evaluate.chirality.chiral_volumes`.
    """
    points = atoms[..., centre_slots(base), :]
    arms = points[..., 1:, :] - points[..., :1, :]
    return (arms[..., 0, :] * np.cross(arms[..., 1, :], arms[..., 2, :])).sum(-1)


def gather_residue(
    coords: Float[np.ndarray, "n 23 3"], index: int, before: bool, after: bool
) -> Float[np.ndarray, "29 3"]:
    """Gather a residue and the atoms of the neighbours that it is joined to.

    Parameters
    ----------
    coords : (n, 23, 3) float, angstrom
        NaN where no atom is.
    index : int
    before, after : bool
        Whether a bond leads to the residue before and to the one after.

    Returns
    -------
    (29, 3) float, angstrom
        NaN where an atom is missing or no bond leads there.
    """
    atoms = np.full((N_WITH_OUTER, 3), np.nan)
    atoms[:N_SLOTS] = coords[index]
    slot = SLOT_INDEX[ALPHABET[-1]]
    for row, (name, shift) in enumerate(OUTER):
        if before if shift < 0 else after:
            atoms[N_SLOTS + row] = coords[index + shift, slot[name]]
    return atoms


def _conformations(base: str) -> tuple[Float[np.ndarray, "c 29 3"], Float[np.ndarray, " c"]]:
    """Build the middle of three residues in all conformations."""
    import torch  # here, as most models lack nothing

    from rna_predict.geometry.nerf import build_atoms

    torsions, cost = usual_torsions(*USUAL)
    kinds = torch.full((len(cost), 3), ALPHABET.index(base))
    built = build_atoms(torch.from_numpy(torsions[:, None].repeat(3, axis=1)), kinds).numpy()
    count = N_BACKBONE + len(BASE_ATOMS[base])
    built[:, :, count:] = np.nan
    atoms = np.full((len(cost), N_WITH_OUTER, 3), np.nan)
    atoms[:, :N_SLOTS] = built[:, 1]
    for row, (name, shift) in enumerate(OUTER):
        atoms[:, N_SLOTS + row] = built[:, 1 + shift, SLOT_INDEX[base][name]]
    return atoms, cost


def _bond_steps(base: str) -> Int[np.ndarray, "29 29"]:
    """Count the bonds between all pairs of the 29 atoms."""
    slot = extended_slots(base)
    steps = np.full((N_WITH_OUTER, N_WITH_OUTER), N_WITH_OUTER)
    for first, second in SUGAR_BONDS + BASE_BONDS[base] + OUTER_BONDS:
        steps[slot[first], slot[second]] = steps[slot[second], slot[first]] = 1
    np.fill_diagonal(steps, 0)
    for middle in range(N_WITH_OUTER):
        np.minimum(steps, steps[:, middle, None] + steps[None, middle], out=steps)
    return steps
