"""The experimental structure, with all that its models are compared with, worked out once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from rna_predict.constants import ALPHABET, SLOT_INDEX
from rna_predict.errors import InputError
from rna_predict.evaluate.complexes import join_chains, pair_complexes
from rna_predict.evaluate.elements import structural_elements
from rna_predict.evaluate.interactions import Interactions, find_interactions
from rna_predict.evaluate.lddt import Contacts, native_contacts
from rna_predict.evaluate.mcq import mcq_angles
from rna_predict.evaluate.pairing import SMALLEST, How, Pairing, matched_coords
from rna_predict.structure.chain import Chain

WIDE = 30.0
"""Inclusion radius that some programs use for nucleotides (angstrom)."""
REPRESENTATIVES = ("C1'", "C3'", "C4'")
"""Atoms that superpositions are made of."""

Structure = Chain | Sequence[Chain]
"""One chain, or all chains of a complex."""


@dataclass(frozen=True, eq=False)
class Native:
    """A native and what it says.

    Attributes
    ----------
    chains : tuple of Chain
    joined : Chain
        All of them in one record of n residues.
    contacts : Contacts
        Distances that lDDT looks at.
    wide_contacts : Contacts or None
        Those up to ``WIDE``, where they are wanted.
    interactions : Interactions
    angles : (n, 8) float32, radians
        Those of MCQ.
    elements : tuple of str
        ``stem``, ``loop`` or ``strand``, n of them.
    """

    chains: tuple[Chain, ...]
    joined: Chain
    contacts: Contacts
    wide_contacts: Contacts | None
    interactions: Interactions
    angles: Float32[np.ndarray, "n 8"]
    elements: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Match:
    """A model laid on its native.

    Attributes
    ----------
    joined : Chain
        The model's chains in one record.
    pairing : Pairing
    coords : (n, 23, 3) float32, angstrom
        The model's atoms in the native's residues and slots; NaN where there is none.
    """

    joined: Chain
    pairing: Pairing
    coords: Float32[np.ndarray, "n 23 3"]


def as_chains(structure: Structure) -> tuple[Chain, ...]:
    """Give the chains of a structure that may be a single one."""
    return (structure,) if isinstance(structure, Chain) else tuple(structure)


def read_native(structure: Structure, wide: bool = False) -> Native:
    """Work out what models of a native are compared with.

    Parameters
    ----------
    structure : Chain or sequence of Chain
    wide : bool
        Whether lDDT at ``WIDE`` is wanted too.

    Raises
    ------
    InputError
        If fewer than three residues have C1', C3' and C4'.
    """
    chains = as_chains(structure)
    joined = join_chains(chains)
    for name in REPRESENTATIVES:
        present = int(joined.atom_mask[:, SLOT_INDEX[ALPHABET[0]][name]].sum())
        if present < SMALLEST:
            what = f"{present} residues of the native have {name}, expected {SMALLEST} or more"
            raise InputError(joined.name, what)
    interactions = find_interactions(joined)
    canonical = sorted(interactions.nested | interactions.crossing)
    pairs = np.array([(i, j) for i, j, _ in canonical], dtype=np.int64).reshape(-1, 2)
    return Native(
        chains,
        joined,
        native_contacts(joined.coords, joined.atom_mask),
        native_contacts(joined.coords, joined.atom_mask, WIDE) if wide else None,
        interactions,
        mcq_angles(joined),
        tuple(structural_elements(len(joined), pairs)),
    )


def match_model(model: Structure, native: Native, how: How) -> Match:
    """Pair the residues of a model with the native's and gather its atoms.

    Raises
    ------
    InputError
        If they cannot be paired, or share fewer than three of an atom to superpose.
    """
    chains = as_chains(model)
    joined = join_chains(chains)
    pairing = pair_complexes(chains, native.chains, how)
    coords = matched_coords(joined, native.joined, pairing)
    for name in REPRESENTATIVES:
        slot = SLOT_INDEX[ALPHABET[0]][name]
        common = int(np.isfinite(coords[:, slot]).all(-1).sum())
        if common < SMALLEST:
            what = (
                f"{common} residues have {name} in the model and in the native, "
                f"expected {SMALLEST} or more"
            )
            raise InputError(joined.name, what)
    return Match(joined, pairing, coords)
