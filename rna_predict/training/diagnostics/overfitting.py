"""The alarm for overfitting: one measure on chains that are trained on, and on others."""

import logging
from collections.abc import Sequence

import lightning.pytorch as pl
import torch

from rna_predict.data.batch import Batch
from rna_predict.data.seeds import torch_generator
from rna_predict.model.build import AnyNetwork
from rna_predict.training.diagnostics.recorder import summed
from rna_predict.training.diagnostics.settings import Overfitting
from rna_predict.training.diagnostics.watch import Watch
from rna_predict.training.objective import loss_terms, weigh
from rna_predict.training.settings import Phase, TrainingSettings

log = logging.getLogger(__name__)


@torch.inference_mode()
def probe_losses(
    network: AnyNetwork,
    probes: Sequence[Batch],
    phase: Phase,
    settings: TrainingSettings,
    seed: int,
) -> dict[str, float]:
    """Measure the phase's loss on fixed chains, with the same noise every time.

    Parameters
    ----------
    network : RnaNetwork or Regressor
        In eval mode.
    probes : sequence of Batch
        At least one, without augmentation.
    phase : Phase
        Losses and noised copies.
    settings : TrainingSettings
        Noise and rounds of the trunk.
    seed : int
        Of the run.

    Returns
    -------
    dict of float
        ``total`` (weighted), and each term without its weight; means over the chains.
    """
    device = next(network.parameters()).device
    sums: dict[str, float] = {}
    for batch in probes:
        batch = batch.to(device)
        generator = torch_generator(device, seed, "probe", *batch.names)
        terms = loss_terms(network, batch, phase, settings, generator)
        total, _ = weigh(terms, phase.losses)
        for name, value in {"total": total, **terms}.items():
            sums[name] = sums.get(name, 0.0) + float(value) / len(probes)
    return sums


class OverfittingAlarm(Watch):
    """Measures the loss on some training and validation chains, at validations.

    With the averaged weights, in eval mode, without augmentation: the same measure on both sides.
    Rows get ``fit_training`` and ``fit_validation`` (the weighted loss), ``fit_gap``, and
    ``fit_gap_{term}`` for every term. It is overfitting when the validation loss has not fallen
    below its best, and the gap is wider than then, in ``patience`` measurements.

    Parameters
    ----------
    settings : Overfitting
        When it is said, and whether the phase ends then.
    phase : Phase
        Losses.
    training : TrainingSettings
        Noise and rounds of the trunk.
    seed : int
        Of the run.
    seen, unseen : sequence of Batch
        Chains of the training and of the validation split, at least one of each.
    """

    KEPT = ("best", "gap", "strikes", "stopped", "measured")

    def __init__(
        self,
        settings: Overfitting,
        phase: Phase,
        training: TrainingSettings,
        seed: int,
        seen: Sequence[Batch],
        unseen: Sequence[Batch],
    ) -> None:
        self.settings, self.phase, self.training, self.seed = settings, phase, training, seed
        self.seen, self.unseen = seen, unseen
        self.best = float("inf")
        self.gap = 0.0
        self.strikes = 0
        self.stopped = False
        self.measured: int | None = None
        self._row: dict[str, float] = {}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """End a phase again that had been ended before a run was killed."""
        if self.stopped:
            trainer.should_stop = True

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Measure, while the averaged weights are in place, if it is time."""
        step = trainer.global_step
        if self.measured is not None and step - self.measured < self.settings.every:
            self._row = {}
            return
        self.measured = step
        seen, unseen = (
            probe_losses(pl_module.network, probes, self.phase, self.training, self.seed)
            for probes in (self.seen, self.unseen)
        )
        gaps = {name: unseen[name] - seen[name] for name in seen}
        self._row = {
            "fit_training": seen["total"],
            "fit_validation": unseen["total"],
            "fit_gap": gaps.pop("total"),
            **{f"fit_gap_{name}": gap for name, gap in gaps.items()},
        }

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note the measure and judge the gap."""
        if not self._row:
            return
        pl_module.validation |= self._row
        loss, gap = self._row["fit_validation"], self._row["fit_gap"]
        wider = gap > self.gap + self.settings.margin * abs(self.best) and loss >= self.best
        if loss < self.best:
            self.best, self.gap, self.strikes = loss, gap, 0
        elif wider:
            self.strikes += 1
        votes = torch.tensor(float(wider and self.strikes % self.settings.patience == 0))
        if summed(trainer, votes.to(pl_module.device)) == 0:
            return
        log.warning(
            "phase %s step %d: overfitting: in %d measurements the loss on validation chains was"
            " not below %.4g (now %.4g), and its gap to training chains has grown from %.4g"
            " to %.4g",
            self.phase.name, trainer.global_step, self.strikes, self.best, loss, self.gap, gap,
        )  # fmt: skip
        if self.settings.stop:
            self.stopped = trainer.should_stop = True
