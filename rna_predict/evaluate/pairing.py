"""Which residue of a model stands for which of the native, and its atoms in the native's slots."""

from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Literal

import biotite.sequence as biotite_sequence
import biotite.sequence.align as biotite_align
import numpy as np
from jaxtyping import Float32, Int

from rna_predict.constants import ALPHABET, BASES, N_SLOTS, SLOT_ATOMS, SLOT_INDEX, UNKNOWN
from rna_predict.errors import InputError
from rna_predict.evaluate.free_alignment import SMALLEST_FREE, align_structures
from rna_predict.secondary.pairs import annotate_pairs
from rna_predict.structure.chain import Chain

How = Literal["auto", "number", "sequence", "structure"]

AGREEMENT = 0.9
"""Share of equal bases from which ``auto`` trusts the residue numbers."""
OVERLAP = 0.5
"""Share of the shorter chain that the numbers must pair for ``auto`` to trust them."""
COMMON = 0.7
"""Share of the shorter chain's residues that must align with an equal base: unrelated sequences
of 20-150 nt reach 0.45-0.5 on average with these gap scores."""
SMALLEST = 3
"""Pairs a superposition needs."""
MATCH, MISMATCH, GAP = 5, -4, (-10, -1)
"""Scores of the sequence alignment; gaps at the ends are free, N is worth 0."""


@dataclass(frozen=True, eq=False)
class Pairing:
    """Paired observed residues.

    Attributes
    ----------
    model, native : (k,) int
        Positions in the two sequences.
    how : str
        ``number``, ``sequence`` or ``structure``.
    """

    model: Int[np.ndarray, " k"]
    native: Int[np.ndarray, " k"]
    how: str


def pair_residues(model: Chain, native: Chain, how: How = "auto") -> Pairing:
    """Pair the observed residues of a model with those of the native.

    Parameters
    ----------
    model, native : Chain
        The chain ids do not matter.
    how : {"auto", "number", "sequence", "structure"}
        By author residue number and insertion code; by global alignment of the sequences; by free
        alignment of the C3' atoms; or (``auto``) by number if the bases paired so agree (90 %,
        unknown bases aside) and cover half of the shorter chain, else by sequence.

    Returns
    -------
    Pairing

    Raises
    ------
    InputError
        If fewer than three residues pair; or, in an alignment, fewer than 70 % of the shorter
        chain's residues have an equal base as partner.
    """
    if how == "structure":
        return _by_structure(model, native)
    shorter = min(int(model.observed.sum()), int(native.observed.sum()))
    if how != "sequence":
        pairs = _by_number(model, native)
        n = len(pairs.model)
        if how == "number" and n < SMALLEST:
            raise InputError(
                model.name,
                f"{n} residue numbers in common with {native.name}, expected {SMALLEST} or more",
            )
        known, equal = _bases(model, native, pairs)
        agree = n >= max(SMALLEST, OVERLAP * shorter) and equal >= max(1, AGREEMENT * known)
        if how == "number" or agree:
            return pairs
    pairs = _by_sequence(model, native)
    _, equal = _bases(model, native, pairs)
    if len(pairs.model) < SMALLEST or equal < COMMON * shorter:
        raise InputError(
            model.name,
            f"nothing in common with {native.name}: {equal} of {shorter} residues align with an "
            f"equal base, expected {ceil(max(SMALLEST, COMMON * shorter))} or more",
        )
    return pairs


def matched_coords(
    model: Chain, native: Chain, pairing: Pairing
) -> Float32[np.ndarray, "n_native 23 3"]:
    """Give the model's atoms in the native's residues and slots, matched by atom name.

    Parameters
    ----------
    model, native : Chain
        Where their bases differ, only atoms of equal name are kept.
    pairing : Pairing
        Of the two.

    Returns
    -------
    (n_native, 23, 3) float32, angstrom
        NaN where the model has no such atom or the native did not observe it.
    """
    source = _slot_map()[native.kinds[pairing.native], model.kinds[pairing.model]]
    padded = np.concatenate(
        [model.coords, np.full((len(model), 1, 3), np.nan, dtype=np.float32)], axis=1
    )
    matched = np.full(native.coords.shape, np.nan, dtype=np.float32)
    matched[pairing.native] = padded[pairing.model[:, None], source]
    matched[~native.atom_mask] = np.nan
    return matched


