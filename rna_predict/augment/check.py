"""Checks of every copy: right in every atom, and nothing touched that holds the fold."""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from rna_predict.augment import coordinates, loops
from rna_predict.augment.parents import Key, Parent
from rna_predict.augment.substitution import clashing
from rna_predict.constants import BASE_BONDS, BASE_FRAME, BASES, SLOT_INDEX
from rna_predict.errors import InputError
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.secondary.pairs import CANONICAL
from rna_predict.structure.chain import Chain

MAX_C1_SHIFT: Final = 0.5
"""Farthest that C1' of a residue may lie from that of the parent, where bases are changed
(angstrom)."""
MAX_BOND_ERROR: Final = 0.02
"""Largest departure of a bond within a new base from its ideal length (angstrom)."""

C1: Final = SLOT_INDEX["A"]["C1'"]


def check_copies(
    copies: Iterable[Chain], parents: Mapping[Key, Parent], loop_fraction: float
) -> dict[str, Float[np.ndarray, " r"]]:
    """Check copies against their parents.

    Parameters
    ----------
    copies : iterable of Chain
    parents : mapping of (name, model) to Parent
    loop_fraction : float
        Greatest share of a loop's residues that tier 3 changes.

    Returns
    -------
    dict of str to (r,) float, angstrom
        By tier, how far C1' of each residue lies from that of the parent.

    Raises
    ------
    InputError
        If a copy fails; names the copy and what is wrong.
    """
    shifts: dict[str, list[np.ndarray]] = {}
    for copy in copies:
        if (copy.parent, copy.model) not in parents:
            raise InputError(f"copy {copy.name}", f"{copy.parent!r} is no training chain")
        parent = parents[copy.parent, copy.model]
        shift = c1_shift(copy, parent.chain)
        if fault := _fault(copy, parent, shift, loop_fraction):
            raise InputError(f"copy {copy.name}", fault)
        shifts.setdefault(copy.tier, []).append(shift)
    return {tier: np.concatenate(parts) for tier, parts in shifts.items()}


def c1_shift(copy: Chain, parent: Chain) -> Float[np.ndarray, " r"]:
    """Measure how far C1' lies from that of the parent, where it is observed.

    Copies with a rigid motion of their own (tier 1) are superposed on the parent first.
    """
    mask = copy.atom_mask & parent.atom_mask
    coords = copy.coords.astype(np.float64)
    if copy.tier == coordinates.TIER and mask.sum() >= 3:
        motion = superpose(coords[mask], parent.coords[mask])
        coords = apply_motion(coords.reshape(-1, 3), *motion).reshape(coords.shape)
    return np.linalg.norm((coords - parent.coords)[mask[:, C1], C1], axis=-1)


def changed_residues(copy: Chain, parent: Chain) -> Bool[np.ndarray, " n"]:
    """Tell the residues whose base is another one."""
    return copy.kinds != parent.kinds


def _fault(
    copy: Chain, parent: Parent, shift: Float[np.ndarray, " r"], loop_fraction: float
) -> str:
    """Say what is wrong with a copy, "" for nothing."""
    before, contacts = parent.chain, parent.contacts
    changed = changed_residues(copy, before)
    if copy.tier == coordinates.TIER:
        return "its bases are not those of its parent" if changed.any() else ""
    if not changed.any():
        return "no base is changed"
    if len(shift) and shift.max() >= MAX_C1_SHIFT:
        return f"a C1' moved {shift.max():.2f} A, expected less than {MAX_C1_SHIFT} A"
    if (touched := np.flatnonzero(changed & contacts.tertiary)).size:
        return f"residue {touched[0]}: a changed base in a tertiary contact"
    if (touched := np.flatnonzero(changed & contacts.tetraloop)).size:
        return f"residue {touched[0]}: a changed base in a tetraloop"
    for i in np.flatnonzero(contacts.partner >= 0):
        pair = copy.sequence[i] + copy.sequence[contacts.partner[i]]
        if pair not in CANONICAL:
            return f"residue {i}: its canonical pair became {pair}"
    error, where = _worst_bond(copy, changed)
    if not error < MAX_BOND_ERROR:
        return f"residue {where}: a bond of its base is {error:.3f} A off the ideal length"
    if crowded := clashing(copy, np.flatnonzero(changed).tolist(), parent.others):
        return f"residue {min(crowded)}: its new base clashes with another residue"
    if copy.tier == loops.TIER:
        return _loop_fault(changed, parent, loop_fraction)
    return ""


def _loop_fault(changed: Bool[np.ndarray, " n"], parent: Parent, fraction: float) -> str:
    """Say what is wrong with the mutations of loops."""
    left = changed.copy()
    for residues in loops.find_loops(parent.contacts.partner):
        count, most = changed[residues].sum(), loops.most_changes(len(residues), fraction)
        if count and len(residues) <= loops.LARGE:
            return f"residue {residues[0]}: a loop of {len(residues)} is changed"
        if count > most:
            what = f"{count} of {len(residues)} residues of its loop changed"
            return f"residue {residues[0]}: {what}, expected {most} at most"
        left[residues] = False
    return f"residue {np.argmax(left)}: changed outside loops" if left.any() else ""


def _worst_bond(copy: Chain, changed: Bool[np.ndarray, " n"]) -> tuple[float, int]:
    """Give the largest departure of a base's bonds from the ideal, and the residue; NaN counts."""
    worst = (0.0, -1)
    for kind, letter in enumerate(BASES):
        rows = np.flatnonzero(changed & (copy.kinds == kind))
        names = [bond for bond in BASE_BONDS[letter] if "C1'" not in bond]
        frame = {name: np.array(xy) for name, xy in BASE_FRAME[letter].items()}
        ideal = [np.linalg.norm(frame[one] - frame[other]) for one, other in names]
        slots = np.array([[SLOT_INDEX[letter][name] for name in bond] for bond in names])
        ends = copy.coords[rows[:, None, None], slots]
        error = np.abs(np.linalg.norm(ends[:, :, 0] - ends[:, :, 1], axis=-1) - ideal).max(axis=1)
        error = np.nan_to_num(error, nan=np.inf)
        if len(rows) and error.max() > worst[0]:
            worst = float(error.max()), int(rows[error.argmax()])
    return worst
