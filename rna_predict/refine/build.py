"""Missing atoms of a residue, placed by an ideal residue and the distances to what is there.

Every usual conformation of the ideal residue is superposed on the atoms that are there, the nearest
of which count most. The best few are then relaxed: only the new atoms move, to meet the ideal
distances over one and two bonds, which determine most single atoms. Where the atoms left do not
decide, as for a whole base, the commonest conformation that does not clash is taken.
"""

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from rna_predict.constants import ALPHABET, N_BACKBONE, N_SLOTS, SLOT_INDEX
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.refine.ideal_residues import (
    N_WITH_OUTER,
    IdealResidue,
    chiral_volumes,
    ideal_residue,
)

TRIED = 12
"""Conformations that are relaxed."""
ROUNDS = 15
"""Gauss-Newton steps; the distances change by less than 0.001 A after ten."""
DAMPING = 0.02
FARTHEST_STEP = 0.5
"""Angstrom; of an atom in a step."""
PER_BOND, PER_ANGLE = 1.0, 0.6
"""Weights of distances over one bond and over two."""
OLD_WEIGHT = 0.05
"""... and of the distance of a moved atom to where it was."""
CONTACT = 2.4
"""Angstrom; atoms nearer than this to atoms of other residues clash."""
CONTACT_COST = 0.15
"""Of a clash, in units of the fit (angstrom)."""
VOLUME = 0.7
"""Chiral volumes below this are wrong, as in ``evaluate.chirality`` (angstrom^3)."""
WRONG_HAND = 10.0
"""Cost of a chiral centre that is mirrored."""
AROUND = 15.0
"""Angstrom about the middle of a residue within which others may be met."""
CROWD = 5000
"""Atoms there, of which there are up to two thousand; in a heap of more no place is better."""
LEAST_SPREAD = 0.3
"""Angstrom; atoms that spread less from a line do not tell how a residue is turned."""


def placeable(
    atoms: Float[np.ndarray, "29 3"], missing: Bool[np.ndarray, " 29"], base: str
) -> bool:
    """Tell whether enough is left of a residue to place its missing atoms.

    Three atoms that are not on a line, one of them of the sugar or the base. From a phosphate
    alone a residue would be invented.
    """
    own = np.isfinite(atoms).all(-1)
    own[N_SLOTS:] = False
    if not own[4:].any():
        return False
    near = ideal_residue(base).steps[missing].min(axis=0, initial=N_WITH_OUTER) <= 4
    points = atoms[own | (np.isfinite(atoms).all(-1) & near)]
    if own.sum() < 2 or len(points) < 3:
        return False
    return bool(np.linalg.svd(points - points.mean(0), compute_uv=False)[1] > LEAST_SPREAD)


def surroundings(coords: Float[np.ndarray, "n 23 3"], index: int) -> cKDTree | None:
    """Index the atoms of other residues near one, without those next to it over its links.

    Parameters
    ----------
    coords : (n, 23, 3) float, angstrom
        NaN where no atom is.
    index : int

    Returns
    -------
    cKDTree or None
        None where there are no such atoms, or too many to keep off.
    """
    middle = np.nanmean(coords[index], axis=0)
    near = (np.abs(coords - middle) < AROUND).all(-1)  # False for NaN
    near[index] = False
    slot = SLOT_INDEX[ALPHABET[-1]]
    near[index + 1 : index + 2, [slot[name] for name in ("P", "OP1", "OP2", "O5'")]] = False
    near[max(index - 1, 0) : index, [slot["O3'"], slot["C3'"]]] = False
    points = coords[near]
    return cKDTree(points) if 0 < len(points) <= CROWD else None


def build_atoms(
    atoms: Float[np.ndarray, "29 3"],
    missing: Bool[np.ndarray, " 29"],
    base: str,
    others: cKDTree | None = None,
    old: Float[np.ndarray, "29 3"] | None = None,
) -> Float[np.ndarray, "29 3"]:
    """Place missing atoms of a residue.

    Parameters
    ----------
    atoms : (29, 3) float, angstrom
        A residue with its neighbours' atoms, see
        :func:`rna_predict.refine.ideal_residues.gather_residue`; NaN where there is none. Must be
        :func:`placeable`.
    missing : (29,) bool
        Atoms to place; what they had in ``atoms`` does not count.
    base : str
        A, C, G or U.
    others : cKDTree, optional
        Atoms of other residues, to keep off.
    old : (29, 3) float, optional
        Where the missing atoms were, to stay near; NaN for atoms that were nowhere.

    Returns
    -------
    (29, 3) float, angstrom
        All atoms of the residue that are there or were missing.
    """
    ideal = ideal_residue(base)
    known = np.isfinite(atoms).all(-1) & ~missing
    where = np.where(known[:, None], atoms, np.nan if old is None else old)
    counted = np.isfinite(where).all(-1)
    steps = ideal.steps[missing].min(axis=0)
    weight = np.where(known, 1.0 / np.maximum(steps, 1) ** 2, OLD_WEIGHT)[counted]
    placed, fit = _superposed(ideal, where[counted], counted, weight)
    fit += ideal.cost
    order = np.argsort(fit, kind="stable")[:TRIED]
    tried = np.where(known[:, None], atoms, placed[order])
    held = None if old is None else np.where(np.isfinite(old), old, np.nan)
    tried, strain = _relaxed(ideal, tried, order, known, missing, held)
    cost = strain + fit[order]
    if held is not None:
        was = missing & np.isfinite(held).all(-1)
        cost += OLD_WEIGHT * np.linalg.norm(tried[:, was] - held[was], axis=-1).sum(-1)
    with np.errstate(invalid="ignore"):
        cost += WRONG_HAND * (chiral_volumes(tried, base) < VOLUME).sum(-1)
    if others is not None:
        fresh = tried[:, missing].reshape(-1, 3)
        near = others.query(fresh, distance_upper_bound=CONTACT)[0] < CONTACT
        cost += CONTACT_COST * near.reshape(len(tried), -1).sum(-1)
    result = atoms.copy()
    result[missing] = tried[cost.argmin(), missing]
    return _with_rigid_base(ideal, result, known, missing)


