"""Whether torsions agree: of predicted coordinates, of the torsion net, and of the truth."""

import logging
import math
from typing import Any

import lightning.pytorch as pl
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from rna_predict.constants import BACKBONE_TORSIONS
from rna_predict.data.batch import Batch
from rna_predict.geometry.torch_dihedrals import dihedral
from rna_predict.training.diagnostics.recorder import Recorder, summed
from rna_predict.training.diagnostics.settings import Angles
from rna_predict.training.diagnostics.watch import Watch
from rna_predict.training.objective import GEOMETRY_SIGMA
from rna_predict.training.regression import torsion_points

log = logging.getLogger(__name__)

SEVEN = len(BACKBONE_TORSIONS)
PAIRS = (
    "predicted_true", "denoised_predicted", "denoised_true", "sampled_predicted", "sampled_true",
)  # fmt: skip
"""What is compared with what."""


class AngleCheck(Watch):
    """Compares three sets of the seven torsions, in training and at validation.

    Rows get, in degrees, ``angles_predicted_true``, and for ``denoised`` copies of little noise and
    for ``sampled`` structures ``angles_{source}_predicted`` and ``angles_{source}_true``. The
    difference of coordinates and torsion net is the inconsistency of the network with itself.

    Parameters
    ----------
    settings : Angles
        What is too far, and for how long it may be.
    recorder : Recorder
        Source of the predictions.
    """

    KEPT = ("strikes",)

    def __init__(self, settings: Angles, recorder: Recorder) -> None:
        self.settings, self.recorder = settings, recorder
        self.strikes: dict[str, int] = {}

    def look(self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Batch) -> None:
        """Compare the torsions of a step that is looked at."""
        self._judge(trainer, pl_module.losses, self._compare(batch))

    def look_at_chain(self, trainer: pl.Trainer, batch: Batch) -> Float[Tensor, "pairs 2"]:
        """Compare the torsions of a chain."""
        return self._compare(batch)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note the differences over all chains."""
        nothing = torch.zeros(len(PAIRS), 2, dtype=torch.float64, device=pl_module.device)
        self._judge(trainer, pl_module.validation, sum(self.found, nothing))

    @torch.no_grad()
    def _compare(self, batch: Batch) -> Float[Tensor, "pairs 2"]:
        """Give for each of ``PAIRS`` the summed vectors (sin, cos) of the differences."""
        recorder, truth = self.recorder, batch.truth
        mask = truth.torsion_mask[:, None, :, :SEVEN]
        angles = {"true": truth.torsions[:, None, :, :SEVEN]}
        if recorder.sin_cos is not None:
            sin_cos = recorder.sin_cos.float()
            predicted = torch.atan2(sin_cos[..., 0], sin_cos[..., 1])
            angles["predicted"] = predicted[:, None, :, :SEVEN]
        for source in ("denoised", "sampled"):
            coords = getattr(recorder, source)
            if coords is not None:
                points = torsion_points(coords, batch.inputs["sequence"])
                angles[source] = dihedral(points)[..., :SEVEN]
        counted = dict.fromkeys(angles, mask)
        if recorder.sigma is not None:
            counted["denoised"] = mask & (recorder.sigma < GEOMETRY_SIGMA)[:, :, None, None]
        sums = torch.zeros(len(PAIRS), 2, dtype=torch.float64, device=mask.device)
        for number, pair in enumerate(PAIRS):
            one, other = pair.split("_")
            if one in angles and other in angles:
                sums[number] = difference_vector(angles[one], angles[other], counted[one])
        return sums

    def _judge(
        self, trainer: pl.Trainer, row: dict[str, Any], sums: Float[Tensor, "pairs 2"]
    ) -> None:
        """Note the mean differences over all processes; count looks beyond the limit."""
        sums = summed(trainer, sums).tolist()
        degrees = {
            pair: math.degrees(math.atan2(sine, cosine))
            for pair, (sine, cosine) in zip(PAIRS, sums, strict=True)
            if sine or cosine
        }
        row |= {f"angles_{pair}": value for pair, value in degrees.items()}
        if trainer.global_step < self.settings.grace_steps:
            return
        for source in ("denoised", "sampled"):
            gap = degrees.get(f"{source}_predicted")
            if gap is None:
                continue
            count = self.strikes.get(source, 0) + 1 if gap > self.settings.limit else 0
            self.strikes[source] = count
            if count == self.settings.patience:
                log.warning(
                    "step %d: torsions of %s structures and of the torsion net differ by %.0f"
                    " degrees (at most %g expected), %d looks in a row",
                    trainer.global_step, source, gap, self.settings.limit, count,
                )  # fmt: skip


def difference_vector(
    angles: Float[Tensor, "*batch"], others: Float[Tensor, "*#batch"], mask: Bool[Tensor, "*#batch"]
) -> Float[Tensor, " 2"]:
    """Sum sine and cosine of the shorter arcs between angles.

    ``atan2`` of the two is the mean of circular quantities of Zok et al. (2014) Cent Eur J Oper Res
    22:457; sums over several batches may be added first.

    Parameters
    ----------
    angles, others : (...) float, radians
        Anything, NaN too, outside the mask.
    mask : (...) bool
        Pairs that count.

    Returns
    -------
    (2,) float64
        Both 0 where nothing counts.
    """
    arc = torch.remainder((angles - others).double().abs(), 2 * torch.pi)
    arc = torch.minimum(arc, 2 * torch.pi - arc)
    zero = torch.zeros_like(arc)
    pair = (torch.where(mask, arc.sin(), zero), torch.where(mask, arc.cos(), zero))
    return torch.stack([part.sum() for part in pair])
