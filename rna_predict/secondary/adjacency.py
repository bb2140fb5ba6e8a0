"""Base-pair probabilities of a sequence, wherever they come from: the record and the interface.

Nothing behind this interface ever sees coordinates, so what it gives may enter the inputs of a
network. Probabilities are soft from end to end: a source that names one structure gives its pairs
the probability 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from rna_predict.constants import ALPHABET
from rna_predict.errors import InputError
from rna_predict.secondary.dot_bracket import to_dot_bracket

MEA_GAMMA: Final = 1.0
"""Weight of a paired against an unpaired residue in the structure of maximum expected accuracy."""
SHORTEST: Final = 5
"""Shorter sequences have no pair: a hairpin loop has three residues at least."""
TOLERANCE: Final = 0.01
"""A residue's probabilities may exceed 1 by this much, for digits that a file does not hold."""

Positions = Int[np.ndarray, " p"]
Probabilities = Float[np.ndarray, " p"]
AnyPositions = Int[np.ndarray, " _"]
AnyProbabilities = Float[np.ndarray, " _"]


@dataclass(frozen=True, eq=False)
class Folding:
    """What is known about the pairs of one sequence.

    Attributes
    ----------
    i, j : (p,) int64
        0-based positions, ``i < j``, sorted, each pair once.
    probability : (p,) float32
        Above 0, at most 1; the sum over the pairs of a residue is at most 1.
    mfe : str
        Dot-bracket of least free energy; "" where the source has no energies.
    mfe_energy : float, kcal/mol
        Its energy; NaN where unknown.
    mea : str
        Dot-bracket of maximum expected accuracy (``MEA_GAMMA``); of a source that gives one
        structure, that structure, pseudoknots included.
    ensemble_energy : float, kcal/mol
        Free energy of the ensemble; NaN where unknown.
    entropy : float, bits
        Mean over the residues of the entropy of their partners, to be unpaired being one of them.
    """

    i: Positions
    j: Positions
    probability: Probabilities
    mfe: str
    mfe_energy: float
    mea: str
    ensemble_energy: float
    entropy: float


@runtime_checkable
class Adjacency(Protocol):
    """A source of base-pair probabilities.

    Attributes
    ----------
    name, version : str
        Of the source, for the tables and the key of the cache.
    options : mapping
        All settings that its answers depend on, in types that JSON has.
    by_name : bool
        Whether an answer depends on the names of a chain. If not, equal sequences have equal
        answers, which may be kept.
    """

    name: str
    version: str
    options: Mapping[str, str | int | float]
    by_name: bool

    def fold(self, sequence: str, names: Sequence[str] = ()) -> Folding:
        """Give the pairs of a sequence.

        Parameters
        ----------
        sequence : str
            Letters of ``constants.ALPHABET``.
        names : sequence of str
            Of the chain, then of the chain it was copied from, if any.

        Raises
        ------
        InputError
            If the sequence holds other letters, or the source has no answer that can be used.
        """
        ...


def check_options(min_probability: float, max_span: int) -> None:
    """Refuse bounds on pairs that are out of range.

    Raises
    ------
    InputError
        If ``min_probability`` is not in 0 to 1, or ``max_span`` neither 0 nor at least 4.
    """
    if not 0 <= min_probability <= 1:
        raise InputError("min_probability", f"expected 0 to 1, got {min_probability}")
    if max_span < 0 or 0 < max_span < SHORTEST - 1:
        raise InputError("max_span", f"expected 0 or at least 4 nucleotides, got {max_span}")


def check_sequence(sequence: str) -> None:
    """Refuse a sequence that is empty or holds letters other than those of the alphabet.

    Raises
    ------
    InputError
        Naming the start of the sequence.
    """
    if not sequence or set(sequence) - set(ALPHABET):
        raise InputError(f"sequence {sequence[:20]!r}", f"expected letters of {ALPHABET}")


