"""Torsions on the circle: their error, and how likely they are under a predicted uncertainty."""

from math import log, pi, sin

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from rna_predict.training.losses.reductions import masked_mean

SHARP = 100.0
"""Concentration beyond which the Bessel function is expanded; the two differ by 1e-7 here."""


def torsion_loss(
    sin_cos: Float[Tensor, "B N torsions 2"],
    target: Float[Tensor, "B N torsions"],
    mask: Bool[Tensor, "B N torsions"],
    norm: Float[Tensor, "B N torsions"] | None = None,
    threshold: float = 0.2,
    norm_weight: float = 0.02,
) -> Float[Tensor, ""]:
    """Huber loss of the wrapped angle, and a pull of the vectors to unit length.

    On the angle and not on its cosine, whose gradient vanishes near the target.

    Parameters
    ----------
    sin_cos : (B, N, 14, 2) float
        Predicted unit vectors.
    target : (B, N, 14) float, radians
        Anything finite outside the mask.
    mask : (B, N, 14) bool
        Torsions that are defined.
    norm : (B, N, 14) float, optional
        Length of the vectors before normalisation.
    threshold : float, radians
        Quadratic below, linear above.
    norm_weight : float
        Weight of ``|norm - 1|``.

    Returns
    -------
    scalar
        Radians where errors are large.
    """
    difference = wrapped_difference(sin_cos, target)
    zero = torch.zeros_like(difference)
    loss = F.smooth_l1_loss(difference, zero, reduction="none", beta=threshold)
    loss = masked_mean(loss, mask)
    if norm is not None:
        loss = loss + norm_weight * masked_mean((norm - 1).abs(), mask)
    return loss


def mcq_loss(
    sin_cos: Float[Tensor, "B N torsions 2"],
    target: Float[Tensor, "B N torsions"],
    mask: Bool[Tensor, "B N torsions"],
    norm: Float[Tensor, "B N torsions"] | None = None,
    reference: float = 0.35,
    rounding: float = 0.05,
    norm_weight: float = 0.02,
) -> Float[Tensor, ""]:
    """Give what a torsion adds to the MCQ, where that is about ``reference``.

    The MCQ of errors d is ``atan2(sum sin |d|, sum cos d)``; at a value r it falls in the direction
    of ``sum sin(|d| - r)``. Far errors weigh less than in the Huber loss: of a torsion with two
    likely values the likelier one is best, not a value between them.

    Parameters
    ----------
    sin_cos, target, mask, norm, norm_weight
        As in :func:`torsion_loss`.
    reference : float, radians
        MCQ that is expected.
    rounding : float, radians
        Errors below it are smoothed.

    Returns
    -------
    scalar
        0 without any error.
    """
    off = wrapped_difference(sin_cos, target)
    off = (off.square() + rounding**2).sqrt() - rounding
    loss = masked_mean((off - reference).sin() + sin(reference), mask)
    if norm is not None:
        loss = loss + norm_weight * masked_mean((norm - 1).abs(), mask)
    return loss


def wrapped_difference(
    sin_cos: Float[Tensor, "B N torsions 2"], target: Float[Tensor, "B N torsions"]
) -> Float[Tensor, "B N torsions"]:
    """Give predicted minus true angles, radians in [-pi, pi]."""
    sine, cosine = sin_cos.unbind(-1)
    true_sine, true_cosine = target.sin(), target.cos()
    return torch.atan2(
        sine * true_cosine - cosine * true_sine, cosine * true_cosine + sine * true_sine
    )


def torsion_likelihood(
    sin_cos: Float[Tensor, "B N torsions 2"],
    log_kappa: Float[Tensor, "B N torsions"],
    target: Float[Tensor, "B N torsions"],
    mask: Bool[Tensor, "B N torsions"],
) -> Float[Tensor, ""]:
    """Give the mean negative log-likelihood of torsions under von Mises distributions.

    ``kappa (1 - cos d) + log(2 pi) + log(exp(-kappa) I0(kappa))`` with d the error of the angle:
    Mardia & Jupp (2000) Directional Statistics, 3.5. Written without a difference of large numbers,
    so that it and its gradient are right at every concentration.

    Parameters
    ----------
    sin_cos : (B, N, 14, 2) float
        Predicted unit vectors: the means.
    log_kappa : (B, N, 14) float
        Logarithm of the concentrations (about the inverse variance in square radians); beyond
        +-20 it is cut.
    target : (B, N, 14) float, radians
        Anything finite outside the mask.
    mask : (B, N, 14) bool
        Torsions that are defined.

    Returns
    -------
    scalar, nats
        log(2 pi) for kappa 0.
    """
    kappa = log_kappa.clamp(-20.0, 20.0).exp()
    true = torch.stack([target.sin(), target.cos()], dim=-1)
    versine = (sin_cos - true).square().sum(-1) / 2  # 1 - cos d
    blunt = torch.special.i0e(kappa.clamp_max(SHARP)).log()
    inverse = 1 / kappa.clamp_min(SHARP)
    sharp = 0.5 * (inverse / (2 * pi)).log() + torch.log1p(inverse / 8 + 9 * inverse**2 / 128)
    loss = kappa * versine + log(2 * pi) + torch.where(kappa < SHARP, blunt, sharp)
    return masked_mean(loss, mask)
