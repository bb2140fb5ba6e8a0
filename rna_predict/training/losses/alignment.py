"""Errors after rigid superposition: the denoising error, and structures at three scales.

The motion carries no gradient. None is missing: the motion minimises the squared error, so its
derivative vanishes at the minimum (the envelope theorem), and every error here is a function of the
squared error alone.
"""

from jaxtyping import Bool, Float, Int64
from torch import Tensor

from rna_predict.constants import BACKBONE_ATOMS, N_BACKBONE
from rna_predict.geometry.torch_superpose import apply_motion, superpose
from rna_predict.training.losses.reductions import different_pairs, distances, masked_mean

C1 = BACKBONE_ATOMS.index("C1'")
TRACE = (BACKBONE_ATOMS.index("P"), BACKBONE_ATOMS.index("C4'"), C1, N_BACKBONE)
"""P, C4', C1' and the glycosidic nitrogen: the fold of a chain without the detail."""
WINDOW = 8
"""Residues of a window of the local scale; each starts half a window after the one before."""
GLOBAL_SCALE, LOCAL_SCALE, DISTANCE_SCALE = 50.0, 3.5, 35.0
"""Angstrom: the three errors of A-form chains against natives, see ``scales.py``."""


def rigid_align(
    mobile: Float[Tensor, "*batch n 3"],
    fixed: Float[Tensor, "*batch n 3"],
    weight: Float[Tensor, "*#batch n"],
) -> Float[Tensor, "*batch n 3"]:
    """Superpose ``mobile`` onto ``fixed``; no gradient passes through the motion.

    Abramson et al. (2024), supplement, algorithm 28.
    """
    return apply_motion(mobile, *superpose(mobile, fixed, weight))


def aligned_square(
    predicted: Float[Tensor, "*batch n 3"],
    truth: Float[Tensor, "*batch n 3"],
    weight: Float[Tensor, "*batch n"],
) -> Float[Tensor, "*batch"]:
    """Give the weighted mean squared error per coordinate after superposition of the truth.

    Returns
    -------
    (...), square angstrom
        0 where all weights are 0.
    """
    target = rigid_align(truth, predicted.detach(), weight)
    square = (predicted - target).square().mean(-1)
    return (square * weight).sum(-1) / weight.sum(-1).clamp_min(1e-8)


def aligned_mse(
    predicted: Float[Tensor, "B S N 23 3"],
    truth: Float[Tensor, "B N 23 3"],
    mask: Bool[Tensor, "B N 23"],
    weight: Float[Tensor, "B S"] | None = None,
    atom_weight: Float[Tensor, "B N 23"] | None = None,
) -> Float[Tensor, ""]:
    """Squared error after the truth was superposed onto each sample.

    Abramson et al. (2024), supplement 3.7.1, equation 3 and algorithm 28, where every atom of RNA
    weighs 6 and the error is not divided by the sum of the weights: ours is a sixth of theirs.

    Parameters
    ----------
    predicted, truth : float, angstrom
        Samples and the observed coordinates.
    mask : (B, N, 23) bool
        Observed atoms.
    weight : (B, S) float, optional
        Of each sample, see :func:`~rna_predict.training.losses.noise.edm_weight`.
    atom_weight : (B, N, 23) float, optional
        Of each atom, in the superposition and in the error. Default 1.

    Returns
    -------
    scalar, square angstrom per coordinate
        Mean over samples of chains with observed atoms.
    """
    shape = predicted.shape[:-1]
    each = mask.to(predicted) if atom_weight is None else atom_weight * mask
    square = aligned_square(
        predicted.flatten(2, 3),
        truth[:, None].expand_as(predicted).flatten(2, 3),
        each[:, None].expand(shape).flatten(2),
    )
    if weight is not None:
        square = square * weight
    return masked_mean(square, mask.flatten(1).any(-1)[:, None])


def multiscale_loss(
    predicted: Float[Tensor, "B S N 23 3"],
    truth: Float[Tensor, "B N 23 3"],
    mask: Bool[Tensor, "B N 23"],
    residue_index: Int64[Tensor, "B N"],
) -> Float[Tensor, ""]:
    """Average the errors of a fold at three scales, none of which ever becomes flat.

    The whole chain after one superposition, windows of ``WINDOW`` residues after one each, and the
    matrix of C1'-C1' distances; each in units of what an A-form chain misses.

    Parameters
    ----------
    predicted, truth : float, angstrom
        Samples and the observed coordinates.
    mask : (B, N, 23) bool
        Observed atoms.
    residue_index : (B, N) int64
        Position in the full chain; a window never spans a gap.

    Returns
    -------
    scalar
    """
    return (
        global_error(predicted, truth, mask) / GLOBAL_SCALE
        + local_error(predicted, truth, mask, residue_index) / LOCAL_SCALE
        + distance_error(predicted, truth, mask) / DISTANCE_SCALE
    ) / 3


def global_error(
    predicted: Float[Tensor, "B S N 23 3"],
    truth: Float[Tensor, "B N 23 3"],
    mask: Bool[Tensor, "B N 23"],
) -> Float[Tensor, ""]:
    """Average the RMSD (angstrom) of the ``TRACE`` of each sample after superposition."""
    slots = list(TRACE)
    points = predicted[..., slots, :].flatten(2, 3)
    target = truth[:, None, :, slots].flatten(2, 3).expand_as(points)
    kept = mask[:, None, :, slots].flatten(2).expand(points.shape[:-1])
    return masked_mean(_rmsd(points, target, kept), kept.any(-1))


def local_error(
    predicted: Float[Tensor, "B S N 23 3"],
    truth: Float[Tensor, "B N 23 3"],
    mask: Bool[Tensor, "B N 23"],
    residue_index: Int64[Tensor, "B N"],
) -> Float[Tensor, ""]:
    """Average the RMSD (angstrom) of windows of the ``TRACE``, each superposed by itself."""
    slots = list(TRACE)
    size = min(WINDOW, predicted.shape[2])
    step = max(1, size // 2)

    def windows(tensor: Tensor, dim: int) -> Tensor:
        cut = tensor.unfold(dim, size, step)  # the window comes last
        return cut.movedim(-1, dim + 1)

    points = windows(predicted[..., slots, :], 2).flatten(3, 4)
    target = windows(truth[:, None, :, slots], 2).flatten(3, 4).expand_as(points)
    index = windows(residue_index[:, None], 2)
    unbroken = index[..., -1] - index[..., 0] == size - 1
    kept = windows(mask[:, None, :, slots], 2).flatten(3, 4) & unbroken[..., None]
    kept = kept.expand(points.shape[:-1])
    return masked_mean(_rmsd(points, target, kept), kept.any(-1))


def distance_error(
    predicted: Float[Tensor, "B S N 23 3"],
    truth: Float[Tensor, "B N 23 3"],
    mask: Bool[Tensor, "B N 23"],
) -> Float[Tensor, ""]:
    """Average the error (angstrom) of all C1'-C1' distances."""
    points, true = predicted[..., C1, :], truth[:, None, :, C1]
    error = (distances(points, points) - distances(true, true)).abs()
    return masked_mean(error, different_pairs(mask[:, :, C1])[:, None])


def _rmsd(predicted: Tensor, truth: Tensor, kept: Tensor) -> Tensor:
    """Root-mean-square distance after superposition, with a finite gradient at 0."""
    return (3 * aligned_square(predicted, truth, kept.to(predicted)) + 1e-4).sqrt()
