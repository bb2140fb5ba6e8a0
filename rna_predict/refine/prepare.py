"""From a Chain to what a force field accepts: whole parent residues in unbroken stretches."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from rna_predict.constants import (
    ALPHABET,
    BASE_ATOMS,
    N_BACKBONE,
    PURINES,
    SLOT_ATOMS,
    SLOT_INDEX,
    UNKNOWN,
    slot_mask,
)
from rna_predict.errors import EntryError
from rna_predict.evaluate.bonds import expected_links
from rna_predict.geometry.frames import replace_base
from rna_predict.structure.chain import Chain

PHOSPHATE = [SLOT_INDEX[ALPHABET[0]][name] for name in ("P", "OP1", "OP2")]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A chain as its parent residues, complete.

    Attributes
    ----------
    sequence : str
        n letters; N only where nothing is observed.
    coords : (n, 23, 3) float64, angstrom
        Missing base atoms are built; NaN in residues that are not observed.
    segments : tuple of (int, int)
        First and past-the-end residue of each unbroken stretch.
    phosphate : tuple of bool
        Whether each stretch begins with a phosphate.
    modified : (n,) bool
        Residues that are not their parents by name; atoms built in them are no part of them.
    """

    sequence: str
    coords: Float[np.ndarray, "n 23 3"]
    segments: tuple[tuple[int, int], ...]
    phosphate: tuple[bool, ...]
    modified: Bool[np.ndarray, " n"]


def prepare(chain: Chain) -> Prepared:
    """Make a chain fit for the force field, or say why it cannot be.

    Parameters
    ----------
    chain : Chain
        Modified residues are taken as their parents.

    Returns
    -------
    Prepared

    Raises
    ------
    EntryError
        ``unknown_base`` for an observed residue without a parent; ``missing_atoms`` where
        backbone or sugar atoms, or the three atoms that place the base, are missing;
        ``not_observed`` for a chain without atoms.
    """
    observed = np.flatnonzero(chain.observed)
    if not len(observed):
        raise EntryError(chain.name, "no residue has atoms", "not_observed")
    for index in observed.tolist():
        if chain.sequence[index] == UNKNOWN:
            what = f"{_place(chain, index)} has no parent base, expected A, C, G or U"
            raise EntryError(chain.name, what, "unknown_base")
    segments = _segments(chain)
    modified = np.array(chain.residue_names, dtype=str) != np.array(list(chain.sequence))
    coords = chain.coords.astype(np.float64)
    needed = slot_mask()[chain.kinds] & chain.observed[:, None]
    phosphate = []
    for start, _ in segments:
        has = bool(np.isfinite(coords[start, PHOSPHATE]).any())
        phosphate.append(has)
        needed[start, PHOSPHATE] = has
    built = needed & ~np.isfinite(coords).all(-1)
    for index in np.flatnonzero(built.any(axis=1)).tolist():
        coords[index] = _with_base(chain, index, coords[index], built[index])
    return Prepared(chain.sequence, coords, segments, tuple(phosphate), modified)


def _segments(chain: Chain) -> tuple[tuple[int, int], ...]:
    """List the stretches of observed residues joined by O3'-P bonds."""
    joined = np.concatenate([[False], expected_links(chain), [False]])
    starts = np.flatnonzero(chain.observed & ~joined[:-1])
    stops = np.flatnonzero(chain.observed & ~joined[1:]) + 1
    return tuple(zip(starts.tolist(), stops.tolist(), strict=True))


def _with_base(
    chain: Chain,
    index: int,
    atoms: Float[np.ndarray, "23 3"],
    missing: Bool[np.ndarray, " 23"],
) -> Float[np.ndarray, "23 3"]:
    """Fill the missing atoms of a residue's base from its frame."""
    base = chain.sequence[index]
    names = [name for name, gone in zip(SLOT_ATOMS[base], missing, strict=True) if gone]
    frame = ("N9", "C4") if base in PURINES else ("N1", "C2")
    if missing[:N_BACKBONE].any() or set(frame) & set(names):
        what = (
            f"{_place(chain, index)} lacks {', '.join(names)}; only base atoms other than "
            f"{' and '.join(frame)} can be built"
        )
        raise EntryError(chain.name, what, "missing_atoms")
    filled = atoms.copy()
    base_slots = slice(N_BACKBONE, N_BACKBONE + len(BASE_ATOMS[base]))
    ideal = replace_base(atoms[:N_BACKBONE], base, atoms[base_slots], base)
    filled[base_slots] = np.where(missing[base_slots, None], ideal, atoms[base_slots])
    return filled


def _place(chain: Chain, index: int) -> str:
    """Name a residue for a message."""
    number = f"{chain.auth_numbers[index]}{chain.ins_codes[index]}"
    return f"residue {number} '{chain.residue_names[index]}'"
