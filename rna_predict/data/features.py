"""Inputs of the network, the same for training and prediction: :func:`sequence_inputs`.

===================== ============= ========================= ======================================
input                 shape         source                    why it holds no ground truth
===================== ============= ========================= ======================================
sequence              (k,)          the chain's full sequence letters only
residue_mask          (k,)          its length                True throughout: observed or not
residue_index         (k,)          positions of the crop     drawn without looking at atoms
chain_break           (k,)          strands of the request    an argument, never a measured gap
pair_probability      (k, k)        partition function        folded from the sequence
consensus_probability (k, k)        covariance model of the   the sequence is aligned to it; no pair
                                    family                    is read off the chain
msa, msa_mask         (r, k)        family's seed, or a       rows of letters; lines of structure
                                    user's file               are never read
template_origin,      (t, k, 3),    frames of other, earlier  whoever makes them leaves out the
template_rotation,    (t, k, 3, 3), structures                chain and its kin; half of the draws
template_mask         (t, k)                                  of training do without
===================== ============= ========================= ======================================

No argument takes the chain's own structure. Atoms of a residue are told apart by slot and base
(``constants``), which are the same for every chain.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from rna_predict.constants import ALPHABET
from rna_predict.data.msa import GAP, Msa, empty_msa

PROBABILITY_FLOOR = 0.01
"""Base-pair probabilities below this are no input, whatever threshold their table has."""
MAX_TEMPLATES = 4

WeighedPairs = tuple[Int[np.ndarray, "weighed 2"], Float[np.ndarray, " weighed"]]
"""Pairs of residues (0-based) and the probability of each."""


@dataclass(frozen=True, eq=False)
class Templates:
    """Residue frames of known structures, laid over a chain of n residues.

    Attributes
    ----------
    origin : (t, n, 3) float32, angstrom
        C1'; anything where ``mask`` is False.
    rotation : (t, n, 3, 3) float32
        Columns are the axes: ``frame_from_points`` of C1', N9 or N1, and C4 or C2.
    mask : (t, n) bool
        Residues that a template has.
    """

    origin: Float32[np.ndarray, "t n 3"]
    rotation: Float32[np.ndarray, "t n 3 3"]
    mask: Bool[np.ndarray, "t n"]


def sequence_inputs(
    sequence: str,
    pairs: Int[np.ndarray, "m 2"],
    probability: Float[np.ndarray, " m"],
    positions: Int[np.ndarray, " k"] | None = None,
    *,
    consensus: WeighedPairs | None = None,
    msa: Msa | None = None,
    templates: Templates | None = None,
    breaks: tuple[int, ...] = (),
) -> dict[str, Tensor]:
    """Turn what is known of a sequence into the tensors of ``model.Features``.

    Parameters
    ----------
    sequence : str
        Letters of ``constants.ALPHABET``, the whole chain, length n.
    pairs : (m, 2) int
        Residues of each pair, 0-based; of a pair named twice the higher probability counts.
    probability : (m,) float
        Probability of each pair from the sequence's partition function.
    positions : (k,) int, optional
        Residues of a crop in rising order; the whole chain if absent. Pairs with a residue
        outside the crop drop out.
    consensus : pairs and probabilities, optional
        Of the family's consensus structure, over the chain; nothing where no family is known.
    msa : (r, n) uint8, optional
        Homologs in the chain's positions, see :mod:`~rna_predict.data.msa`.
    templates : Templates, optional
        At most ``MAX_TEMPLATES``, none of them of the chain itself.
    breaks : tuple of int
        Residues that begin another strand.

    Returns
    -------
    dict
        The tensors of the table above; integers int64, the others float32 and bool.

    Raises
    ------
    ValueError
        If a pair or a break points outside the sequence, a pair to itself, a probability is
        outside [0, 1], or alignment or templates do not fit.
    """
    n = len(sequence)
    consensus = consensus or (np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.float32))
    for listed in ((pairs, probability), consensus):
        _check_pairs(n, *listed)
    msa = empty_msa(n) if msa is None else msa
    if msa.shape[1] != n or (msa > GAP).any():
        raise ValueError(f"alignment: expected {n} columns of letters 0 to {GAP}, got {msa.shape}")
    if any(not 0 < place < n for place in breaks):
        raise ValueError(f"strands begin at residues 1 to {n - 1}, got {breaks}")
    if positions is None:
        positions = np.arange(n)
    kinds = np.array([ALPHABET.index(sequence[k]) for k in positions], dtype=np.int64)
    kept = probability >= PROBABILITY_FLOOR
    strand = np.searchsorted(np.sort(np.array(breaks, dtype=np.int64)), positions, side="right")
    arrays = {
        "sequence": kinds,
        "residue_mask": np.ones(len(positions), dtype=bool),
        "residue_index": positions.astype(np.int64),
        "chain_break": np.diff(strand, prepend=strand[:1]) > 0,
        "pair_probability": pair_matrix(
            n, pairs[kept], probability[kept].astype(np.float32), positions
        ),
        "consensus_probability": pair_matrix(
            n, consensus[0], consensus[1].astype(np.float32), positions
        ),
        "msa": msa[:, positions].astype(np.int64),
        "msa_mask": np.ones((len(msa), len(positions)), dtype=bool),
        **_template_arrays(templates, n, positions),
    }
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


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
        Value of each pair, not negative; of a pair named twice the greater one. Other entries
        are 0.
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
    np.maximum.at(matrix, (rows[inside], columns[inside]), values[inside])
    return np.maximum(matrix, matrix.T)


def _check_pairs(n: int, pairs: np.ndarray, probability: np.ndarray) -> None:
    """Refuse pairs that are none, and probabilities that are none."""
    if len(pairs) and (pairs.min() < 0 or pairs.max() >= n or (pairs[:, 0] == pairs[:, 1]).any()):
        raise ValueError(f"base pairs must join two different residues of 0 to {n - 1}")
    if len(probability) and not (probability.min() >= 0 and probability.max() <= 1 + 1e-5):
        raise ValueError("base-pair probabilities must lie between 0 and 1")


def _template_arrays(
    templates: Templates | None, n: int, positions: np.ndarray
) -> dict[str, np.ndarray]:
    """Cut templates to a crop; frames of residues that they lack become 0."""
    if templates is None:
        templates = Templates(
            np.zeros((0, n, 3), np.float32),
            np.zeros((0, n, 3, 3), np.float32),
            np.zeros((0, n), bool),
        )
    count, length = templates.mask.shape
    if count > MAX_TEMPLATES or length != n:
        what = f"{count} of {length} residues"
        raise ValueError(f"expected at most {MAX_TEMPLATES} templates of {n} residues, got {what}")
    mask = templates.mask[:, positions]
    origin, rotation = templates.origin[:, positions], templates.rotation[:, positions]
    arrays = {
        "template_origin": np.where(mask[..., None], origin, np.float32(0)),
        "template_rotation": np.where(mask[..., None, None], rotation, np.float32(0)),
    }
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} is not finite where the template has a residue")
    return {**arrays, "template_mask": mask}
