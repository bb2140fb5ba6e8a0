"""Frame-aligned point error: atoms as each residue sees them."""

from jaxtyping import Bool, Float
from torch import Tensor

from rna_predict.constants import BACKBONE_ATOMS, N_BACKBONE
from rna_predict.model.kinematics import residue_frames
from rna_predict.training.losses.confidence import FRAME_SLOTS
from rna_predict.training.losses.reductions import masked_mean

POINT_SLOTS = (
    BACKBONE_ATOMS.index("P"), BACKBONE_ATOMS.index("C4'"), N_BACKBONE, N_BACKBONE + 3,
)  # fmt: skip
"""P, C4', the glycosidic nitrogen and the base's fourth atom (C5 or N3): the turn of the base."""
CLAMP = 10.0
"""Angstrom: what lies farther off counts as this ..."""
UNCLAMPED = 0.1
"""... but for this share of the error, which pulls on bad predictions however bad they are."""


def fape_loss(
    predicted: Float[Tensor, "B S N 23 3"],
    truth: Float[Tensor, "B N 23 3"],
    mask: Bool[Tensor, "B N 23"],
    clamp: float = CLAMP,
    unclamped: float = UNCLAMPED,
) -> Float[Tensor, ""]:
    """Average the error of points seen from the sugar frame of every residue.

    Jumper et al. (2021) Nature 596:583, supplement, algorithm 28. There the clamp is lifted for one
    batch in ten; here a tenth of the error is never clamped. A mirror image is an error.

    Parameters
    ----------
    predicted, truth : float, angstrom
        Samples and the observed coordinates.
    mask : (B, N, 23) bool
        Observed atoms; a frame needs C4', C3' and C1'.
    clamp : float, angstrom
        Longest error of the clamped share.
    unclamped : float
        Share in [0, 1] that is not clamped.

    Returns
    -------
    scalar, angstrom
    """
    slots = list(POINT_SLOTS)
    seen = _seen(predicted.flatten(0, 1), slots).unflatten(0, predicted.shape[:2])
    error = (seen - _seen(truth, slots)[:, None]).square().sum(-1).add(1e-4).sqrt()
    frames = mask[..., list(FRAME_SLOTS)].all(-1)
    pairs = frames[:, :, None] & mask[..., slots].flatten(1)[:, None]
    error = (1 - unclamped) * error.clamp_max(clamp) + unclamped * error
    return masked_mean(error, pairs[:, None])


def _seen(coords: Float[Tensor, "B N 23 3"], slots: list[int]) -> Float[Tensor, "B N points 3"]:
    """Give points of all residues in the frame of each residue."""
    axes, origin = residue_frames(coords)
    points = coords[:, :, slots].flatten(1, 2)
    return (points[:, None] - origin[:, :, None]) @ axes
