"""Bond lengths against the ideal geometry, and which residues ought to be joined."""

from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Int

from rna_predict.constants import (
    ALPHABET,
    BASE_BONDS,
    BASE_FRAME,
    IDEAL_BOND,
    SLOT_INDEX,
    SUGAR_BONDS,
)
from rna_predict.structure.chain import Chain
from rna_predict.structure.links import linked_to_previous


def expected_links(chain: Chain) -> Bool[np.ndarray, " links"]:
    """Tell which neighbours in the sequence ought to be joined by an O3'-P bond.

    Unlike :func:`rna_predict.structure.links.linked_to_previous`, which finds breaks, this counts
    a bond that a bad model stretched.

    Parameters
    ----------
    chain : Chain
        n residues.

    Returns
    -------
    (n - 1,) bool
        True between observed residues whose author numbers follow each other (or are equal, with
        another insertion code), and wherever O3' and P are within ``constants.LINK_MAX``.
    """
    step = np.diff(chain.auth_numbers.astype(np.int64))
    codes = np.array(chain.ins_codes, dtype=str)
    follows = (step == 1) | ((step == 0) & (codes[1:] != codes[:-1]))
    follows &= chain.observed[1:] & chain.observed[:-1]
    return follows | linked_to_previous(chain.coords, chain.auth_numbers)[1:]


def link_lengths(chain: Chain) -> Float[np.ndarray, " links"]:
    """Measure O3'(i)-P(i+1).

    Parameters
    ----------
    chain : Chain
        n residues.

    Returns
    -------
    (n - 1,) float, angstrom
        NaN where an atom is missing.
    """
    slot = SLOT_INDEX[ALPHABET[0]]
    ends = chain.coords[:-1, slot["O3'"]] - chain.coords[1:, slot["P"]]
    return np.linalg.norm(ends.astype(np.float64), axis=-1)


def bond_deviations(chain: Chain) -> Float[np.ndarray, " bonds"]:
    """Measure each observed bond against its ideal length.

    Parameters
    ----------
    chain : Chain
        The bonds within its residues, and the O3'-P bonds of :func:`expected_links`.

    Returns
    -------
    (m,) float, angstrom
        Measured minus ideal: within residues first, residue by residue, then the links.
    """
    slots, ideal = _bond_table()
    coords = np.concatenate([chain.coords, np.full((len(chain), 1, 3), np.nan)], axis=1)
    residue = np.arange(len(chain))[:, None]
    first, second = np.moveaxis(slots[chain.kinds], -1, 0)
    lengths = np.linalg.norm(coords[residue, first] - coords[residue, second], axis=-1)
    links = link_lengths(chain)[expected_links(chain)] - IDEAL_BOND["O3'", "P+1"]
    deviations = np.concatenate([(lengths - ideal[chain.kinds]).ravel(), links])
    return deviations[np.isfinite(deviations)]


@cache
def _bond_table() -> tuple[Int[np.ndarray, "kinds bonds 2"], Float[np.ndarray, "kinds bonds"]]:
    """Give the slots and ideal lengths of each residue kind's bonds; -1 and NaN pad."""
    rows = []
    for base in ALPHABET:
        frame = {name: np.array(xy) for name, xy in BASE_FRAME.get(base, {}).items()}
        index = SLOT_INDEX[base]
        row = [(index[a], index[b], IDEAL_BOND[a, b]) for a, b in SUGAR_BONDS]
        row += [
            (index[a], index[b], float(np.linalg.norm(frame[a] - frame[b])))
            for a, b in BASE_BONDS[base]
        ]
        rows.append(row)
    longest = max(len(row) for row in rows)
    table = np.array([row + [(-1, -1, np.nan)] * (longest - len(row)) for row in rows])
    return table[..., :2].astype(np.int64), table[..., 2]
