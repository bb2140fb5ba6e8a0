"""Annotate base pairs and their Leontis-Westhof classes in 3D structures, vectorised.

Each base is replaced by the ideal base fitted to its observed atoms, so that missing and modified
atoms do not matter. Two bases pair when the hydrogen bonds between them, near the planes of both,
add up to a threshold; the edges that share most of them give the class, and an edge takes part in
one pair only, the strongest. Against RNApolis 0.11.5 on 300 entries: F1 of canonical cWW pairs
0.996, the same class for 97 % of all pairs that both report.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from rna_predict.constants import BASE_FRAME, BASES, N_BACKBONE, SLOT_INDEX
from rna_predict.geometry.dihedrals import dihedral
from rna_predict.geometry.superpose import apply_motion, superpose
from rna_predict.secondary.edges import EDGES, Sites, planar_bases, sites
from rna_predict.structure.chain import Chain

CANDIDATE_DISTANCE: Final = 12.0
"""Bases whose centres are farther apart are not looked at (angstrom)."""
FULL_DISTANCE: Final = 3.5
"""Donor to acceptor distance up to which a hydrogen bond counts fully (angstrom)."""
MAX_DISTANCE: Final = 4.2
"""Donor to acceptor distance at which a hydrogen bond counts no more (angstrom)."""
MIN_DISTANCE: Final = 2.0
"""Nearer donors and acceptors overlap and do not bond (angstrom)."""
FULL_ANGLE: Final = 50.0
"""Angle between a site's direction and its partner up to which a bond counts fully (degrees)."""
MAX_ANGLE: Final = 80.0
"""Angle between a site's direction and its partner at which a bond counts no more (degrees)."""
MAX_ELEVATION: Final = 40.0
"""Angle of a hydrogen bond out of the plane of either base (degrees)."""
MAX_FIT: Final = 1.0
"""Bases that lie farther from the ideal one are none (RMSD, angstrom)."""
MAX_NORMAL_ANGLE: Final = 65.0
"""Angle between the normals of two paired bases (degrees)."""
MIN_SCORE: Final = 1.3
"""Least sum of hydrogen-bond weights of a pair: one full bond and a part of a second."""
MIN_BASES: Final = 0.5
"""Least part of that sum that does not involve a 2'-hydroxyl."""
CHUNK: Final = 20_000
"""Candidate pairs looked at together: bounds memory to about 250 MB."""