def summarize(
    sequence: str,
    pairs: tuple[Positions, Positions, Probabilities],
    min_probability: float,
    max_span: int,
    *,
    mfe: str = "",
    mfe_energy: float = float("nan"),
    ensemble_energy: float = float("nan"),
) -> Folding:
    """Make the record of one sequence: MEA and entropy from all pairs, then the weak ones go.

    Parameters
    ----------
    sequence : str
    pairs : (p,) int, (p,) int, (p,) float
        0-based ``i < j``, each pair once, and probabilities.
    min_probability : float
        Pairs below it are left out of the record.
    max_span : int
        Pairs with a greater ``j - i`` (nucleotides) are left out of everything; 0: none.
    mfe, mfe_energy, ensemble_energy
        As in :class:`Folding`.

    Returns
    -------
    Folding
    """
    i, j, probability = (np.asarray(column) for column in pairs)
    near = j - i <= (max_span or len(sequence))
    order = np.lexsort((j[near], i[near]))
    i, j, probability = i[near][order], j[near][order], probability[near][order]
    kept = (probability >= min_probability) & (probability > 0)
    return Folding(
        i=i[kept].astype(np.int64),
        j=j[kept].astype(np.int64),
        probability=np.minimum(probability[kept], 1).astype(np.float32),
        mfe=mfe,
        mfe_energy=float(mfe_energy),
        mea=_expected_structure(sequence, i, j, probability),
        ensemble_energy=float(ensemble_energy) + 0.0,
        entropy=_entropy(len(sequence), i, j, probability),
    )


def paired_probability(
    length: int, i: Positions, j: Positions, probability: Probabilities
) -> Float[np.ndarray, " n"]:
    """Give the probability of each residue to be paired, that is the sum over its pairs."""
    ends, twice = np.concatenate([i, j]), np.concatenate([probability, probability])
    return np.bincount(ends, twice, length).astype(np.float64)  # of no pairs it counts integers


def scale_excess(
    length: int, i: Positions, j: Positions, probability: Probabilities
) -> Probabilities:
    """Scale the pairs of residues whose probabilities add up to more than 1.

    Each pair is divided by the greater sum of its two residues, so that all sums are at most 1
    and pairs of other residues stay as they were.

    Parameters
    ----------
    length : int
        Number of residues.
    i, j : (p,) int
        0-based positions.
    probability : (p,) float

    Returns
    -------
    (p,) float
    """
    excess = np.maximum(paired_probability(length, i, j, probability), 1)
    return probability / np.maximum(excess[i], excess[j])


def unite_probabilities(
    length: int, sources: Sequence[tuple[AnyPositions, AnyPositions, AnyProbabilities]]
) -> tuple[Positions, Positions, Probabilities]:
    """Unite the pairs of several sources: of each pair the greatest probability.

    The sources (an ensemble from one sequence, the consensus of its family) look at the same pair
    and largely at the same evidence, so the maximum, not ``1 - prod(1 - p)``, which would take
    three doubtful sources for a certain one. Sources that contradict each other give a residue more
    than 1 in all; its pairs are then scaled (:func:`scale_excess`): a contested residue is a
    doubtful one.

    Parameters
    ----------
    length : int
        Number of residues.
    sources : sequence of ((p,) int, (p,) int, (p,) float)
        0-based ``i < j`` and probabilities, each with its own number of pairs.

    Returns
    -------
    i, j, probability
        Sorted, each pair once.

    Raises
    ------
    InputError
        If a position is outside the sequence.
    """
    i, j, probability = (
        np.concatenate([np.zeros(0, dtype), *(np.asarray(source[k]) for source in sources)])
        for k, dtype in enumerate((np.int64, np.int64, np.float32))
    )
    if len(i) and not (i.min() >= 0 and j.max() < length and (i < j).all()):
        raise InputError("pairs", f"expected 0 <= i < j < {length}")
    key, place = np.unique(i * length + j, return_inverse=True)
    greatest = np.zeros(len(key), dtype=np.float64)
    np.maximum.at(greatest, place, probability)
    i, j = np.divmod(key, length)
    return i, j, scale_excess(length, i, j, greatest).astype(np.float32)


def _entropy(length: int, i: Positions, j: Positions, probability: Probabilities) -> float:
    """Give the mean entropy of the residues' partners (bits)."""
    probability = probability.astype(np.float64)
    alone = np.clip(1 - paired_probability(length, i, j, probability), 0, 1)
    terms = np.concatenate([probability, probability, alone])
    terms = terms[terms > 0]
    return float(-(terms * np.log2(terms)).sum() / length) + 0.0


def _expected_structure(
    sequence: str, i: Positions, j: Positions, probability: Probabilities
) -> str:
    """Give the structure of maximum expected accuracy, or the one structure that there is."""
    if (probability == 1).all():
        return to_dot_bracket(zip(i.tolist(), j.tolist(), strict=True), len(sequence))
    import RNA  # only soft probabilities need it

    rows = zip(i.tolist(), j.tolist(), probability.tolist(), strict=True)
    pairs = [RNA.ep(a + 1, b + 1, p) for a, b, p in rows]
    return RNA.MEA_from_plist(pairs, sequence, MEA_GAMMA)[0]