def _with_rigid_base(
    ideal: IdealResidue,
    atoms: Float[np.ndarray, "29 3"],
    known: Bool[np.ndarray, " 29"],
    missing: Bool[np.ndarray, " 29"],
) -> Float[np.ndarray, "29 3"]:
    """Put the missing atoms of the base into its plane: distances alone hold them there weakly.

    The ideal base is fitted to the atoms that were there, or to all if they are fewer than four.
    """
    base = np.zeros(len(atoms), dtype=bool)
    base[N_BACKBONE - 1 : N_SLOTS] = np.isfinite(atoms[N_BACKBONE - 1 : N_SLOTS]).all(-1)
    if not (missing & base)[N_BACKBONE:].any():
        return atoms
    used = base & known if (base & known).sum() >= 4 else base
    placed = apply_motion(ideal.atoms[0], *superpose(ideal.atoms[0], atoms, used))
    fresh = missing & base
    fresh[N_BACKBONE - 1] = False
    return np.where(fresh[:, None], placed, atoms)


def _superposed(
    ideal: IdealResidue,
    points: Float[np.ndarray, "k 3"],
    counted: Bool[np.ndarray, " 29"],
    weight: Float[np.ndarray, " k"],
) -> tuple[Float[np.ndarray, "c 29 3"], Float[np.ndarray, " c"]]:
    """Superpose all conformations by weights; give them and their weighted RMSD."""
    own = ideal.atoms[:, counted]
    share = weight / weight.sum()
    centre, target = share @ own, share @ points
    # With weights: scaled by their roots, and with their negatives, so that the centre stays.
    root = np.sqrt(share)[:, None]
    mobile, fixed = (own - centre[:, None]) * root, (points - target) * root
    rotation, _ = superpose(
        np.concatenate([mobile, -mobile], axis=-2),
        np.broadcast_to(np.concatenate([fixed, -fixed]), (len(own), 2 * len(points), 3)),
    )
    moved = (ideal.atoms - centre[:, None]) @ np.swapaxes(rotation, -1, -2) + target
    square = ((moved[:, counted] - points) ** 2).sum(-1)
    return moved, np.sqrt(square @ share)


def _relaxed(
    ideal: IdealResidue,
    tried: Float[np.ndarray, "t 29 3"],
    order: Int[np.ndarray, " t"],
    known: Bool[np.ndarray, " 29"],
    missing: Bool[np.ndarray, " 29"],
    held: Float[np.ndarray, "29 3"] | None,
) -> tuple[Float[np.ndarray, "t 29 3"], Float[np.ndarray, " t"]]:
    """Move the missing atoms to meet the ideal distances; give them and the weighted RMSD left."""
    first, second = ideal.pairs.T
    used = (missing[first] | missing[second]) & (known | missing)[first] & (known | missing)[second]
    first, second = first[used], second[used]
    weight = np.where(ideal.bonded[used], PER_BOND, PER_ANGLE)
    goal = ideal.distance[ideal.pucker[order]][:, used]
    row = np.cumsum(missing) - 1
    pairs, count = np.arange(len(first)), int(missing.sum())
    anchored = np.zeros(count) if held is None else np.isfinite(held[missing]).all(-1) * OLD_WEIGHT
    diagonal = np.repeat(DAMPING + anchored**2, 3)
    tried = tried.copy()
    for _ in range(ROUNDS):
        gap = tried[:, first] - tried[:, second]
        length = np.maximum(np.linalg.norm(gap, axis=-1), 1e-6)
        residual = weight * (length - goal)
        slope = weight[:, None] * gap / length[..., None]
        jacobian = np.zeros((len(tried), len(first), count, 3))
        for end, sign in ((first, 1.0), (second, -1.0)):
            free = missing[end]
            jacobian[:, pairs[free], row[end[free]]] += sign * slope[:, free]
        jacobian = jacobian.reshape(len(tried), len(first), 3 * count)
        turned = np.swapaxes(jacobian, -1, -2)
        gradient = (turned @ residual[..., None])[..., 0]
        if held is not None:
            pull = np.nan_to_num(tried[:, missing] - held[missing]) * (anchored**2)[:, None]
            gradient += pull.reshape(len(tried), -1)
        normal = turned @ jacobian + np.diag(diagonal)
        step = -np.linalg.solve(normal, gradient[..., None]).reshape(len(tried), count, 3)
        reach = np.linalg.norm(step, axis=-1, keepdims=True)
        tried[:, missing] += step * np.minimum(1.0, FARTHEST_STEP / np.maximum(reach, 1e-9))
    gap = np.linalg.norm(tried[:, first] - tried[:, second], axis=-1)
    return tried, np.sqrt(((weight * (gap - goal)) ** 2).sum(-1))