def _by_number(model: Chain, native: Chain) -> Pairing:
    """Pair residues of equal author number and insertion code."""
    of_model = {
        (int(model.auth_numbers[i]), model.ins_codes[i]): i for i in np.flatnonzero(model.observed)
    }
    pairs = [
        (of_model[key], j)
        for j in np.flatnonzero(native.observed)
        if (key := (int(native.auth_numbers[j]), native.ins_codes[j])) in of_model
    ]
    return Pairing(*np.array(pairs, dtype=np.int64).reshape(-1, 2).T, "number")


def _by_sequence(model: Chain, native: Chain) -> Pairing:
    """Pair residues by global alignment of the full sequences, those observed in both."""
    alphabet = biotite_sequence.Alphabet(ALPHABET)
    scores = np.where(np.eye(len(ALPHABET), dtype=bool), MATCH, MISMATCH)
    scores[[ALPHABET.index(UNKNOWN)], :] = scores[:, [ALPHABET.index(UNKNOWN)]] = 0
    alignment = biotite_align.align_optimal(
        biotite_sequence.GeneralSequence(alphabet, model.sequence),
        biotite_sequence.GeneralSequence(alphabet, native.sequence),
        biotite_align.SubstitutionMatrix(alphabet, alphabet, scores.astype(np.int32)),
        gap_penalty=GAP,
        terminal_penalty=False,
        max_number=1,
    )[0]
    i, j = alignment.trace[(alignment.trace >= 0).all(axis=1)].T
    both = model.observed[i] & native.observed[j]
    return Pairing(i[both], j[both], "sequence")


def _by_structure(model: Chain, native: Chain) -> Pairing:
    """Pair residues by free alignment of C3' atoms."""
    slot = SLOT_INDEX[ALPHABET[0]]["C3'"]
    rows = [np.flatnonzero(chain.atom_mask[:, slot]) for chain in (model, native)]
    for chain, present in zip((model, native), rows, strict=True):
        if len(present) < SMALLEST_FREE:
            raise InputError(
                chain.name,
                f"{len(present)} residues have C3', free alignment needs {SMALLEST_FREE}",
            )
    i, j = align_structures(
        model.coords[rows[0], slot],
        native.coords[rows[1], slot],
        _structure_codes(model)[rows[0]],
        _structure_codes(native)[rows[1]],
    )
    return Pairing(rows[0][i], rows[1][j], "structure")


def _structure_codes(chain: Chain) -> Int[np.ndarray, " n"]:
    """Give 0 to unpaired residues, 1 and 2 to the first and second of a cis Watson-Crick pair."""
    codes = np.zeros(len(chain), dtype=np.int64)
    pairs = annotate_pairs([chain])
    pairs = pairs[pairs["lw"] == "cWW"]
    codes[pairs["i"].to_numpy()] = 1
    codes[pairs["j"].to_numpy()] = 2
    return codes


def _bases(model: Chain, native: Chain, pairing: Pairing) -> tuple[int, int]:
    """Count the pairs whose bases are known in both, and those whose bases are equal."""
    first, second = model.kinds[pairing.model], native.kinds[pairing.native]
    known = (first < len(BASES)) & (second < len(BASES))
    return int(known.sum()), int((first == second)[known].sum())


@cache
def _slot_map() -> Int[np.ndarray, "kinds kinds 23"]:
    """Give, for each slot of one base, the slot of the same atom in another; 23 where none."""
    return np.array(
        [
            [
                [SLOT_INDEX[other].get(name, N_SLOTS) if name else N_SLOTS for name in names]
                for other in ALPHABET
            ]
            for names in SLOT_ATOMS.values()
        ]
    )
