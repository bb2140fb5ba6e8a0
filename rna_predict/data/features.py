"""Inputs of the network: what is known from the sequence alone.

Training and prediction both go through :func:`sequence_inputs`; it has no argument through which
a structure could enter.
"""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from rna_predict.constants import ALPHABET

PROBABILITY_FLOOR = 0.01
"""Base-pair probabilities below this are no input, whatever threshold their table has."""


def sequence_inputs(
    sequence: str,
    pairs: Int[np.ndarray, "m 2"],
    probability: Float[np.ndarray, " m"],
    positions: Int[np.ndarray, " k"] | None = None,
) -> dict[str, Tensor]:
    """Turn a sequence and its base-pair probabilities into the tensors of ``model.Features``.

    Parameters
    ----------
    sequence : str
        Letters of ``constants.ALPHABET``, the whole chain, length n.
    pairs : (m, 2) int
        Residues of each pair, 0-based; each pair once.
    probability : (m,) float
        Probability of each pair from the sequence's partition function.
    positions : (k,) int, optional
        Residues of a crop in rising order; the whole chain if absent. Pairs with a residue
        outside the crop drop out.

    Returns
    -------
    dict
        ``sequence`` (k,) int64, ``residue_mask`` (k,) bool, ``residue_index`` (k,) int64,
        ``pair_probability`` (k, k) float32, symmetric.

    Raises
    ------
    ValueError
        If a pair points outside the sequence or to itself, or a probability is outside [0, 1].
    """
    n = len(sequence)
    if len(pairs) and (pairs.min() < 0 or pairs.max() >= n or (pairs[:, 0] == pairs[:, 1]).any()):
        raise ValueError(f"base pairs must join two different residues of 0 to {n - 1}")
    if len(probability) and not (probability.min() >= 0 and probability.max() <= 1 + 1e-5):
        raise ValueError("base-pair probabilities must lie between 0 and 1")
    if positions is None:
        positions = np.arange(n)
    kinds = np.array([ALPHABET.index(sequence[k]) for k in positions], dtype=np.int64)
    kept = probability >= PROBABILITY_FLOOR
    return {
        "sequence": torch.from_numpy(kinds),
        "residue_mask": torch.ones(len(positions), dtype=torch.bool),
        "residue_index": torch.from_numpy(positions.astype(np.int64)),
        "pair_probability": torch.from_numpy(
            pair_matrix(n, pairs[kept], probability[kept].astype(np.float32), positions)
        ),
    }


def pair_matrix(
    n: int, pairs: Int[np.ndarray, "m 2"], values: np.ndarray, positions: Int[np.ndarray, " k"]
) -> np.ndarray:
    """Spread a list of pairs over the symmetric matrix of a crop.

    Parameters
    ----------
    n : int
        Length of the chain.
    pairs : (m, 2) int
        Residues, 0-based.
    values : (m,) any type
        Value of each pair; other entries are 0.
    positions : (k,) int
        Residues of the crop.

    Returns
    -------
    (k, k) array of the type of ``values``
    """
    place = np.full(n, -1)
    place[positions] = np.arange(len(positions))
    rows, columns = place[pairs[:, 0]], place[pairs[:, 1]]
    inside = (rows >= 0) & (columns >= 0)
    matrix = np.zeros((len(positions), len(positions)), dtype=values.dtype)
    matrix[rows[inside], columns[inside]] = values[inside]
    matrix[columns[inside], rows[inside]] = values[inside]
    return matrix
