"""Base-pair probabilities from sequence alone, by ViennaRNA's partition function.

McCaskill (1990) Biopolymers 29:1105; Lorenz et al. (2011) Algorithms Mol Biol 6:26. Against the
canonical pairs of 350 chains of 30 to 500 nt (tests/benchmarks/folding.py): MFE PPV 0.73 and
sensitivity 0.75, pairs of p >= 0.95 PPV 0.91 and sensitivity 0.45.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import RNA
from jaxtyping import Float, Int

from rna_predict.secondary.adjacency import (
    MEA_GAMMA,
    Folding,
    Positions,
    Probabilities,
    check_options,
    check_sequence,
    scale_excess,
    summarize,
)

WHOLE_LENGTH: Final = 2_000
"""Longest sequence folded as a whole (nucleotides): 20 to 30 s and 100 MB there, and time grows
with the third power. Longer ones are folded in windows: 34 s and 140 MB at 4,000, most of the
memory for the MFE structure of the whole."""
WINDOW_SPAN: Final = 500
"""Largest span in windows where no bound was asked for (nucleotides)."""
FLOOR: Final = 1e-5
"""Weaker pairs enter neither the MEA structure nor the entropy."""


class ViennaRNA:
    """Pairs by ViennaRNA: probabilities, MFE and MEA structure, ensemble energy.

    Parameters
    ----------
    min_probability : float
        Weaker pairs are left out; 0 to 1.
    max_span : int
        Largest ``j - i`` of a pair (nucleotides), at least 4; 0: no bound, but ``WINDOW_SPAN`` in
        sequences above ``WHOLE_LENGTH``.

    Raises
    ------
    InputError
        If an option is out of range.
    """

    name = "viennarna"
    version = RNA.__version__
    by_name = False

    def __init__(self, min_probability: float, max_span: int) -> None:
        check_options(min_probability, max_span)
        self.options = {
            "min_probability": min_probability,
            "max_span": max_span,
            "mea_gamma": MEA_GAMMA,
            "whole_length": WHOLE_LENGTH,
            "window_span": WINDOW_SPAN,
        }

    def fold(self, sequence: str, names: Sequence[str] = ()) -> Folding:
        """Fold a sequence; N never pairs.

        Above ``WHOLE_LENGTH`` letters the probabilities come from windows and the ensemble energy
        is NaN; the MFE structure is that of the whole within the span, at any length.

        Parameters, result and errors are those of
        :class:`~rna_predict.secondary.adjacency.Adjacency`.
        """
        check_sequence(sequence)
        min_probability, max_span = self.options["min_probability"], self.options["max_span"]
        windows = len(sequence) > WHOLE_LENGTH
        span = max_span or (WINDOW_SPAN if windows else 0)
        compound, mfe, mfe_energy = _least_energy(sequence, span)
        if windows:
            pairs, ensemble_energy = fold_windows(sequence, span), float("nan")
        else:
            pairs, ensemble_energy = _partition(compound, mfe_energy)
        return summarize(
            sequence, pairs, min_probability, span,
            mfe=mfe, mfe_energy=mfe_energy, ensemble_energy=ensemble_energy,
        )  # fmt: skip


def fold_windows(sequence: str, span: int) -> tuple[Positions, Positions, Probabilities]:
    """Fold windows of twice the span, each half over the next, and join them.

    A pair's probability is the mean over the windows that hold it, weighted by the distance of its
    nearer residue from a cut, since a cut takes away context. Means of different windows may give
    a residue more than 1 in all; such residues are scaled (``scale_excess``).

    Against RNAplfold's plain means over all windows, pairs above 0.95 on 1ffk (2,706 nt): PPV 0.82
    and sensitivity 0.34 against 0.80 and 0.21, and there up to 1.9 for one residue; folded as a
    whole 0.77 and 0.41.

    Parameters
    ----------
    sequence : str
        Letters of ``constants.ALPHABET``.
    span : int
        Largest ``j - i`` of a pair (nucleotides).

    Returns
    -------
    i, j : (p,) int64
        0-based, ``i < j``, sorted.
    probability : (p,) float64
        The sum over the pairs of a residue is at most 1.
    """
    n = len(sequence)
    window = min(2 * span, n)
    starts = np.linspace(0, n - window, -(-(n - window) // span) + 1).round().astype(int)
    weights = _window_weights(n, window, starts)
    keys, terms = [], []
    for start, weight in zip(starts, weights, strict=True):
        compound, _, energy = _least_energy(sequence[start : start + window], span)
        (i, j, probability), _ = _partition(compound, energy)
        i, j = i + start, j + start
        keys.append(i * n + j)
        terms.append(probability * np.minimum(weight[i], weight[j]))
    key, place = np.unique(np.concatenate(keys), return_inverse=True)
    i, j = np.divmod(key, n)
    total = np.minimum(weights[:, i], weights[:, j]).sum(0)
    probability = np.bincount(place, np.concatenate(terms), len(key)) / total
    return i, j, scale_excess(n, i, j, probability)


def _window_weights(
    length: int, window: int, starts: Int[np.ndarray, " w"]
) -> Float[np.ndarray, "w n"]:
    """Give the distance of each residue from the cuts of each window; 0 outside of it."""
    middle = np.arange(window) + 0.5
    weights = np.zeros((len(starts), length))
    for row, start in zip(weights, starts, strict=True):
        row[start : start + window] = np.minimum(middle, window - middle)
    # Nothing is cut at the ends of the sequence itself.
    weights[0, : window // 2] = window / 2
    weights[-1, length - window // 2 :] = window / 2
    return weights


def _least_energy(sequence: str, span: int) -> tuple[RNA.fold_compound, str, float]:
    """Prepare a sequence and find its MFE structure (kcal/mol)."""
    model = RNA.md()
    model.max_bp_span = span + 1 if span else -1
    compound = RNA.fold_compound(sequence, model)
    return compound, *compound.mfe()


def _partition(
    compound: RNA.fold_compound, mfe_energy: float
) -> tuple[tuple[Positions, Positions, Probabilities], float]:
    """Compute the pairs above ``FLOOR`` and the ensemble energy (kcal/mol)."""
    compound.exp_params_rescale(mfe_energy)
    _, ensemble_energy = compound.pf()
    rows = [
        (row.i - 1, row.j - 1, row.p)
        for row in compound.plist_from_probs(FLOOR)
        if row.type == RNA.PLIST_TYPE_BASEPAIR
    ]
    i, j, probability = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return (i.astype(np.int64), j.astype(np.int64), probability), ensemble_energy
