"""Clashes between heavy atoms.

Not the clash score of MolProbity, which is measured with hydrogens: its serious overlap of 0.4 A,
its radii and its count per 1,000 atoms (Word et al. 1999, J Mol Biol 285:1711) are used here on
heavy atoms alone.
"""

from functools import cache

import numpy as np
from jaxtyping import Int
from scipy.spatial import cKDTree

from rna_predict.constants import (
    ALPHABET,
    BASE_BONDS,
    N_SLOTS,
    SLOT_ATOMS,
    SLOT_INDEX,
    SUGAR_BONDS,
)
from rna_predict.evaluate.bonds import expected_links
from rna_predict.structure.chain import Chain

RADII = {"C": 1.70, "N": 1.55, "O": 1.40, "P": 1.80}
"""Van der Waals radii, angstrom; one value for carbon, where Word et al. have 1.65 and 1.75."""
OVERLAP = 0.4
"""Angstrom: from this on an overlap is a clash."""
HYDROGEN_BOND = 0.2
"""Angstrom a donor and an acceptor may overlap more: strong hydrogen bonds reach 2.4 A."""
BONDS_APART = 3
"""Atoms this many bonds apart, or fewer, cannot clash."""
DONORS = {"O2'", "A N6", "C N4", "G N1", "G N2", "U N3"}
"""Atoms, or base and atom, with a hydrogen to give."""
ACCEPTORS = {
    *("OP1", "OP2", "O5'", "O4'", "O3'", "O2'", "A N7", "A N1", "A N3", "C O2", "C N3"),
    *("G N7", "G O6", "G N3", "U O2", "U O4"),
}


def clash_pairs(chain: Chain) -> Int[np.ndarray, "clashes 2"]:
    """List the pairs of heavy atoms that overlap by 0.4 A or more.

    Parameters
    ----------
    chain : Chain
        The model; atoms it lacks cannot clash.

    Returns
    -------
    (m, 2) int
        Positions in the flattened ``[n * 23]`` layout, the first smaller, in rising order.
    """
    atoms = np.flatnonzero(chain.atom_mask)
    radius, donor, acceptor = (table[chain.kinds].ravel()[atoms] for table in atom_tables())
    points = chain.coords.reshape(-1, 3)[atoms].astype(np.float64)
    pairs = cKDTree(points).query_pairs(2 * max(RADII.values()) - OVERLAP, output_type="ndarray")
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    first, second = pairs.T
    overlap = radius[first] + radius[second]
    overlap -= np.linalg.norm(points[first] - points[second], axis=-1)
    bonding = (donor[first] & acceptor[second]) | (acceptor[first] & donor[second])
    clash = overlap >= np.where(bonding, OVERLAP + HYDROGEN_BOND, OVERLAP)
    pairs = atoms[pairs[clash]]
    return pairs[_bonds_apart(chain, pairs) > BONDS_APART]


def clash_score(chain: Chain) -> float:
    """Give the heavy-atom clashes per 1,000 atoms; NaN for a chain without atoms."""
    atoms = int(chain.atom_mask.sum())
    return 1000.0 * len(clash_pairs(chain)) / atoms if atoms else float("nan")


def _bonds_apart(chain: Chain, pairs: Int[np.ndarray, "m 2"]) -> Int[np.ndarray, " m"]:
    """Count the bonds between atoms of one residue or of linked neighbours; else a large number."""
    within, _ = bond_distances()
    slot = SLOT_INDEX[ALPHABET[0]]
    (first, second), (a, b) = (pairs // N_SLOTS).T, (pairs % N_SLOTS).T
    kinds = chain.kinds
    across = within[kinds[first], a, slot["O3'"]] + 1 + within[kinds[second], slot["P"], b]
    joined = np.concatenate([expected_links(chain), [False]])[first] & (second == first + 1)
    far = within.max()
    return np.where(first == second, within[kinds[first], a, b], np.where(joined, across, far))


@cache
def bond_distances() -> tuple[Int[np.ndarray, "kinds 23 23"], int]:
    """Count the bonds between all slots of each residue kind; ``N_SLOTS`` where not connected."""
    tables = np.full((len(ALPHABET), N_SLOTS, N_SLOTS), N_SLOTS)
    for table, base in zip(tables, ALPHABET, strict=True):
        index = SLOT_INDEX[base]
        for a, b in SUGAR_BONDS + BASE_BONDS[base]:
            table[index[a], index[b]] = table[index[b], index[a]] = 1
        np.fill_diagonal(table, 0)
        for middle in range(N_SLOTS):
            np.minimum(table, table[:, middle, None] + table[None, middle], out=table)
    return tables, N_SLOTS


@cache
def atom_tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give radius (NaN in empty slots), donor and acceptor of each slot of each residue kind."""
    radius = [[RADII[name[0]] if name else np.nan for name in SLOT_ATOMS[b]] for b in ALPHABET]
    roles = [
        [[bool({name, f"{b} {name}"} & role) for name in SLOT_ATOMS[b]] for b in ALPHABET]
        for role in (DONORS, ACCEPTORS)
    ]
    return np.array(radius), np.array(roles[0]), np.array(roles[1])
