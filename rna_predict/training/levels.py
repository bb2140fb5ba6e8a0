"""Three levels of comparison of a sample with its native: as a whole, by residue, its chemistry.

Validation runs where gemmi, MDAnalysis and biotite are absent: of ``evaluate`` only what needs none
of them is used here.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from rna_predict.constants import BACKBONE_ATOMS, N_BACKBONE
from rna_predict.evaluate.chirality import chirality_errors
from rna_predict.evaluate.clashes import OVERLAP, RADII, clash_score
from rna_predict.evaluate.elements import ELEMENTS, find_canonical_pairs, structural_elements
from rna_predict.evaluate.lddt import Contacts, lddt, native_contacts
from rna_predict.evaluate.outliers import outlier_share
from rna_predict.evaluate.rmsd import superposed_distances
from rna_predict.evaluate.tm_score import tm_score
from rna_predict.structure.chain import Chain, model_chain

C1, C3 = BACKBONE_ATOMS.index("C1'"), BACKBONE_ATOMS.index("C3'")
CROWDED: Final = 100
"""Mean number of atoms near enough to an atom to clash with it, from which on clashes are not
counted: structures have about 10, and in a collapsed sample every pair of atoms clashes."""


@dataclass(frozen=True, eq=False)
class Reference:
    """A native of n residues with all that its samples are compared with.

    Attributes
    ----------
    chain : Chain
    contacts : Contacts
        Distances that lDDT looks at.
    pairs : (p, 2) int
        Canonical pairs, ``i < j``.
    elements : (n,) str
        One of ``interactions.ELEMENTS``.
    """

    chain: Chain
    contacts: Contacts
    pairs: Int[np.ndarray, "p 2"]
    elements: np.ndarray


def make_reference(
    name: str,
    sequence: str,
    coords: Float[np.ndarray, "n 23 3"],
    mask: Bool[np.ndarray, "n 23"],
) -> Reference:
    """Work out what samples of a native are compared with.

    Parameters
    ----------
    name : str
        Of the chain.
    sequence : str
        n letters of ``constants.ALPHABET``.
    coords : (n, 23, 3) float, angstrom
        Anything outside the mask.
    mask : (n, 23) bool
        Atoms that were observed.
    """
    native = np.where(mask[..., None], coords, np.nan).astype(np.float32)
    chain = model_chain(name, sequence, native)
    pairs = find_canonical_pairs(chain)
    elements = np.array(structural_elements(len(sequence), pairs))
    return Reference(chain, native_contacts(native, mask), pairs, elements)


def compare_levels(sample: Float[np.ndarray, "n 23 3"], reference: Reference) -> dict[str, float]:
    """Compare a sample with its native.

    Parameters
    ----------
    sample : (n, 23, 3) float, angstrom
        Every atom of the sequence; NaN in slots without one.
    reference : Reference
        Of the native.

    Returns
    -------
    dict
        Global: ``lddt``, ``tm``, ``rmsd``, ``spread``, ``neighbour``, see :func:`compare`. Local:
        ``lddt_{element}`` and ``rmsd_residue_{element}`` (means over the residues in stems, in
        loops and in single strands of the native: lDDT, and the root-mean-square distance of a
        residue's atoms after superposition of all, angstrom); ``pair_sensitivity``,
        ``pair_precision`` and ``pair_f1`` of the canonical pairs among residues whose bases the
        native shows. Chemistry, over all residues of the sample: ``bond_outliers`` and
        ``angle_outliers`` (shares out of range), ``clashes`` (heavy atoms, per 1,000 atoms) and
        ``chirality_errors`` (mirrored or flat sugar centres, a count). NaN where there is nothing
        to measure, such as loops in a chain without any, and clashes beyond ``CROWDED``.
    """
    chain, mask = reference.chain, reference.chain.atom_mask
    model = model_chain(chain.entry, chain.sequence, sample.astype(np.float32))
    return {
        **compare(sample, chain.coords, mask, reference.contacts),
        **_by_element(sample, reference),
        **_pairs(find_canonical_pairs(model), reference),
        "bond_outliers": outlier_share(model, "bond"),
        "angle_outliers": outlier_share(model, "angle"),
        "clashes": float("nan") if _crowded(model) else clash_score(model),
        "chirality_errors": float(chirality_errors(model)),
    }


def compare(
    sample: Float[np.ndarray, "n 23 3"],
    native: Float[np.ndarray, "n 23 3"],
    mask: Bool[np.ndarray, "n 23"],
    contacts: Contacts | None = None,
) -> dict[str, float]:
    """Compare a sample with its native as a whole.

    Parameters
    ----------
    sample, native : (n, 23, 3) float, angstrom
        The sample has every atom that the native has.
    mask : (n, 23) bool
        Atoms of the native that were observed.
    contacts : Contacts, optional
        Of the native, where they are known already.

    Returns
    -------
    dict
        ``lddt`` (0-1, all atoms), ``tm`` (C3', paired), ``rmsd`` (angstrom, all atoms);
        ``spread`` and ``neighbour``: root-mean-square distance of C1' from their centre, and
        mean distance of a C1' to the nearest other, each divided by the native's.
    """
    score, _ = lddt(sample, native_contacts(native, mask) if contacts is None else contacts)
    present = mask[:, C1]
    ours, theirs = sample[present, C1], native[present, C1]
    return {
        "lddt": score,
        "tm": tm_score(sample[:, C3], native[:, C3], mask[:, C3]),
        "rmsd": float(np.sqrt((superposed_distances(sample[mask], native[mask]) ** 2).mean())),
        "spread": _spread(ours) / _spread(theirs),
        "neighbour": _nearest(ours) / _nearest(theirs),
    }


def _by_element(sample: np.ndarray, reference: Reference) -> dict[str, float]:
    """Average lDDT and RMSD of residues over each part of the secondary structure."""
    native, mask = reference.chain.coords, reference.chain.atom_mask
    squares = np.zeros(mask.shape)
    squares[mask] = superposed_distances(sample[mask], native[mask]) ** 2
    atoms = mask.sum(1)
    none = np.full(len(atoms), np.nan)
    deviation = np.sqrt(np.divide(squares.sum(1), atoms, out=none, where=atoms > 0))
    values = {"lddt": lddt(sample, reference.contacts)[1], "rmsd_residue": deviation}
    return {
        f"{name}_{element}": float(value[counted].mean()) if counted.any() else float("nan")
        for name, value in values.items()
        for element in ELEMENTS
        for counted in [np.isfinite(value) & (reference.elements == element)]
    }


def _pairs(found: Int[np.ndarray, "q 2"], reference: Reference) -> dict[str, float]:
    """Count the canonical pairs that a sample shares with its native."""
    based = reference.chain.atom_mask[:, N_BACKBONE:].any(1)
    found, wanted = found[based[found].all(1)], reference.pairs
    shared = int((found[:, None] == wanted[None]).all(-1).sum())
    sums = {
        "pair_sensitivity": (shared, len(wanted)),
        "pair_precision": (shared, len(found)),
        "pair_f1": (2 * shared, len(wanted) + len(found)),
    }
    return {name: a / b if b else float("nan") for name, (a, b) in sums.items()}


def _crowded(chain: Chain) -> bool:
    """Tell whether atoms are in heaps."""
    points = chain.coords[chain.atom_mask].astype(np.float64)
    tree = cKDTree(points)
    near = tree.count_neighbors(tree, 2 * max(RADII.values()) - OVERLAP)
    return near > (CROWDED + 1) * len(points)


def _spread(points: Float[np.ndarray, "n 3"]) -> float:
    """Root-mean-square distance from the centre."""
    return float(np.sqrt(((points - points.mean(0)) ** 2).sum(-1).mean()))


def _nearest(points: Float[np.ndarray, "n 3"]) -> float:
    """Mean distance of a point to the nearest other."""
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    return float(distances.min(1).mean())
