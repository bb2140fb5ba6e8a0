"""Base-pair probabilities from sequence alone, by ViennaRNA's partition function.

McCaskill (1990) Biopolymers 29:1105; Lorenz et al. (2011) Algorithms Mol Biol 6:26. Nothing here
ever sees a structure, so the probabilities may enter the inputs of a network.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
import RNA
from jaxtyping import Float32, Int

from rna_predict.constants import ALPHABET
from rna_predict.errors import InputError
from rna_predict.structure.chain import Chain

WHOLE_LENGTH: Final = 1_000
"""Longest sequence folded as a whole (nucleotides): 2 to 4 s and 100 MB there, and the time grows
with the third power. Longer ones are folded in windows, in time proportional to their length."""
WINDOW_SPAN: Final = 500
"""Largest span in windows where no bound was asked for (nucleotides)."""


def fold_sequence(
    sequence: str, min_probability: float, max_span: int
) -> tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"], Float32[np.ndarray, " p"]]:
    """Compute the base-pair probabilities of a sequence.

    Parameters
    ----------
    sequence : str
        Letters of ``constants.ALPHABET``; N never pairs. Above ``WHOLE_LENGTH`` letters the
        probabilities are means over all windows of twice the span that hold the pair (Bernhart
        et al. 2006, Bioinformatics 22:614).
    min_probability : float
        Pairs below it are left out; 0 to 1.
    max_span : int
        Largest ``j - i`` of a pair (nucleotides), at least 4; 0: no bound, but ``WINDOW_SPAN`` in
        windows.

    Returns
    -------
    i, j : (p,) int
        0-based positions, ``i < j``, sorted.
    probability : (p,) float32

    Raises
    ------
    InputError
        If the sequence is empty or holds other letters, or an option is out of range.
    """
    if not sequence or set(sequence) - set(ALPHABET):
        raise InputError(f"sequence {sequence[:20]!r}", f"expected letters of {ALPHABET}")
    if not 0 <= min_probability <= 1:
        raise InputError("min_probability", f"expected 0 to 1, got {min_probability}")
    if max_span < 0 or 0 < max_span < 4:
        raise InputError("max_span", f"expected 0 or at least 4 nucleotides, got {max_span}")
    if len(sequence) > WHOLE_LENGTH:
        span = max_span or WINDOW_SPAN
        window = min(2 * span, len(sequence))
        rows = RNA.pfl_fold(sequence, window, min(span + 1, window), min_probability)
    else:
        model = RNA.md()
        model.max_bp_span = max_span + 1 if max_span else -1
        compound = RNA.fold_compound(sequence, model)
        _, energy = compound.mfe()
        compound.exp_params_rescale(energy)
        compound.pf()
        rows = compound.plist_from_probs(min_probability)
    found = sorted(
        (row.i - 1, row.j - 1, row.p)
        for row in rows
        if row.type == RNA.PLIST_TYPE_BASEPAIR and 0 < row.p >= min_probability
    )
    i, j, probability = np.array(found, dtype=np.float64).reshape(-1, 3).T
    return i.astype(np.int64), j.astype(np.int64), np.minimum(probability, 1).astype(np.float32)


def fold_chains(chains: Sequence[Chain], min_probability: float, max_span: int) -> pd.DataFrame:
    """Compute the base-pair probabilities of chains, each different sequence once.

    Parameters
    ----------
    chains : sequence of Chain
        Only their sequences are used; of several models of a chain the first.
    min_probability, max_span
        As in :func:`fold_sequence`.

    Returns
    -------
    DataFrame
        Columns chain_id, i, j (0-based, ``i < j``), probability (float32).

    Raises
    ------
    InputError
        As :func:`fold_sequence`.
    """
    sequences: dict[str, str] = {}
    for chain in chains:
        sequences.setdefault(chain.name, chain.sequence)
    folded = {
        sequence: fold_sequence(sequence, min_probability, max_span)
        for sequence in dict.fromkeys(sequences.values())
    }
    parts = [folded[sequence] for sequence in sequences.values()]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else [[]] * 3
    names = np.repeat(np.array(list(sequences), dtype=object), [len(part[0]) for part in parts])
    return pd.DataFrame(
        {"chain_id": names, "i": columns[0], "j": columns[1], "probability": columns[2]}
    ).astype({"chain_id": "str", "i": "int64", "j": "int64", "probability": "float32"})
