"""Annotate base pairs and their Leontis-Westhof classes in 3D structures, vectorised.

Two bases pair when the hydrogen bonds between them, near the planes of both, add up to a
threshold. The edges that share most of them give the class (Leontis & Westhof 2001, RNA 7:499):
cis if both glycosidic bonds lie on one side of a line along those bonds, trans otherwise. An edge
takes part in one pair only, the strongest; a base may pair by several edges.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from rna_predict.constants import BASE_FRAME, BASES, SLOT_INDEX
from rna_predict.geometry.dihedrals import dihedral
from rna_predict.secondary.bases import Bases, fit_bases, planar_bases
from rna_predict.secondary.contacts import contacts_between, contacts_within
from rna_predict.secondary.edges import EDGES
from rna_predict.secondary.hydrogen_bonds import PlacedSites, bond_weights, in_reach, place_sites
from rna_predict.secondary.matching import take_best
from rna_predict.structure.chain import Chain

CANDIDATE_DISTANCE: Final = 12.0
"""Bases whose centres are farther apart are not looked at (angstrom)."""
MAX_NORMAL_ANGLE: Final = 65.0
"""Angle between the normals of two paired bases (degrees)."""
MIN_SCORE: Final = 1.1
"""Least sum of hydrogen-bond weights of a pair: more than one full bond."""
MIN_BASES: Final = 0.3
"""Least part of that sum between the bases themselves, without a 2'-hydroxyl."""
CHUNK: Final = 5_000
"""Candidate pairs looked at together: bounds memory to about 50 MB."""

CANONICAL: Final = ("AU", "UA", "GC", "CG", "GU", "UG")


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
    return contacts_within(chains, find_pairs, "lw")


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
    return contacts_between(chains, find_pairs, "lw")


def canonical_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Keep the cWW pairs between A-U, G-C and G-U of an annotation."""
    return pairs[(pairs["lw"] == "cWW") & pairs["bases"].isin(CANONICAL)]


def find_pairs(
    kinds: Int[np.ndarray, " n"],
    coords: Float[np.ndarray, "n 23 3"],
    structure: Int[np.ndarray, " n"] | None = None,
) -> tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"], np.ndarray]:
    """Find the base pairs among residues of one structure, or of several side by side.

    Parameters
    ----------
    kinds : (n,) int
        Position in ``constants.ALPHABET``.
    coords : (n, 23, 3) float, angstrom
        NaN where an atom is missing. Residues may be of several chains.
    structure : (n,) int, optional
        Label of the structure of each residue, if there are several; none pairs with another's.

    Returns
    -------
    i, j : (p,) int
        Paired residues, ``i < j``, sorted.
    lw : (p,) str
        Leontis-Westhof class.
    """
    bases = fit_bases(kinds, coords, structure)
    donor, acceptor = (place_sites(role, bases, coords) for role in ("donor", "acceptor"))
    pairs = bases.neighbours(CANDIDATE_DISTANCE)
    normal = bases.normal
    parallel = np.abs((normal[pairs[:, 0]] * normal[pairs[:, 1]]).sum(-1))
    pairs = pairs[parallel > np.cos(np.deg2rad(MAX_NORMAL_ANGLE))]
    chunks = [pairs[start : start + CHUNK] for start in range(0, max(len(pairs), 1), CHUNK)]
    scored = [_score_pairs(bases, donor, acceptor, chunk) for chunk in chunks]
    pairs, score, edges, line = (np.concatenate(part) for part in zip(*scored, strict=True))
    rank = np.empty(len(pairs), dtype=np.int64)
    rank[np.lexsort((pairs[:, 1], pairs[:, 0], -score))] = np.arange(len(pairs))
    kept = np.flatnonzero(take_best(pairs * len(EDGES) + edges, rank))
    kept = kept[np.lexsort((pairs[kept, 1], pairs[kept, 0]))]
    pairs, edges, line = pairs[kept], edges[kept], line[kept]
    glycosidic = _glycosidic_bonds(bases, coords)
    first, second = glycosidic[pairs[:, 0]], glycosidic[pairs[:, 1]]
    cis = np.abs(dihedral(np.stack([-first, np.zeros_like(line), line, line - second], 1)))
    letters = np.array(list(EDGES))
    lw = np.char.add(letters[edges[:, 0]], letters[edges[:, 1]])
    lw = np.char.add(np.where(cis < np.pi / 2, "c", "t"), lw)
    return bases.residue[pairs[:, 0]], bases.residue[pairs[:, 1]], lw


def _score_pairs(
    bases: Bases, donor: PlacedSites, acceptor: PlacedSites, pairs: Int[np.ndarray, "c 2"]
) -> tuple[
    Int[np.ndarray, "p 2"],
    Float[np.ndarray, " p"],
    Int[np.ndarray, "p 2"],
    Float[np.ndarray, "p 3"],
]:
    """Score the hydrogen bonds of candidate pairs.

    Returns the accepted pairs, the weight that their best edges share, those edges, and the line
    along the hydrogen bonds between them, from the first base to the second.
    """
    reach = [in_reach(donor, acceptor, pairs[:, k], pairs[:, 1 - k]) for k in (0, 1)]
    pairs = pairs[reach[0] | reach[1]]
    score = np.zeros((len(pairs), len(EDGES), len(EDGES)))
    line = np.zeros((*score.shape, 3))
    without_ribose = np.zeros(len(pairs))
    for sign, give, take, order in (
        (1, pairs[:, 0], pairs[:, 1], "cef"),
        (-1, pairs[:, 1], pairs[:, 0], "cfe"),
    ):
        weight, vector = bond_weights(donor, acceptor, bases.normal, give, take)
        ribose = donor.free[give][:, :, None] | acceptor.free[take][:, None]
        without_ribose += np.where(ribose, 0.0, weight).sum((1, 2))
        given = np.swapaxes(donor.edge[give], 1, 2)
        score += np.einsum(f"cef->{order}", given @ weight @ acceptor.edge[take])
        for axis in range(3):
            part = given @ (weight * vector[..., axis]) @ acceptor.edge[take]
            line[..., axis] += sign * np.einsum(f"cef->{order}", part)
    accepted = (score.sum((1, 2)) >= MIN_SCORE) & (without_ribose >= MIN_BASES)
    pairs, score, line = pairs[accepted], score[accepted], line[accepted]
    rows = np.arange(len(pairs))
    edges = np.divmod(score.reshape(-1, len(EDGES) ** 2).argmax(1), len(EDGES))
    return pairs, score[rows, *edges], np.stack(edges, axis=1), line[rows, *edges]


def _glycosidic_bonds(
    bases: Bases, coords: Float[np.ndarray, "n 23 3"]
) -> Float[np.ndarray, "m 3"]:
    """Give the vector from C1' (the ideal one where it is missing) to the base atom bound to it.

    The atom is the nearest of the base, so that C-glycosides such as pseudouridine are right.
    """
    ideal, exists = planar_bases()
    atoms = bases.place(ideal)
    ideal_c1 = np.array([[[*BASE_FRAME[letter]["C1'"], 0.0]] for letter in BASES])
    c1 = coords[bases.residue, SLOT_INDEX["A"]["C1'"]]
    c1 = np.where(np.isfinite(c1), c1, bases.place(ideal_c1)[:, 0])
    distance = np.linalg.norm(atoms - c1[:, None], axis=-1)
    nearest = np.where(exists[bases.kind], distance, np.inf).argmin(1)
    return atoms[np.arange(len(bases)), nearest] - c1
