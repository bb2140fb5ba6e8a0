"""The alarm for collapse: predicted residues that lie on one another."""

import logging
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from rna_predict.data.batch import Batch
from rna_predict.structure.files import replacing
from rna_predict.training.callbacks import Ema
from rna_predict.training.checkpoints import read_checkpoint
from rna_predict.training.diagnostics.recorder import Recorder, summed
from rna_predict.training.diagnostics.scales import C1, MEASURES, ScaleReference, measure_scales
from rna_predict.training.diagnostics.settings import Collapse
from rna_predict.training.diagnostics.watch import Watch

log = logging.getLogger(__name__)


class CollapseError(RuntimeError):
    """Predictions kept collapsing: training was stopped, since it would not have come back."""


class CollapseDetector(Watch):
    """Holds predictions against known structures of their length; stops or rewinds on collapse.

    Looked at are stage C's coordinates, denoised copies whose noise is less than the spread of the
    data, and samples, in training at the recorder's steps, and at validation. Each source has its
    own count of looks with collapse in a row. A source has collapsed when the median of its
    structures has, in any of ``MEASURES``. Rows get ``scale_{source}_{measure}``: the median
    structure's, as a fraction of the median known structure's.

    Parameters
    ----------
    settings : Collapse
        What counts as collapse, how long it may last, and what is done then.
    recorder : Recorder
        Source of the predictions.
    reference : ScaleReference
        Of the training set.
    sigma_data : float, angstrom
        Copies with more noise are not looked at.
    folder : path
        Where weights without collapse are kept to go back to: ``good_{step}.ckpt``.
    """

    KEPT = ("strikes", "rewinds", "good")

    def __init__(
        self,
        settings: Collapse,
        recorder: Recorder,
        reference: ScaleReference,
        sigma_data: float,
        folder: Path,
    ) -> None:
        self.settings, self.recorder, self.reference = settings, recorder, reference
        self.sigma_data, self.folder = sigma_data, folder
        self.strikes: dict[str, int] = {}
        self.rewinds = 0
        self.good: int | None = None

    def look(self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Batch) -> None:
        """Look at the predictions of a step.

        Raises
        ------
        CollapseError
            If collapse lasts, and rewinding is not asked for or has not helped.
        """
        recorder = self.recorder
        looks = {"kinematics": self._ratios(recorder.kinematics(batch), batch)}
        if recorder.denoised is not None:
            few = recorder.sigma < self.sigma_data
            looks["denoised"] = self._ratios(recorder.denoised, batch, few)
        looks["sampled"] = self._ratios(recorder.sampled, batch)
        self._judge(trainer, pl_module, pl_module.losses, looks)

    def look_at_chain(
        self, trainer: pl.Trainer, batch: Batch
    ) -> Float[Tensor, "structures 2 3"] | None:
        """Measure the samples of a chain."""
        return self._ratios(self.recorder.sampled, batch)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at the samples of all chains; as :meth:`look`."""
        sampled = torch.cat(self.found) if self.found else None
        self._judge(trainer, pl_module, pl_module.validation, {"sampled": sampled})

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the state to go back to, after a validation during which nothing had collapsed.

        The one before it stays too: a run that was killed right here still needs it.
        """
        if self.settings.action != "rewind" or any(self.strikes.values()):
            return
        path = self._path(trainer.global_step)
        before, self.good = self.good, trainer.global_step
        if trainer.is_global_zero:
            with replacing(path) as temporary:
                trainer.save_checkpoint(temporary)
            for old in self.folder.glob("good_*.ckpt"):
                if old != path and (before is None or old != self._path(before)):
                    old.unlink()
        else:
            trainer.save_checkpoint(path)
        trainer.strategy.barrier()

    def _path(self, step: int) -> Path:
        """Name the file of a state."""
        return self.folder / f"good_{step}.ckpt"

    @torch.no_grad()
    def _ratios(
        self,
        coords: Float[Tensor, "B S N 23 3"] | None,
        batch: Batch,
        chosen: Bool[Tensor, "B S"] | None = None,
    ) -> Float[Tensor, "structures 2 3"] | None:
        """Divide the scales of structures by low quantile and median of their length."""
        if coords is None:
            return None
        mask = batch.truth.atom_mask[..., C1]
        scales = measure_scales(coords[..., C1, :].float(), mask[:, None])
        low, median = self.reference.at(mask.sum(-1))
        ratios = scales[:, :, None] / torch.stack([low, median], dim=1)[:, None]
        usable = ratios.isfinite().flatten(2).all(-1)
        if chosen is not None:
            usable = usable & chosen
        return ratios[usable] if usable.any() else None

    def _judge(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        row: dict[str, Any],
        looks: dict[str, Float[Tensor, "structures 2 3"] | None],
    ) -> None:
        """Note the scales, count looks with collapse, and act when there were too many.

        What several processes found is averaged, so that all of them act alike.
        """
        for source, ratios in looks.items():
            found = torch.zeros(7, device=pl_module.device)
            if ratios is not None:
                found[0], found[1:] = 1.0, ratios.median(0).values.flatten()
            seen, *means = summed(trainer, found).tolist()
            if not seen:
                continue
            to_low, to_median = (
                [value / seen for value in part] for part in (means[:3], means[3:])
            )
            names = [f"scale_{source}_{measure}" for measure in MEASURES]
            row |= dict(zip(names, to_median, strict=True))
            if self._count(trainer.global_step, source, to_low):
                return self._rewind(trainer, pl_module)

    def _count(self, step: int, source: str, ratios: list[float]) -> bool:
        """Count one look at a source; tell whether to rewind."""
        fraction = self.settings.fraction
        fallen = [
            f"{measure} {ratio:.2f}"
            for measure, ratio in zip(MEASURES, ratios, strict=True)
            if ratio < fraction
        ]
        if not fallen:
            self.strikes.pop(source, None)
        if not fallen or step < self.settings.grace_steps:
            return False
        self.strikes[source] = self.strikes.get(source, 0) + 1
        message = (
            f"{source} structures collapse at step {step}: {', '.join(fallen)} of what all but"
            f" {100 * self.settings.quantile:g} % of known structures have (least {fraction:g})"
        )
        log.warning("%s", message)
        if self.strikes[source] < self.settings.patience:
            return False
        message += f", {self.strikes[source]} looks in a row"
        if self.settings.action == "stop":
            raise CollapseError(message)
        if self.good is None or self.rewinds >= self.settings.rewinds:
            reason = "nothing to go back to" if self.good is None else f"{self.rewinds} rewinds"
            raise CollapseError(f"{message}; {reason}")
        return True

    @torch.no_grad()
    def _rewind(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put back weights, their average and the optimiser's state; lower the learning rate.

        The count of steps goes on, so other crops and other noise follow.
        """
        state = read_checkpoint(self._path(self.good))
        pl_module.load_state_dict(state["state_dict"], strict=pl_module.strict_loading)
        factor = self.settings.rate_factor
        for optimizer, saved in zip(trainer.optimizers, state["optimizer_states"], strict=True):
            rates = [
                {key: group[key] * factor for key in ("lr", "initial_lr") if key in group}
                for group in optimizer.param_groups
            ]
            optimizer.load_state_dict(saved)
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group.update(rate)
        for config in trainer.lr_scheduler_configs:
            config.scheduler.base_lrs = [rate * factor for rate in config.scheduler.base_lrs]
        for callback in trainer.callbacks:
            if isinstance(callback, Ema):
                callback.load_state_dict(state["callbacks"][callback.state_key])
                callback.on_fit_start(trainer, pl_module)
        self.rewinds += 1
        self.strikes = {}
        log.warning(
            "went back to the weights of step %d; learning rate times %g (rewind %d of %d)",
            self.good, factor, self.rewinds, self.settings.rewinds,
        )  # fmt: skip
