"""From a Chain to what a force field accepts: whole, right-handed parent residues in stretches.

Forces shorten bonds and part atoms, but never turn a centre, flatten a base through its sugar or
invent an atom. What they cannot do is done here, residue by residue, and told.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from rna_predict.constants import UNKNOWN, slot_mask
from rna_predict.errors import EntryError
from rna_predict.refine.bases import restore_bases
from rna_predict.refine.chain_links import PHOSPHATE, close_links, joined_residues, segments
from rna_predict.refine.coincidence import distinct_share, separate
from rna_predict.refine.knots import threaded_loops
from rna_predict.refine.missing_atoms import fill_missing, torn_off
from rna_predict.refine.phosphates import name_oxygens
from rna_predict.refine.pierced_rings import pierced_rings
from rna_predict.refine.repairs import KINDS, Repair, describe, residue_place
from rna_predict.refine.stereochemistry import mirror_centres
from rna_predict.structure.chain import Chain

__all__ = ["Prepared", "Repair", "describe", "prepare"]

FARTHEST = 1e5
"""A coordinate this large is not a place in a molecule (angstrom); single precision still tells
0.01 A apart there."""
COLLAPSED = 0.4
"""A chain whose atoms share places so that fewer are left than this part is no molecule."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A chain as its parent residues, complete.

    Attributes
    ----------
    sequence : str
        n letters; N only where nothing is observed.
    coords : (n, 23, 3) float64, angstrom
        Repaired and complete; NaN in residues that are not observed.
    segments : tuple of (int, int)
        First and past-the-end residue of each unbroken stretch.
    phosphate : tuple of bool
        Whether each stretch begins with a phosphate.
    modified : (n,) bool
        Residues that are not their parents by name; atoms built in them are no part of them.
    aside : (n,) bool
        Residues with too few atoms to be made whole: no part of ``coords``, left as they are.
    repairs : tuple of Repair
        All that was done, and faults that were left alone, by kind and residue.
    """

    sequence: str
    coords: Float[np.ndarray, "n 23 3"]
    segments: tuple[tuple[int, int], ...]
    phosphate: tuple[bool, ...]
    modified: Bool[np.ndarray, " n"]
    aside: Bool[np.ndarray, " n"]
    repairs: tuple[Repair, ...] = ()


def prepare(chain: Chain) -> Prepared:
    """Repair a chain so that forces can act on it, or say why it cannot be.

    Atoms in one place are parted, parts of residues that torn bonds left far away are given up,
    missing atoms built, bent bases made ideal, mirrored centres turned right, torn links closed and
    exchanged phosphate oxygens renamed, in this order. Residues without atoms stay missing
    and break the chain, and so do remnants of which too little is left to place the rest; knots,
    and links too far apart to close, stay and are told.

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
        ``not_observed`` for a chain without atoms; ``unknown_base`` for an observed residue
        without a parent; ``out_of_range`` for a coordinate of 1e5 A or more; ``collapsed`` where
        most atoms are in one place with others; ``missing_atoms`` where more than half of the
        residues are remnants.
    """
    whole, aside, remnants = chain, np.zeros(len(chain), dtype=bool), []
    while True:
        prepared, found = _prepared(chain, aside, remnants)
        if not found:
            return prepared
        remnants += found
        aside[[repair.residue for repair in found]] = True
        if 2 * aside.sum() > whole.observed.sum():
            what = f"{residue_place(whole, found[0].residue)} has {found[0].detail}"
            raise EntryError(whole.name, what, "missing_atoms")
        coords = np.where(aside[:, None, None], np.float32(np.nan), chain.coords)
        chain = whole.with_coords(coords)


def _prepared(
    chain: Chain, aside: Bool[np.ndarray, " n"], remnants: Sequence[Repair]
) -> tuple[Prepared, list[Repair]]:
    """Repair a chain, or give the remnants that are in the way."""
    _check(chain)
    observed = chain.observed
    modified = np.array(chain.residue_names, dtype=str) != np.array(list(chain.sequence))
    repairs = [
        Repair(
            "modified_as_parent", index, f"{chain.residue_names[index]} as {chain.sequence[index]}"
        )
        for index in np.flatnonzero(modified & observed).tolist()
    ]
    given = np.where(chain.atom_mask[..., None], chain.coords, np.nan).astype(np.float64)
    coords, found = separate(given)
    repairs += found
    coords[torn_off(chain, coords)] = np.nan
    joined, found = joined_residues(chain, coords)
    repairs += found
    stretches = segments(observed, joined)
    starts = [start for start, _ in stretches]
    phosphate = chain.atom_mask[starts][:, PHOSPHATE].any(axis=1)
    needed = slot_mask()[chain.kinds] & observed[:, None]
    needed[np.ix_(starts, PHOSPHATE)] = phosphate[:, None]
    coords, found, left = fill_missing(chain, coords, needed, joined)
    repairs += [*found, *remnants]
    coords, found = restore_bases(coords, chain.kinds, modified)
    repairs += found
    coords, found = mirror_centres(chain.sequence, coords, joined)
    repairs += found
    coords, found = close_links(chain.sequence, coords, joined)
    repairs += found
    coords, found = name_oxygens(coords, joined)
    repairs += found
    for find in (pierced_rings, threaded_loops):
        repairs += find(chain, coords, joined)
    repairs.sort(key=lambda repair: (KINDS.index(repair.kind), repair.residue))
    prepared = Prepared(
        sequence=chain.sequence,
        coords=coords,
        segments=stretches,
        phosphate=tuple(phosphate.tolist()),
        modified=modified,
        aside=aside.copy(),
        repairs=tuple(repairs),
    )
    return prepared, left


def _check(chain: Chain) -> None:
    """Refuse what cannot be repaired as a whole."""
    if not chain.observed.any():
        raise EntryError(chain.name, "no residue has atoms", "not_observed")
    for index in np.flatnonzero(chain.observed).tolist():
        if chain.sequence[index] == UNKNOWN:
            what = f"{residue_place(chain, index)} has no parent base, expected A, C, G or U"
            raise EntryError(chain.name, what, "unknown_base")
    far = ((np.abs(chain.coords) >= FARTHEST).any(axis=-1) & chain.atom_mask).any(axis=1)
    if far.any():
        index = int(np.flatnonzero(far)[0])
        what = f"{residue_place(chain, index)} has a coordinate beyond {FARTHEST:g} A"
        raise EntryError(chain.name, what, "out_of_range")
    share = distinct_share(chain.coords)
    if share < COLLAPSED:
        index = int(np.flatnonzero(chain.observed)[0])
        what = (
            f"atoms in one place, from {residue_place(chain, index)} on: "
            f"{100 * share:.0f} % of them would be left"
        )
        raise EntryError(chain.name, what, "collapsed")
