"""All-atom copying: the residues of a template become those of a query.

Backbone and sugar stay as they are; a base that differs gives its place to the ideal atoms of the
new one, on the frame of the old (as :func:`~rna_predict.geometry.frames.replace_base` does for one
residue). Modified residues are copied as their parents, which their slots are.
"""

from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Int

from rna_predict.constants import (
    ALPHABET,
    BACKBONE_ATOMS,
    BASE_ATOMS,
    BASES,
    N_BACKBONE,
    N_SLOTS,
    slot_mask,
)
from rna_predict.geometry.frames import frame_from_points, ideal_base
from rna_predict.geometry.named_atoms import atom_points
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.structure.chain import Chain
from rna_predict.templates.helices import helix_residues

ENOUGH = 4
"""Backbone atoms that place a residue."""
PHOSPHATE = [BACKBONE_ATOMS.index(name) for name in ("P", "OP1", "OP2")]
NEXT_TO_IT = [BACKBONE_ATOMS.index(name) for name in ("O5'", "C5'", "C4'")]


def copy_residues(
    sequence: str, columns: Int[np.ndarray, "k 2"], chain: Chain
) -> Float[np.ndarray, "n 23 3"]:
    """Copy the aligned residues of a template.

    Parameters
    ----------
    sequence : str
        Of the query, n letters of ``constants.ALPHABET``.
    columns : (k, 2) int
        Residue of the query and of the template.
    chain : Chain
        The template.

    Returns
    -------
    (n, 23, 3) float64, angstrom
        Residues are complete, or NaN: where no column is, and where too little of the template's
        residue was observed. Atoms that it lacks are those of an A-form residue laid over the rest.
    """
    into, source = columns.T
    new = np.array([ALPHABET.index(letter) for letter in sequence], dtype=np.int64)[into]
    old = chain.kinds[source]
    atoms = chain.coords[source].astype(np.float64)
    exchanged = exchange_bases(atoms, old, new)
    coords = np.full((len(sequence), N_SLOTS, 3), np.nan)
    coords[into] = complete_residues(exchanged, new)
    return coords


def exchange_bases(
    atoms: Float[np.ndarray, "k 23 3"], old: Int[np.ndarray, " k"], new: Int[np.ndarray, " k"]
) -> Float[np.ndarray, "k 23 3"]:
    """Put other bases on the frames of the present ones.

    Parameters
    ----------
    atoms : (k, 23, 3) float, angstrom
        NaN where no atom is.
    old, new : (k,) int
        Kinds of residues before and after.

    Returns
    -------
    (k, 23, 3) float, angstrom
        Residues of the same kind are as they were. Others have the new base in place of the old;
        without one where an atom of the old base's frame is missing.
    """
    c1, nitrogen, carbon = np.moveaxis(
        atom_points(atoms, old, np.zeros(len(old), dtype=bool), ("C1'", "N9|N1", "C4|C2")), 1, 0
    )
    axes = frame_from_points(nitrogen, 2 * nitrogen - c1, carbon)
    bases = _ideal_bases()[new] @ np.swapaxes(axes, 1, 2) + nitrogen[:, None]
    exchanged = atoms.copy()
    different = old != new
    exchanged[different, N_BACKBONE:] = bases[different]
    return exchanged


def complete_residues(
    atoms: Float[np.ndarray, "k 23 3"], kinds: Int[np.ndarray, " k"]
) -> Float[np.ndarray, "k 23 3"]:
    """Fill the gaps of residues with the atoms of A-form ones.

    Parameters
    ----------
    atoms : (k, 23, 3) float, angstrom
        NaN where no atom is.
    kinds : (k,) int

    Returns
    -------
    (k, 23, 3) float, angstrom
        NaN in residues with fewer than ``ENOUGH`` atoms of the backbone, and in slots without an
        atom. A missing phosphate follows O5', C5' and C4', all else the whole residue.
    """
    ideal = helix_residues()[kinds]
    wanted = slot_mask()[kinds]
    present = np.isfinite(atoms).all(-1) & wanted
    whole = present[:, :N_BACKBONE].sum(1) >= ENOUGH
    missing = wanted & ~present
    filled = np.where(present[..., None], atoms, np.nan)
    phosphate = np.zeros(N_SLOTS, dtype=bool)
    phosphate[PHOSPHATE] = True
    beside = np.zeros(N_SLOTS, dtype=bool)
    beside[NEXT_TO_IT] = True
    near = whole & present[:, NEXT_TO_IT].all(1)
    for rows, over, slots in (
        (near & missing[:, phosphate].any(1), present & beside, missing & phosphate),
        (whole & missing.any(1), present, missing & ~(phosphate & near[:, None])),
    ):
        filled[rows] = _laid_over(filled[rows], ideal[rows], over[rows], slots[rows])
    filled[~whole] = np.nan
    return filled


def _laid_over(
    atoms: Float[np.ndarray, "k 23 3"],
    ideal: Float[np.ndarray, "k 23 3"],
    over: Bool[np.ndarray, "k 23"],
    slots: Bool[np.ndarray, "k 23"],
) -> Float[np.ndarray, "k 23 3"]:
    """Take the given slots from ideal residues superposed on other atoms."""
    if not len(atoms):
        return atoms
    moved = apply_motion(ideal, *superpose(ideal, atoms, over))
    return np.where(slots[..., None], moved, atoms)


@cache
def _ideal_bases() -> Float[np.ndarray, "5 11 3"]:
    """Give ideal bases in their glycosidic frames; NaN in slots without an atom."""
    bases = np.full((len(ALPHABET), N_SLOTS - N_BACKBONE, 3), np.nan)
    for kind, letter in enumerate(BASES):
        bases[kind, : len(BASE_ATOMS[letter])] = ideal_base(letter)
    return bases
