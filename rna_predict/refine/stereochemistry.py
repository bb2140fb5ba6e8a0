"""Mirrored centres of sugars turned right before forces act.

RNA has no peptide bond, and no bond of it is chosen between cis and trans: chi may be syn in every
residue, and is left as it is. The faults of that sort that a model can have are phosphate oxygens
whose names were exchanged (:mod:`rna_predict.refine.phosphates`), a base or a hydroxyl on the wrong
face of its sugar, and a mirrored sugar; all are the hand of a centre. A 2'-5' linkage is a torn
O3'-P link here and is closed as any other.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial import cKDTree

from rna_predict.constants import BASE_ATOMS, N_BACKBONE, N_SLOTS, SLOT_INDEX, UNKNOWN
from rna_predict.refine.build import VOLUME, build_atoms, surroundings
from rna_predict.refine.ideal_residues import (
    CENTRES,
    N_WITH_OUTER,
    chiral_volumes,
    extended_slots,
    gather_residue,
    ideal_residue,
)
from rna_predict.refine.repairs import Repair

SUGAR = 4
"""Rows of ``CENTRES`` of the sugar; those of P follow."""
SLOT = SLOT_INDEX[UNKNOWN]
SUGAR_ATOMS = [SLOT[name] for name in ("C4'", "O4'", "C3'", "C2'", "O2'", "C1'")]
MOVE_COST = 0.03
"""Of an atom moved by 1 A, where a distance that is off by 1 A costs 1: how a residue is strained
decides, and between equals the shorter move."""
USUAL = 0.08
"""Angstrom that a distance over one or two bonds may be off at no cost, as in crystal structures:
else an ideal sugar would be preferred to one that only needs a hydroxyl mirrored."""
SOUND, STRAINED = 3.0, 50.0
"""Strain up to which a repair has made a residue sound, and what is added beyond. In residues bent
all over the centres themselves move, and if that is not enough the shortest move counts."""
CONTACT, CONTACT_COST = 2.4, 0.5
"""Angstrom, and the cost of an atom that comes nearer to one of another residue."""
WRONG_HAND = 1000.0


def mirror_centres(
    sequence: str, coords: Float[np.ndarray, "n 23 3"], joined: Bool[np.ndarray, " n-1"]
) -> tuple[Float[np.ndarray, "n 23 3"], list[Repair]]:
    """Turn mirrored and flat centres of sugars right.

    Each centre may go through the plane of its three neighbours; its substituent (the whole base,
    O2', O3' or C5') may be mirrored; or the sugar may be built anew between phosphate and base.
    Of all combinations for a residue that are right, the one is taken which strains distances over
    one and two bonds least, then moves least; the centres alone where none makes it sound.

    Parameters
    ----------
    sequence : str
        n letters of A, C, G, U, N.
    coords : (n, 23, 3) float, angstrom
        NaN in residues that are not there; the others are complete.
    joined : (n - 1,) bool
        Of neighbours that are bonded.

    Returns
    -------
    coords : (n, 23, 3) float, angstrom
    repairs : list of Repair
        ``chirality``, with the centres and what was moved.
    """
    coords = coords.copy()
    repairs = []
    before, after = np.append(False, joined), np.append(joined, False)
    present = np.isfinite(coords).all(-1)
    for index in np.flatnonzero(present[:, SUGAR_ATOMS].all(1)).tolist():
        base = sequence[index]
        atoms = gather_residue(coords, index, bool(before[index]), bool(after[index]))
        wrong = chiral_volumes(atoms, base)[:SUGAR] < VOLUME
        if not wrong.any():
            continue
        others = surroundings(coords, index)
        tried, told = _candidates(atoms, np.flatnonzero(wrong).tolist(), base)
        cost = _cost(tried, atoms, base, others)
        if cost.min() > WRONG_HAND or _strain(atoms[None], base, SUGAR_ATOMS)[0] < SOUND:
            tried = np.append(tried, _anew(atoms, base)[None], axis=0)
            told.append("sugar built anew")
            cost = _cost(tried, atoms, base, others)
        best = int(cost.argmin())
        if (chiral_volumes(tried[best], base)[:SUGAR] < VOLUME).any():
            told[best] += "; still wrong"
        coords[index] = tried[best, :N_SLOTS]
        names = ", ".join(CENTRES[row][0] for row in np.flatnonzero(wrong))
        repairs.append(Repair("chirality", index, f"{names}: {told[best]}"))
    return coords, repairs


def _candidates(
    atoms: Float[np.ndarray, "29 3"], wrong: list[int], base: str
) -> tuple[Float[np.ndarray, "c 29 3"], list[str]]:
    """List ways to turn the wrong centres of a residue right, and what each moves."""
    slot = extended_slots(base)
    tried, told = [], []
    for ways in product(("centre", "substituent"), repeat=len(wrong)):
        moved, words = atoms.copy(), []
        for row, way in zip(wrong, ways, strict=True):
            names = CENTRES[row]
            if way == "centre":
                _through_plane(moved, [slot[name] for name in names])
                words.append(f"{names[0]} moved")
            else:
                _mirror_substituent(moved, names, base)
                words.append(f"{'base' if names[3] == 'N' else names[3]} mirrored")
        tried.append(moved)
        told.append(", ".join(words))
    return np.stack(tried), told


def _anew(atoms: Float[np.ndarray, "29 3"], base: str) -> Float[np.ndarray, "29 3"]:
    """Build the sugar anew, near where it was."""
    missing = np.zeros(N_WITH_OUTER, dtype=bool)
    missing[SUGAR_ATOMS] = True
    return build_atoms(atoms, missing, base, old=atoms)


def _through_plane(atoms: Float[np.ndarray, "29 3"], slots: list[int]) -> None:
    """Move a centre to the right side of its three neighbours, as far from them as it was.

    A flat one is moved to where tetrahedral angles are.
    """
    centre, *ends = slots
    first, second, third = atoms[ends]
    normal = np.cross(second - first, third - first)
    area = np.linalg.norm(normal)
    if area < 1e-6:
        return
    normal = normal / area
    height = (atoms[centre] - first) @ normal
    # the neighbours' triple product is positive where the centre is below their plane
    atoms[centre] -= (height + max(abs(height), 0.5)) * normal


def _mirror_substituent(
    atoms: Float[np.ndarray, "29 3"], names: tuple[str, ...], base: str
) -> None:
    """Mirror the fourth atom of a centre, and what hangs on it alone, by the plane of the others.

    A flat one is turned about the centre to where tetrahedral angles are.
    """
    slot = extended_slots(base)
    centre, first, second, arm = (slot[name] for name in names)
    group = {
        "N": list(range(N_BACKBONE, N_BACKBONE + len(BASE_ATOMS[base]))),
        "C5'": [slot["C5'"]], "O2'": [slot["O2'"]], "O3'": [slot["O3'"]],
    }[names[3]]  # fmt: skip
    origin = atoms[centre]
    normal = np.cross(atoms[first] - origin, atoms[second] - origin)
    area = np.linalg.norm(normal)
    if area < 1e-6:
        return
    normal = normal / area
    height = (atoms[group] - origin) @ normal
    atoms[group] -= 2 * height[:, None] * normal
    reach = np.linalg.norm(atoms[arm] - origin)
    lack = max(0.0, 0.75 * reach - (atoms[arm] - origin) @ normal)
    atoms[group] += lack * normal


def _cost(
    tried: Float[np.ndarray, "c 29 3"],
    atoms: Float[np.ndarray, "29 3"],
    base: str,
    others: cKDTree | None,
) -> Float[np.ndarray, " c"]:
    """Judge candidates by strain, movement, contacts and hand; the first moves centres alone."""
    present = np.isfinite(atoms).all(-1)
    strain = _strain(tried, base)
    moved = np.linalg.norm(tried[:, present] - atoms[present], axis=-1).sum(-1)
    unsound = strain > SOUND
    unsound[0] = False
    cost = strain + np.where(unsound, STRAINED + moved, MOVE_COST * moved)
    cost += WRONG_HAND * (chiral_volumes(tried, base)[:, :SUGAR] < VOLUME).sum(-1)
    if others is not None:
        own = tried[:, :N_SLOTS][:, present[:N_SLOTS]]
        near = others.query(own, distance_upper_bound=CONTACT)[0] < CONTACT
        cost += CONTACT_COST * near.sum(-1)
    return cost


def _strain(
    tried: Float[np.ndarray, "c 29 3"], base: str, without: Sequence[int] = ()
) -> Float[np.ndarray, " c"]:
    """Add up what distances over one and two bonds are off, angstrom, in the better pucker.

    Those that the atoms ``without`` take part in do not count.
    """
    ideal = ideal_residue(base)
    used = np.isfinite(tried[0]).all(-1)[ideal.pairs].all(1)
    used &= ~np.isin(ideal.pairs, without).any(1)
    first, second = ideal.pairs[used].T
    length = np.linalg.norm(tried[:, first] - tried[:, second], axis=-1)
    off = np.abs(length[:, None] - ideal.distance[:, used]) - USUAL
    return np.maximum(off, 0.0).sum(-1).min(-1)