CANONICAL: Final = ("AU", "UA", "GC", "CG", "GU", "UG")
PAIR_COLUMNS: Final = {
    "chain_id": "str", "model": "int64", "i": "int64", "j": "int64", "lw": "str", "bases": "str",
}  # fmt: skip
BETWEEN_COLUMNS: Final = {
    "first_chain": "str", "second_chain": "str", "model": "int64", "i": "int64", "j": "int64",
    "lw": "str", "bases": "str",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Bonds:
    """Hydrogen bonds of c candidate pairs, d donor sites by a acceptor sites each."""

    weight: Float[np.ndarray, "c d a"]
    vector: Float[np.ndarray, "c d a 3"]
    donor_edge: Int[np.ndarray, "c d"]
    acceptor_edge: Int[np.ndarray, "c a"]
    ribose: Bool[np.ndarray, "c d a"]


def annotate_pairs(chains: Sequence[Chain]) -> pd.DataFrame:
    """Annotate the base pairs within each chain.

    Parameters
    ----------
    chains : sequence of Chain
        Modified residues count as their parents; residues with fewer than three base atoms, or
        without a parent, form no pairs.

    Returns
    -------
    DataFrame
        Columns chain_id, model, i, j (positions in the full sequence, ``i < j``), lw
        (Leontis-Westhof class such as ``cWW`` or ``tHS``, the edge of i first) and bases (their
        letters, i first); sorted by chain as given, i, j.
    """
    rows = []
    for chain in chains:
        for i, j, lw in zip(*find_pairs(chain.kinds, chain.coords), strict=True):
            bases = chain.sequence[i] + chain.sequence[j]
            rows.append((chain.name, chain.model, int(i), int(j), str(lw), bases))
    return pd.DataFrame(rows, columns=list(PAIR_COLUMNS)).astype(PAIR_COLUMNS)


def annotate_between(chains: Sequence[Chain]) -> pd.DataFrame:
    """Annotate the base pairs between different chains of the same entry and model.

    Parameters
    ----------
    chains : sequence of Chain
        Of any number of entries.

    Returns
    -------
    DataFrame
        Columns first_chain, second_chain (chain_id), model, i, j (position in each), lw, bases;
        the chain given earlier comes first.
    """
    complexes: dict[tuple[str, int], list[Chain]] = defaultdict(list)
    for chain in chains:
        complexes[chain.entry, chain.model].append(chain)
    rows = []
    for (_, model), members in complexes.items():
        if len(members) < 2:
            continue
        kinds = np.concatenate([chain.kinds for chain in members])
        owner = np.repeat(np.arange(len(members)), [len(chain) for chain in members])
        start = np.searchsorted(owner, np.arange(len(members)))
        i, j, lw = find_pairs(kinds, np.concatenate([chain.coords for chain in members]))
        for a, b, name in zip(i, j, lw, strict=True):
            if owner[a] != owner[b]:
                at, to = int(a - start[owner[a]]), int(b - start[owner[b]])
                first, second = members[owner[a]], members[owner[b]]
                bases = first.sequence[at] + second.sequence[to]
                rows.append((first.name, second.name, model, at, to, str(name), bases))
    return pd.DataFrame(rows, columns=list(BETWEEN_COLUMNS)).astype(BETWEEN_COLUMNS)


def canonical_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Keep the cWW pairs between A-U, G-C and G-U of an annotation."""
    return pairs[(pairs["lw"] == "cWW") & pairs["bases"].isin(CANONICAL)]


def find_pairs(
    kinds: Int[np.ndarray, " n"], coords: Float[np.ndarray, "n 23 3"]
) -> tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"], np.ndarray]:
    """Find the base pairs among residues of one structure.

    Parameters
    ----------
    kinds : (n,) int
        Position in ``constants.ALPHABET``.
    coords : (n, 23, 3) float, angstrom
        NaN where an atom is missing. Residues may be of several chains.

    Returns
    -------
    i, j : (p,) int
        Paired residues, ``i < j``, sorted.
    lw : (p,) str
        Leontis-Westhof class.
    """
    rows, axes, centres = _base_frames(kinds, coords)
    pairs = np.zeros((0, 2), dtype=np.int64)
    if len(rows) > 1:
        pairs = cKDTree(centres).query_pairs(CANDIDATE_DISTANCE, output_type="ndarray")
    chunks = [pairs[start : start + CHUNK] for start in range(0, len(pairs), CHUNK)]
    found = [_score_pairs(kinds[rows], coords[rows], axes, chunk) for chunk in chunks]
    if not found:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype="<U3")
    pair, score, edges, cis = (np.concatenate(part) for part in zip(*found, strict=True))
    kept, used = [], set()
    for row in np.lexsort((pair[:, 1], pair[:, 0], -score)):
        ends = {(pair[row, 0], edges[row, 0]), (pair[row, 1], edges[row, 1])}
        if not ends & used:
            used |= ends
            kept.append(row)
    kept = np.array(kept, dtype=np.int64)
    i, j = rows[pair[kept, 0]], rows[pair[kept, 1]]
    order = np.lexsort((j, i))
    letters = np.array(list(EDGES))
    lw = np.char.add(
        np.where(cis[kept], "c", "t"),
        np.char.add(letters[edges[kept, 0]], letters[edges[kept, 1]]),
    )
    return i[order], j[order], lw[order]


def _base_frames(
    kinds: Int[np.ndarray, " n"], coords: Float[np.ndarray, "n 23 3"]
) -> tuple[Int[np.ndarray, " m"], Float[np.ndarray, "m 3 4"], Float[np.ndarray, "m 3"]]:
    """Fit the standard frame to each base with at least three atoms.

    Returns the residues, their frames as [rotation | origin], and the centres of the bases.
    """
    ideal, exists = planar_bases()
    atoms = coords[:, N_BACKBONE:]
    known = np.minimum(kinds, len(BASES) - 1)
    mask = exists[known] & np.isfinite(atoms).all(-1) & (kinds < len(BASES))[:, None]
    rows = np.flatnonzero(mask.sum(1) >= 3)
    local, mask = ideal[kinds[rows]], mask[rows]
    if not len(rows):
        return rows, np.zeros((0, 3, 4)), np.zeros((0, 3))
    rotation, origin = superpose(local, atoms[rows], mask)
    fitted = apply_motion(local, rotation, origin)
    square = np.where(mask, ((fitted - atoms[rows]) ** 2).sum(-1), 0.0).sum(1) / mask.sum(1)
    present = exists[kinds[rows]][..., None]
    centre = np.where(present, fitted, 0.0).sum(1) / present.sum(1)
    axes = np.concatenate([rotation, origin[..., None]], axis=-1)
    good = square <= MAX_FIT**2
    return rows[good], axes[good], centre[good]


def _score_pairs(
    kinds: Int[np.ndarray, " m"],
    coords: Float[np.ndarray, "m 23 3"],
    axes: Float[np.ndarray, "m 3 4"],
    pairs: Int[np.ndarray, "c 2"],
) -> tuple[
    Int[np.ndarray, "p 2"],
    Float[np.ndarray, " p"],
    Int[np.ndarray, "p 2"],
    Bool[np.ndarray, " p"],
]:
    """Score the hydrogen bonds of candidate pairs.

    Returns the accepted pairs with their scores, edges and whether they are cis.
    """
    pairs = np.sort(pairs, axis=1)
    normals = axes[:, :, 2]
    parallel = np.abs((normals[pairs[:, 0]] * normals[pairs[:, 1]]).sum(-1))
    pairs = pairs[parallel > np.cos(np.deg2rad(MAX_NORMAL_ANGLE))]
    score = np.zeros((len(pairs), len(EDGES), len(EDGES)))
    line = np.zeros((len(pairs), len(EDGES), len(EDGES), 3))
    of_bases = np.zeros(len(pairs))
    rows = np.arange(len(pairs))
    for give, take in ((0, 1), (1, 0)):
        bonds = _bonds(kinds, coords, axes, pairs[:, give], pairs[:, take])
        of_bases += (bonds.weight * ~bonds.ribose).sum((1, 2))
        for d, a in np.ndindex(bonds.weight.shape[1:]):
            ends = [bonds.donor_edge[:, d], bonds.acceptor_edge[:, a]]
            at = (rows, ends[give], ends[take])
            score[at] += bonds.weight[:, d, a]
            line[at] += (take - give) * bonds.weight[:, d, a, None] * bonds.vector[:, d, a]
    accepted = (score.sum((1, 2)) >= MIN_SCORE) & (of_bases >= MIN_BASES)
    pairs, score, line = pairs[accepted], score[accepted], line[accepted]
    rows = np.arange(len(pairs))
    best = score.reshape(len(pairs), len(EDGES) ** 2).argmax(1)
    edges = np.stack([best // len(EDGES), best % len(EDGES)], axis=1)
    line = line[rows, edges[:, 0], edges[:, 1]]
    bonds = _glycosidic_bonds(kinds, coords, axes)
    first, second = (bonds[pairs[:, k], 1] - bonds[pairs[:, k], 0] for k in (0, 1))
    points = [-first, np.zeros_like(line), line, line - second]
    cis = np.abs(dihedral(np.stack(points, axis=1))) < np.pi / 2
    return pairs, score[rows, edges[:, 0], edges[:, 1]], edges, cis


def _glycosidic_bonds(
    kinds: Int[np.ndarray, " m"],
    coords: Float[np.ndarray, "m 23 3"],
    axes: Float[np.ndarray, "m 3 4"],
) -> Float[np.ndarray, "m 2 3"]:
    """Give C1' (the ideal one where it is missing) and the base atom that it is bound to.

    The atom is the nearest of the base, so that C-glycosides such as pseudouridine are right.
    """
    ideal, exists = planar_bases()
    place = axes[:, None, :, :3]
    base = (place @ ideal[kinds][..., None])[..., 0] + axes[:, None, :, 3]
    c1_ideal = np.array([[*BASE_FRAME[letter]["C1'"], 0.0] for letter in BASES])
    c1_ideal = (axes[:, :, :3] @ c1_ideal[kinds][..., None])[..., 0] + axes[:, :, 3]
    c1 = coords[:, SLOT_INDEX["A"]["C1'"]]
    c1 = np.where(np.isfinite(c1), c1, c1_ideal)
    distance = np.linalg.norm(base - c1[:, None], axis=-1)
    nearest = np.where(exists[kinds], distance, np.inf).argmin(1)
    return np.stack([c1, base[np.arange(len(base)), nearest]], axis=1)


def _bonds(
    kinds: Int[np.ndarray, " m"],
    coords: Float[np.ndarray, "m 23 3"],
    axes: Float[np.ndarray, "m 3 4"],
    give: Int[np.ndarray, " c"],
    take: Int[np.ndarray, " c"],
) -> _Bonds:
    """Weigh the hydrogen bonds from donors of the residues ``give`` to acceptors of ``take``."""
    donor, acceptor = sites("donor"), sites("acceptor")
    start, donor_to = _place(donor, kinds, coords, axes, give)
    end, acceptor_to = _place(acceptor, kinds, coords, axes, take)
    give_kind, take_kind = kinds[give], kinds[take]
    vector = np.nan_to_num(end[:, None, :] - start[:, :, None], nan=MAX_DISTANCE)
    distance = np.linalg.norm(vector, axis=-1)
    unit = vector / np.maximum(distance, 1e-6)[..., None]
    weight = donor.weight[give_kind][:, :, None] * acceptor.weight[take_kind][:, None, :]
    weight = weight * _ramp(distance, MAX_DISTANCE, FULL_DISTANCE) * (distance > MIN_DISTANCE)
    both = donor.protonated[give_kind][:, :, None] & acceptor.protonated[take_kind][:, None, :]
    weight = weight * ~both
    donor_free = donor.free[give_kind][:, :, None]
    acceptor_free = acceptor.free[take_kind][:, None, :]
    no, full = np.cos(np.deg2rad([MAX_ANGLE, FULL_ANGLE]))
    sine = np.sin(np.deg2rad(MAX_ELEVATION))
    for cosine, normal, free in (
        ((unit * donor_to[:, :, None]).sum(-1), axes[give, :, 2], donor_free),
        (-(unit * acceptor_to[:, None]).sum(-1), axes[take, :, 2], acceptor_free),
    ):
        flat = np.abs((unit * normal[:, None, None]).sum(-1)) < sine
        weight = weight * np.where(free, 1.0, flat * _ramp(cosine, no, full))
    return _Bonds(
        weight,
        vector,
        donor_edge=donor.edge[give_kind],
        acceptor_edge=acceptor.edge[take_kind],
        ribose=donor_free | acceptor_free,
    )


def _place(
    table: Sites,
    kinds: Int[np.ndarray, " m"],
    coords: Float[np.ndarray, "m 23 3"],
    axes: Float[np.ndarray, "m 3 4"],
    rows: Int[np.ndarray, " c"],
) -> tuple[Float[np.ndarray, "c s 3"], Float[np.ndarray, "c s 3"]]:
    """Give the sites of residues ``rows`` in space, and their directions; NaN where missing."""
    kind, rotation = kinds[rows], axes[rows, None, :, :3]
    position = (rotation @ table.position[kind][..., None])[..., 0] + axes[rows, None, :, 3]
    hydroxyl = coords[rows, None, SLOT_INDEX["A"]["O2'"]]
    position = np.where(table.free[kind][..., None], hydroxyl, position)
    return position, (rotation @ table.direction[kind][..., None])[..., 0]


def _ramp(value: np.ndarray, none: float, full: float) -> np.ndarray:
    """Give 0 at ``none`` and beyond, 1 at ``full`` and beyond, a straight line between."""
    return np.clip((value - none) / (full - none), 0.0, 1.0)
