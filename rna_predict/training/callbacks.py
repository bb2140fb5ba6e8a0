"""Callbacks: averaged weights, metrics, the alarm for collapse, and resume points."""

import csv
import logging
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from rna_predict.model.adapters import trained_state
from rna_predict.structure.files import replacing
from rna_predict.training.settings import Collapse

log = logging.getLogger(__name__)

LAST, BEST = "last.ckpt", "best.ckpt"


class CollapseError(RuntimeError):
    """Samples kept collapsing: training was stopped, since it would not have come back."""


class Ema(pl.Callback):
    """Exponential moving average of the trained weights, in place of them during validation.

    Weights that are not trained are their own average and are not copied. The decay starts small
    and rises to ``decay``: ``min(decay, (1 + step) / (10 + step))``.

    Parameters
    ----------
    decay : float
        Weight of the past at each step.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.average: dict[str, Tensor] = {}
        self.current: dict[str, Tensor] = {}

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start from the weights as they are, unless a checkpoint brought an average."""
        weights = trained_state(pl_module.network)
        source = self.average or weights
        self.average = {
            name: source[name].detach().to(tensor.device, copy=True)
            for name, tensor in weights.items()
        }

    @torch.no_grad()
    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Move the average towards the new weights."""
        step = trainer.global_step
        share = 1 - min(self.decay, (1 + step) / (10 + step))
        for name, tensor in trained_state(pl_module.network).items():
            self.average[name].lerp_(tensor, share)

    @torch.no_grad()
    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put the average in place."""
        weights = trained_state(pl_module.network)
        self.current = {name: tensor.clone() for name, tensor in weights.items()}
        for name, tensor in weights.items():
            tensor.copy_(self.average[name])

    @torch.no_grad()
    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put the weights back."""
        for name, tensor in trained_state(pl_module.network).items():
            tensor.copy_(self.current[name])
        self.current = {}

    def state_dict(self) -> dict[str, Any]:
        """Give the average to a checkpoint."""
        return dict(self.average)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the average from a checkpoint."""
        self.average = state_dict


class Metrics(pl.Callback):
    """Rows of losses and of validation results, kept in checkpoints, so none is lost or doubled.

    Parameters
    ----------
    path : path
        CSV that is rewritten after each validation.
    phase : str
        Name of the phase.
    every : int
        Steps between rows of losses.
    rows : list of dict
        Rows of the phases before.
    """

    def __init__(self, path: Path, phase: str, every: int, rows: list[dict[str, Any]]) -> None:
        self.path, self.phase, self.every = path, phase, every
        self.rows = list(rows)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Note the losses of every ``every``-th step and of the first.

        Raises
        ------
        FloatingPointError
            If a loss is not finite.
        """
        step = trainer.global_step
        if step != 1 and step % self.every:
            return
        values = {name: float(value) for name, value in pl_module.losses.items()}
        if not all(value == value and abs(value) != float("inf") for value in values.values()):
            raise FloatingPointError(f"phase {self.phase} step {step}: losses {values}")
        self.rows.append({"phase": self.phase, "step": step, "kind": "train", **values})

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note the validation results and write the file."""
        row = {"phase": self.phase, "step": trainer.global_step, "kind": "validation"}
        self.rows.append({**row, **pl_module.validation})
        write_rows(self.path, self.rows)
        results = "  ".join(f"{name} {value:.3f}" for name, value in pl_module.validation.items())
        log.info("%s step %d: %s", self.phase, trainer.global_step, results)

    def state_dict(self) -> dict[str, Any]:
        """Give the rows to a checkpoint."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the rows from a checkpoint."""
        self.rows = list(state_dict["rows"])


class CollapseAlarm(pl.Callback):
    """Compares validation samples with their natives; stops training that has collapsed.

    Parameters
    ----------
    settings : Collapse
        What counts as collapse, and for how long it may last.
    """

    def __init__(self, settings: Collapse) -> None:
        self.settings = settings
        self.strikes = 0

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Count validations with collapse.

        Raises
        ------
        CollapseError
            If there were too many in a row.
        """
        if trainer.global_step < self.settings.grace_steps:
            return
        spread, neighbour = (pl_module.validation[name] for name in ("spread", "neighbour"))
        if spread >= self.settings.spread and neighbour >= self.settings.neighbour:
            self.strikes = 0
            return
        self.strikes += 1
        message = (
            f"samples collapse at step {trainer.global_step}: spread {spread:.2f} and nearest"
            f" neighbour {neighbour:.2f} of the natives' (least {self.settings.spread} and"
            f" {self.settings.neighbour})"
        )
        log.warning("%s", message)
        if self.strikes >= self.settings.patience:
            raise CollapseError(f"{message}, {self.strikes} validations in a row")

    def state_dict(self) -> dict[str, Any]:
        """Give the count to a checkpoint."""
        return {"strikes": self.strikes}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the count from a checkpoint."""
        self.strikes = state_dict["strikes"]


class ResumePoints(pl.Callback):
    """Checkpoints after each validation: the last one, and the best one by the phase's rule.

    Parameters
    ----------
    folder : path
        Where ``last.ckpt`` and ``best.ckpt`` go.
    select : str
        ``lddt`` (greatest) or ``plddt_error`` (smallest); of equals the later one is best.
    """

    def __init__(self, folder: Path, select: str) -> None:
        self.folder, self.select = folder, select
        self.best = float("-inf")

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the checkpoints, each whole or not at all."""
        value = pl_module.validation[self.select]
        value = value if self.select == "lddt" else -value
        names = [LAST]
        if value >= self.best:
            self.best = value
            names = [BEST, LAST]
        for name in names:
            with replacing(self.folder / name) as temporary:
                trainer.save_checkpoint(temporary)

    def state_dict(self) -> dict[str, Any]:
        """Give the best value to a checkpoint."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the best value from a checkpoint."""
        self.best = state_dict["best"]


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows as CSV; the columns are all keys in the order they first occur."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with replacing(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
