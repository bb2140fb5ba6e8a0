"""The clash score of MolProbity: serious overlaps of atoms, hydrogens included.

Word et al. (1999) J Mol Biol 285:1711; Chen et al. (2010) Acta Cryst D66:12. The contacts of its
program Probe are dots on the atoms' surfaces: two atoms clash if a dot of one lies deep enough in
the other, and neither in an atom bonded to its own nor deeper in a third. On 114 models of
RNA-Puzzles the score agrees with the official one to r = 0.996, median difference 0.6.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from rna_predict.evaluate.hydrogens import AllAtoms, all_atoms
from rna_predict.structure.chain import Chain

RADII: Final = {"C": 1.70, "N": 1.55, "O": 1.40, "P": 1.80, "H": 1.22}
"""Van der Waals radii, hydrogens at the centre of their electron clouds (angstrom)."""
POLAR_HYDROGEN: Final = 1.05
"""Radius of hydrogens on N, O and aromatic rings (angstrom)."""
CARBONYL: Final = 1.65
"""Radius of carbons with a double-bonded oxygen (angstrom)."""
CARBONYLS: Final = {"C C2", "U C2", "U C4", "G C6"}
OVERLAP: Final = 0.4
"""Angstrom: from this on an overlap is a clash."""
HYDROGEN_BOND: Final = 0.6
"""Angstrom a polar hydrogen and an acceptor may overlap more."""
DOTS: Final = 500
"""On the surface of an atom, besides those that point to other atoms."""
COVALENT: Final = {"C": 0.77, "N": 0.70, "O": 0.66, "P": 1.10, "H": 0.37}
"""Covalent radii (angstrom)."""
STRETCH: Final = 0.2
"""Angstrom a bond may be longer than the covalent radii."""
BONDS_APART: Final = 3
"""Atoms so many bonds apart or fewer do not clash; one more where one is a hydrogen."""
BACKBONE_ACCEPTORS: Final = ("OP1", "OP2", "O5'", "O4'", "O3'", "O2'")
BASE_ACCEPTORS: Final = (
    "A N1", "A N3", "A N7", "C O2", "C N3", "G O6", "G N3", "G N7", "U O2", "U O4",
)  # fmt: skip


def molprobity_clash_score(chain: Chain) -> float:
    """Count clashes per 1,000 atoms, hydrogens added by Reduce.

    Parameters
    ----------
    chain : Chain
        One chain, or those of a complex joined.

    Returns
    -------
    float
        NaN for a chain without atoms.

    Raises
    ------
    InputError
        As :func:`~rna_predict.evaluate.hydrogens.all_atoms`.
    """
    if not chain.atom_mask.any():
        return float("nan")
    atoms = all_atoms(chain)
    return 1000.0 * len(clashing_pairs(chain, atoms)) / len(atoms.names)


def clashing_pairs(chain: Chain, atoms: AllAtoms) -> Int[np.ndarray, "m 2"]:
    """List the pairs of atoms that overlap by 0.4 A or more.

    Parameters
    ----------
    chain : Chain
    atoms : AllAtoms
        Of the chain.

    Returns
    -------
    (m, 2) int
        Rows of ``atoms``, the first smaller, in rising order.
    """
    bonds = _bonds(atoms)
    radius, polar, acceptor = _kinds(chain, atoms, _parents(atoms))
    pairs = cKDTree(atoms.positions).query_pairs(
        2 * max(RADII.values()) - OVERLAP, output_type="ndarray"
    )
    first, second = np.sort(pairs, axis=1).T
    distance = np.linalg.norm(atoms.positions[first] - atoms.positions[second], axis=1)
    bonding = (polar[first] & acceptor[second]) | (acceptor[first] & polar[second])
    overlap = radius[first] + radius[second] - distance - HYDROGEN_BOND * bonding
    kin = _Kin(atoms.hydrogen, *(_within(bonds, BONDS_APART + more) for more in (0, 1)))
    clash = (overlap >= OVERLAP) & ~kin.close(first, second)
    first, second, bonding = first[clash], second[clash], bonding[clash]
    seen = np.zeros(len(first), dtype=bool)
    for a, b in ((first, second), (second, first)):
        seen |= _touches(a, b, bonding, atoms.positions, radius, kin)
    found = np.stack([first[seen], second[seen]], axis=1)
    return found[np.lexsort((found[:, 1], found[:, 0]))]


@dataclass(frozen=True, eq=False)
class _Kin:
    """Atoms too few bonds apart to clash."""

    hydrogen: Bool[np.ndarray, " a"]
    heavy: csr_array
    light: csr_array

    def close(self, first: np.ndarray, second: np.ndarray) -> Bool[np.ndarray, " m"]:
        """Tell for each pair of atoms."""
        with_hydrogen = self.hydrogen[first] | self.hydrogen[second]
        return np.where(
            with_hydrogen, _lookup(self.light, first, second), _lookup(self.heavy, first, second)
        )


def _touches(
    own: Int[np.ndarray, " m"],
    other: Int[np.ndarray, " m"],
    bonding: Bool[np.ndarray, " m"],
    positions: Float[np.ndarray, "a 3"],
    radius: Float[np.ndarray, " a"],
    kin: _Kin,
) -> Bool[np.ndarray, " m"]:
    """Tell whether a dot on the one atom lies deep in the other and in no nearer atom."""
    axis = positions[other] - positions[own]
    axis /= np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-6)
    sphere = np.broadcast_to(_sphere(), (len(own), DOTS, 3))
    dots = np.concatenate([axis[:, None], sphere], axis=1) * radius[own, None, None]
    dots += positions[own, None]
    raw = np.linalg.norm(dots - positions[other, None], axis=-1) - radius[other, None]
    pair, k = np.nonzero(raw + HYDROGEN_BOND * bonding[:, None] <= -OVERLAP)
    dots, gap = dots[pair, k], raw[pair, k]
    lists = cKDTree(positions).query_ball_point(dots, max(RADII.values()))
    counts = np.array([len(found) for found in lists], dtype=np.int64)
    dot = np.repeat(np.arange(len(dots)), counts)
    third = np.array([row for found in lists for row in found], dtype=np.int64)
    depth = np.linalg.norm(dots[dot] - positions[third], axis=1) - radius[third]
    mine, others = own[pair][dot], other[pair][dot]
    inside = (third != mine) & (third != others) & (depth < 0)
    dot, third, depth, mine = dot[inside], third[inside], depth[inside], mine[inside]
    hides = kin.close(mine, third) | (depth < gap[dot])
    free = np.ones(len(dots), dtype=bool)
    free[dot[hides]] = False
    touches = np.zeros(len(own), dtype=bool)
    touches[pair[free]] = True
    return touches


@cache
def _sphere() -> Float[np.ndarray, "dots 3"]:
    """Spread dots evenly over the unit sphere along a spiral of golden angles."""
    z = 1 - (2 * np.arange(DOTS) + 1) / DOTS
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(DOTS)
    ring = np.sqrt(1 - z**2)
    return np.stack([ring * np.cos(turn), ring * np.sin(turn), z], axis=1)


def _bonds(atoms: AllAtoms) -> csr_array:
    """Join atoms that are as near as bonded ones are, as Probe does; hydrogens within residues."""
    n = len(atoms.names)
    cover = np.array([COVALENT[name[0]] for name in atoms.names])
    pairs = cKDTree(atoms.positions).query_pairs(
        2 * max(COVALENT.values()) + STRETCH, output_type="ndarray"
    )
    first, second = pairs.T
    distance = np.linalg.norm(atoms.positions[first] - atoms.positions[second], axis=1)
    light = atoms.hydrogen[pairs].sum(1)
    joined = distance < cover[first] + cover[second] + STRETCH
    joined &= (light == 0) | ((light == 1) & (atoms.residue[first] == atoms.residue[second]))
    ends = (first[joined], second[joined])
    table = csr_array((np.ones(len(ends[0]), dtype=bool), ends), shape=(n, n))
    return (table + table.T).astype(bool)


def _parents(atoms: AllAtoms) -> Int[np.ndarray, " a"]:
    """Give the heavy atom nearest to each hydrogen; heavy atoms are their own."""
    parent = np.arange(len(atoms.names))
    light, heavy = np.flatnonzero(atoms.hydrogen), np.flatnonzero(~atoms.hydrogen)
    parent[light] = heavy[cKDTree(atoms.positions[heavy]).query(atoms.positions[light])[1]]
    return parent


def _within(bonds: csr_array, steps: int) -> csr_array:
    """Tell which atoms are so many bonds apart or fewer."""
    reach = bonds
    for _ in range(steps - 1):
        reach = (reach + reach @ bonds).astype(bool)
    reach.sort_indices()
    return reach


def _lookup(table: csr_array, rows: np.ndarray, columns: np.ndarray) -> Bool[np.ndarray, " m"]:
    """Look entries of a sparse table up."""
    n = table.shape[1]
    keys = np.repeat(np.arange(n), np.diff(table.indptr)) * n + table.indices
    wanted = rows.astype(np.int64) * n + columns
    place = np.searchsorted(keys, wanted).clip(0, max(len(keys) - 1, 0))
    return keys[place] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)


def _kinds(
    chain: Chain, atoms: AllAtoms, parent: Int[np.ndarray, " a"]
) -> tuple[Float[np.ndarray, " a"], Bool[np.ndarray, " a"], Bool[np.ndarray, " a"]]:
    """Give radius, polar hydrogen and acceptor of each atom."""
    letters = [chain.sequence[i] for i in atoms.residue]
    labels = [f"{letter} {name}" for letter, name in zip(letters, atoms.names, strict=True)]
    names = np.array(atoms.names)
    light = atoms.hydrogen
    on = names[parent]
    polar = light & np.array([name[0] in "NO" for name in on])
    ringed = light & np.array([name[0] == "C" and "'" not in name for name in on])
    radius = np.array([RADII[name[0]] for name in atoms.names])
    radius[polar | ringed] = POLAR_HYDROGEN
    radius[[label in CARBONYLS for label in labels]] = CARBONYL
    return radius, polar, np.isin(names, BACKBONE_ACCEPTORS) | np.isin(labels, BASE_ACCEPTORS)
